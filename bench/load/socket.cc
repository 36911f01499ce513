#include "socket.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "fail.h"

static constexpr int TIMEOUT_SECONDS = 10;
static constexpr size_t ANSWER_BYTES_MAX = 64 << 20;

Socket::Socket(const kafka::Broker& broker) : where_(broker.host + ":" + std::to_string(broker.port)) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_family = AF_UNSPEC;
  addrinfo* found = nullptr;
  if (getaddrinfo(broker.host.c_str(), std::to_string(broker.port).c_str(), &hints, &found) != 0) {
    fail("no address for " + where_);
  }
  int error = 0;
  for (const addrinfo* each = found; each != nullptr && descriptor_ < 0; each = each->ai_next) {
    descriptor_ = socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC, each->ai_protocol);
    if (descriptor_ < 0) {
      error = errno;
      continue;
    }
    const timeval patience{TIMEOUT_SECONDS, 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(descriptor_, each->ai_addr, each->ai_addrlen) == 0) break;
    error = errno;
    close(descriptor_);
    descriptor_ = -1;
  }
  freeaddrinfo(found);
  if (descriptor_ < 0) fail("cannot connect to " + where_ + ": " + std::strerror(error));
  const int on = 1;
  setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Socket::~Socket() {
  if (descriptor_ >= 0) close(descriptor_);
}

int Socket::release() {
  const int descriptor = descriptor_;
  descriptor_ = -1;
  fcntl(descriptor, F_SETFL, O_NONBLOCK);
  return descriptor;
}

Bytes Socket::call(const Writer& frame) {
  for (size_t sent = 0; sent < frame.position();) {
    const ssize_t count = send(descriptor_, frame.bytes.data() + sent, frame.position() - sent, MSG_NOSIGNAL);
    if (count < 0) fail(where_ + ": " + std::strerror(errno));
    sent += static_cast<size_t>(count);
  }
  uint8_t head[8];
  exactly(head, sizeof head);
  const int32_t length = load_int32(head);
  if (length < 4 || static_cast<size_t>(length) > ANSWER_BYTES_MAX) fail(where_ + ": a malformed answer");
  if (load_int32(head + 4) != load_int32(frame.bytes.data() + 8)) fail(where_ + ": an answer to another request");
  Bytes answer(static_cast<size_t>(length) - 4);
  exactly(answer.data(), answer.size());
  return answer;
}

void Socket::exactly(uint8_t* at, size_t length) {
  while (length > 0) {
    const ssize_t count = recv(descriptor_, at, length, 0);
    if (count == 0) fail(where_ + " closed the connection");
    if (count < 0) fail(where_ + ": " + (errno == EAGAIN ? "no answer" : std::strerror(errno)));
    at += count;
    length -= static_cast<size_t>(count);
  }
}
