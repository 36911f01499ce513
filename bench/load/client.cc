#include "client.h"

#include <sys/epoll.h>

#include "fail.h"

void Client::handle(uint32_t events, int64_t now) {
  if (!connection.is_open()) return;
  if ((events & EPOLLOUT) != 0 && !connection.flush()) return ended();
  if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) {
    if (!connection.receive()) return ended();
    size_t length;
    while (const uint8_t* frame = connection.next_frame(length)) answered(frame, length, now);
    if (connection.is_malformed()) fail("a malformed answer: a length that no answer has");
  }
  advance(now);
}

void Client::send(const Bytes& bytes) {
  if (!connection.send(bytes.data(), bytes.size())) ended();
}

void Client::refused(int code, const char* request, int32_t partition) {
  if (!run_.options.counts_errors()) {
    const std::string place = partition < 0 ? "" : ", partition " + std::to_string(partition);
    fail(std::string(request) + place + ": " + kafka::error_name(code));
  }
  tally_.errors[code]++;
}

void Client::ended() {
  if (!run_.options.counts_errors()) fail("the broker closed a connection");
  tally_.errors[CLOSED]++;
  connection.close();
}
