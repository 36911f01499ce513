#include "null_server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "clock.h"
#include "fail.h"

static constexpr uint64_t LISTENER = UINT64_MAX;
static constexpr uint64_t INPUT_END = UINT64_MAX - 1;
static constexpr int EVENTS_AT_ONCE = 256;
static constexpr size_t INPUT_BYTES = 1 << 20;

NullServer::NullServer(const NullSettings& settings)
    : settings_(settings),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      log_(settings.log),
      sink_(settings.store, settings.file_bytes, settings.durable != 0) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(settings.port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(listener_, 4096) != 0) {
    fail(std::string("null-broker: ") + std::strerror(errno));
  }
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
  port_ = ntohs(address.sin_port);
  watch(listener_, LISTENER);
  watch(STDIN_FILENO, INPUT_END);
}

void NullServer::watch(int descriptor, uint64_t tag) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = tag;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
}

void NullServer::run() {
  epoll_event events[EVENTS_AT_ONCE];
  for (;;) {
    const int count = epoll_wait(epoll_, events, EVENTS_AT_ONCE, waiting_.empty() ? -1 : 10);
    for (int index = 0; index < count; index++) {
      const uint64_t tag = events[index].data.u64;
      if (tag == INPUT_END) return;
      if (tag == LISTENER) accept_one();
      else handle(tag, events[index].events);
    }
    sink_.commit();
    flush();
    sink_.drain();
    answer_waiting();
  }
}

void NullServer::accept_one() {
  const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor < 0) return;
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  peers_.push_back(std::make_unique<Peer>());
  peers_.back()->connection.open(descriptor, epoll_, peers_.size() - 1, INPUT_BYTES);
}

/** Peers are numbered for good: a load has as many as it has connections. */
void NullServer::drop(size_t index) {
  const auto is_its = [&](const Fetch& each) { return each.peer == index; };
  waiting_.erase(std::remove_if(waiting_.begin(), waiting_.end(), is_its), waiting_.end());
  peers_[index]->connection.close();
}

void NullServer::handle(size_t index, uint32_t events) {
  Peer& peer = *peers_[index];
  if (!peer.connection.is_open()) return;
  if ((events & EPOLLOUT) != 0 && !peer.connection.flush()) return drop(index);
  if ((events & ~static_cast<uint32_t>(EPOLLOUT)) == 0) return;
  if (!peer.connection.receive()) return drop(index);
  size_t length;
  while (const uint8_t* frame = peer.connection.next_frame(length)) {
    if (!answer(index, frame, length)) return drop(index);
  }
  if (peer.connection.is_malformed()) return drop(index);
  if (peer.output.position() > 0 && !peer.is_touched) {
    peer.is_touched = true;
    touched_.push_back(index);
  }
}

void NullServer::flush() {
  for (const size_t index : touched_) {
    Peer& peer = *peers_[index];
    peer.is_touched = false;
    Connection& connection = peer.connection;
    if (connection.is_open() && !connection.send(peer.output.bytes.data(), peer.output.position())) drop(index);
    peer.output.clear();
  }
  touched_.clear();
}

bool NullServer::answer(size_t index, const uint8_t* frame, size_t length) {
  Reader in(frame, length);
  Header header{in.int16(), in.int16(), in.int32()};
  const int16_t client_bytes = in.int16();
  if (client_bytes > 0) in.take(static_cast<size_t>(client_bytes));
  in.tags();
  if (!in.is_ok()) return false;
  Peer& peer = *peers_[index];
  switch (header.key) {
    case kafka::PRODUCE: return answer_produce(peer, header, in);
    case kafka::FETCH: return answer_fetch(index, header, in);
    case kafka::LIST_OFFSETS: return answer_list_offsets(peer, header, in);
    case kafka::METADATA: return answer_metadata(peer, header, in);
    case kafka::CREATE_TOPICS: return answer_create_topics(peer, header, in);
    case kafka::API_VERSIONS: answer_api_versions(peer, header); return true;
    default: return false;
  }
}

void NullServer::pause_once() {
  if (settings_.pause_ms == 0 || produced_ != settings_.pause_at) return;
  const timespec pause = to_timespec(settings_.pause_ms * NS_A_MILLISECOND);
  nanosleep(&pause, nullptr);
}
