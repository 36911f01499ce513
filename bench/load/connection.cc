#include "connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

Connection::~Connection() { close(); }

void Connection::open(int descriptor, int epoll, uint64_t tag, size_t input_bytes) {
  descriptor_ = descriptor;
  epoll_ = epoll;
  tag_ = tag;
  grow(input_bytes);
  epoll_event event{};
  event.events = watched_ = EPOLLIN;
  event.data.u64 = tag;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor_, &event);
}

void Connection::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  kept_.clear();
  sent_ = 0;
  input_.reset();
  input_bytes_ = begin_ = received_ = 0;
}

void Connection::watch() {
  const uint32_t wanted = EPOLLIN | (is_blocked() || wants_room_ ? EPOLLOUT : 0u);
  if (wanted == watched_ || descriptor_ < 0) return;
  epoll_event event{};
  event.events = watched_ = wanted;
  event.data.u64 = tag_;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, descriptor_, &event);
}

void Connection::want_room(bool wanted) {
  wants_room_ = wanted;
  watch();
}

bool Connection::send(const uint8_t* bytes, size_t length, bool has_more) {
  size_t sent = 0;
  if (!is_blocked()) {
    const ssize_t count = ::send(descriptor_, bytes, length, MSG_NOSIGNAL | (has_more ? MSG_MORE : 0));
    if (count < 0 && errno != EAGAIN) return false;
    sent = count < 0 ? 0 : static_cast<size_t>(count);
    if (sent == length) return true;
    kept_.clear();
    sent_ = 0;
  }
  kept_.insert(kept_.end(), bytes + sent, bytes + length);
  watch();
  return true;
}

bool Connection::flush() {
  while (is_blocked()) {
    const ssize_t count = ::send(descriptor_, kept_.data() + sent_, kept_.size() - sent_, MSG_NOSIGNAL);
    if (count < 0) {
      if (errno != EAGAIN) return false;
      break;
    }
    sent_ += static_cast<size_t>(count);
  }
  watch();
  return true;
}

void Connection::grow(size_t bytes) {
  std::unique_ptr<uint8_t[]> larger(new uint8_t[bytes]);
  if (received_ > 0) std::memcpy(larger.get(), input_.get(), received_);
  input_ = std::move(larger);
  input_bytes_ = bytes;
}

bool Connection::receive() {
  if (begin_ > 0) {
    std::memmove(input_.get(), input_.get() + begin_, received_ - begin_);
    received_ -= begin_;
    begin_ = 0;
  }
  if (received_ >= 4) {
    const size_t whole = 4 + static_cast<size_t>(load_at(input_.get(), 4));
    if (whole > input_bytes_) grow(whole);
  }
  const ssize_t count =
      recv(descriptor_, input_.get() + received_, std::min(RECEIVE_BYTES_MAX, input_bytes_ - received_), 0);
  if (count < 0) return errno == EAGAIN;
  received_ += static_cast<size_t>(count);
  return count > 0;
}

const uint8_t* Connection::next_frame(size_t& length) {
  if (received_ - begin_ < 4) return nullptr;
  const uint8_t* frame = input_.get() + begin_;
  length = static_cast<size_t>(load_at(frame, 4));
  if (length < 4 || length > FRAME_BYTES_MAX) {
    is_malformed_ = true;
    return nullptr;
  }
  if (received_ - begin_ < 4 + length) return nullptr;
  begin_ += 4 + length;
  return frame + 4;
}
