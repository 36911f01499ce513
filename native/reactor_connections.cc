// A reactor's connections: what is asked of epoll for each, how they end, and what they are given time for.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "reactor.h"

namespace millrace {

uint64_t now_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

void close_descriptor(int& descriptor) {
  if (descriptor >= 0) ::close(descriptor);
  descriptor = -1;
}

Reactor::Connection* Reactor::find(int32_t number) const {
  if (number < 0 || static_cast<size_t>(number) >= connections_.size()) return nullptr;
  return connections_[number].get();
}

bool Reactor::assign(int32_t number, Connection& connection, int32_t offset) {
  ReceiveWindow& window = intake_.window;
  if (connection.is_reported) {
    if (!window.is_run_of_blocks(offset, 1)) return false;
    window.release(offset);
    return true;
  }
  FrameInput& input = connection.input;
  if (!input.needs_assignment() || !window.is_run_of_blocks(offset, input.length())) return false;
  input.move_to(offset, intake_);
  update_interest(number, connection);
  return true;
}

bool Reactor::wants_input(const Connection& connection) const {
  return !connection.is_reported && !connection.is_paused && !connection.is_starved && !connection.input.is_waiting();
}

void Reactor::update_interest(int32_t number, Connection& connection) {
  uint32_t interest = 0;
  if (wants_input(connection)) interest |= EPOLLIN;
  if (connection.output.is_blocked()) interest |= EPOLLOUT;
  if (connection.descriptor < 0 || interest == connection.interest) return;
  // What it does not send while nobody reads is not its delay.
  if ((interest & EPOLLIN) == 0) connection.watched.marked_ms = NEVER_MS;
  else if ((connection.interest & EPOLLIN) == 0 && connection.input.is_begun()) vigil_.on_begun(number, now_ms_);
  connection.interest = interest;
  epoll_event event{};
  event.events = interest;
  event.data.u64 = static_cast<uint64_t>(number);
  epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.descriptor, &event);
}

/** No more frames come. */
void Reactor::end_input(int32_t number, Connection& connection, int32_t reason, int32_t error) {
  connection.input.drop(intake_.window);
  if (!connection.is_reported) intake_.events.put(EVENT_CLOSED, number, reason, error);
  connection.is_reported = true;
  update_interest(number, connection);
}

/** Neither in nor out. */
void Reactor::shut(int32_t number, Connection& connection, int32_t reason, int32_t error) {
  close_descriptor(connection.descriptor);
  connection.output.drop(number, intake_.events);
  end_input(number, connection, reason, error);
}

/** Memory is short: what it does not read it must not keep. */
void Reactor::evict(int32_t number, Connection& connection, int32_t ms) {
  if (connection.descriptor < 0 || !connection.output.is_blocked()) return;
  // It may have read while we were late.
  connection.output.unblock();
  settle(number, connection);
  if (connection.descriptor < 0 || !connection.output.is_blocked()) return;
  if (now_ms_ >= connection.watched.left_ms + static_cast<uint64_t>(ms)) shut(number, connection, CLOSED_EVICTED, 0);
}

void Reactor::forget(int32_t number, Connection& connection) {
  close_descriptor(connection.descriptor);
  connection.output.drop(number, intake_.events);
  connections_[number] = nullptr;
  vigil_.remove(number);
  free_numbers_.push_back(number);
}

void Reactor::touch(int32_t number, Connection& connection) {
  if (connection.is_touched) return;
  connection.is_touched = true;
  touched_.push_back(number);
}

// ---------------------------------------------------------------------------------------------------------------
// Time.

void Reactor::set_deadline(int32_t wait_ms) {
  if (wait_ms == WAIT_NONE) deadline_ns_ = NEVER;
  if (wait_ms >= 0) deadline_ns_ = now_ns() + static_cast<uint64_t>(wait_ms) * 1'000'000;
  const uint64_t sweep_ms = vigil_.due_ms();
  const uint64_t due_ns = sweep_ms == NEVER_MS ? deadline_ns_ : std::min(deadline_ns_, sweep_ms * 1'000'000);
  // A timer that goes off too early is armed again then: most deadlines are put off before they come, without a call.
  if (due_ns >= armed_ns_) return;
  armed_ns_ = due_ns;
  itimerspec when{};
  when.it_value.tv_sec = static_cast<time_t>(armed_ns_ / 1'000'000'000);
  when.it_value.tv_nsec = static_cast<long>(armed_ns_ % 1'000'000'000);
  timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr);
}

/** After a receive: bytes have come, and perhaps a frame is begun. */
void Reactor::note_begun(int32_t number, Connection& connection) {
  connection.watched.active_ms = now_ms_;
  const bool is_begun = connection.input.is_begun();
  if (is_begun && !connection.is_timed) vigil_.on_begun(number, now_ms_);
  connection.is_timed = is_begun;
}

void Reactor::sweep() {
  const bool is_short = !starved_.empty() || !waiting_.empty();
  vigil_.sweep(now_ms_, is_short, [this](int32_t number) { judge(number); });
}

void Reactor::judge(int32_t number) {
  Connection& connection = *connections_[number];
  const bool is_read = (connection.interest & EPOLLIN) != 0;
  switch (vigil_.judge(connection.watched, connection.input, is_read, now_ms_)) {
    case Verdict::Well:
      return;
    case Verdict::NoRequest:
      return shut(number, connection, CLOSED_NO_REQUEST, 0);
    case Verdict::SlowFrame:
      return shut(number, connection, CLOSED_SLOW_FRAME, 0);
    case Verdict::Idle:
      // It has answers to read and does not, perhaps since it is gone without a word.
      if (connection.output.is_blocked()) return shut(number, connection, CLOSED_SLOW_READER, 0);
      if (!connection.is_reported) intake_.events.put(EVENT_IDLE, number, 0, 0);
  }
}

}  // namespace millrace
