#include "connections.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "border.h"

namespace millrace {

bool Connections::attach(const ConnectionLimits& limits, int32_t own) {
  limits_ = limits;
  own_ = own;
  return intake.window.adopt();
}

Added Connections::add(int descriptor) {
  int type;
  socklen_t type_length = sizeof type;
  const bool is_socket = getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &type_length) == 0;
  const auto refuse = [&](const char* syscall, int error) {
    if (is_socket) ::close(descriptor);
    return Added{-1, syscall, error};
  };
  if (!is_socket) return refuse("getsockopt", errno);
  if (epoll_ < 0) return refuse("add", EBADF);
  if (free_numbers_.empty() && static_cast<int32_t>(connections_.size()) >= limits_.connections_max) {
    return refuse("add", ENOBUFS);
  }
  if (type != SOCK_STREAM) return refuse("add", ESOCKTNOSUPPORT);
  int yes = 1;
  if (ioctl(descriptor, FIONBIO, &yes) != 0) return refuse("ioctl", errno);
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  // A loss-based congestion control makes sendfile over loopback cost less than half. Refused: the system's own stays.
  if (setsockopt(descriptor, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5) != 0) {
    setsockopt(descriptor, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
  }

  const bool is_fresh = free_numbers_.empty();
  const int32_t number = is_fresh ? static_cast<int32_t>(connections_.size()) : free_numbers_.back();
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = static_cast<uint64_t>(number);
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) != 0) return refuse("epoll_ctl", errno);
  auto connection = std::make_unique<Connection>();
  connection->descriptor = descriptor;
  connection->interest = EPOLLIN;
  if (is_fresh) {
    connections_.push_back(std::move(connection));
  } else {
    free_numbers_.pop_back();
    connections_[number] = std::move(connection);
  }
  return {number, nullptr, 0};
}

void Connections::close_all() {
  epoll_ = -1;
  for (std::unique_ptr<Connection>& connection : connections_) {
    if (connection == nullptr) continue;
    connection->input.drop(intake.window);
    close_descriptor(connection->descriptor);
  }
  intake.window.adopt();
  intake.window.give_up_all();
  connections_.clear();
  arenas.release();
}

// ---------------------------------------------------------------------------------------------------------------
// In.

void Connections::begin_poll() {
  intake.events.restart();
  intake.window.adopt();
  window_was_open_ = intake.window.is_open();
}

void Connections::on_ready(int32_t number, uint32_t events) {
  Connection& connection = *connections_[number];
  if ((events & EPOLLOUT) != 0) {
    connection.output.unblock();
    settle(number, connection);
    if (connection.descriptor < 0) return;
  }
  if ((connection.interest & EPOLLIN) != 0) {
    if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) receive(number, connection);
  } else if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    // Nobody reads it, so nobody else would find out.
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(connection.descriptor, SOL_SOCKET, SO_ERROR, &error, &length);
    shut(number, connection, CLOSED_BY_ERROR, error);
  }
}

void Connections::receive(int32_t number, Connection& connection) {
  switch (connection.input.receive(connection.descriptor, number, intake)) {
    case Received::Bytes:
    case Received::Nothing:
    case Received::NoRows:
      return;
    case Received::NoWindow:
      // Level-triggered: left as it is it would wake the loop again and again. If the window only ran out in this poll,
      // the flush that ends it may well fill it.
      if (window_was_open_) return;
      connection.is_starved = true;
      starved_.push_back(number);
      return update_interest(number, connection);
    case Received::Waiting:
      if (!connection.input.needs_assignment(intake.window)) waiting_.push_back(number);
      return update_interest(number, connection);
    case Received::End:
      return end_input(number, connection, CLOSED_BY_PEER, 0);
    case Received::BadLength:
      return shut(number, connection, CLOSED_BAD_FRAME_LENGTH, 0);
    case Received::Failed:
      return shut(number, connection, CLOSED_BY_ERROR, errno);
  }
}

/** Lets connections read again that have waited for the window. */
void Connections::go_on_receiving() {
  ReceiveWindow& window = intake.window;
  size_t still_waiting = 0;
  for (size_t index = 0; index < waiting_.size(); index++) {
    const int32_t number = waiting_[index];
    Connection* connection = find(number);
    if (connection == nullptr || !connection->input.is_waiting()) continue;
    const int32_t place = window.reserve(connection->input.length());
    if (place >= 0) {
      connection->input.move_to(place, intake);
      update_interest(number, *connection);
      continue;
    }
    // Neither block has the room: with a fresh one, which JavaScript puts in at its next flush, the first in the line has.
    if (still_waiting == 0) window.give_up_current();
    waiting_[still_waiting++] = number;
  }
  waiting_.resize(still_waiting);

  if (!window.is_open()) return;
  for (const int32_t number : starved_) {
    Connection* connection = find(number);
    if (connection == nullptr || !connection->is_starved) continue;
    connection->is_starved = false;
    update_interest(number, *connection);
  }
  starved_.clear();
}

// ---------------------------------------------------------------------------------------------------------------
// Out.

/** One row of `sends`; false if it can only come from a defect of the caller. */
bool Connections::carry_out(const int32_t* row) {
  const int32_t number = row[1];
  Connection* connection = find(number);
  if (connection == nullptr) return false;
  switch (row[0]) {
    case SEND_BYTES:
    case SEND_LEASED:
    case SEND_FILE:
      return push_output(row, *connection, number);
    case SEND_CLOSE:
      settle(number, *connection);
      shut(number, *connection, CLOSED_BY_US, 0);
      return true;
    case SEND_FORGET:
      if (!connection->is_reported) return false;
      settle(number, *connection);
      forget(number, *connection);
      return true;
    case SEND_ASSIGN:
      return assign(number, *connection, row[2]);
    case SEND_PAUSE:
    case SEND_RESUME:
      connection->is_paused = row[0] == SEND_PAUSE;
      touch(number, *connection);
      return true;
    default:
      return false;
  }
}

bool Connections::push_output(const int32_t* row, Connection& connection, int32_t number) {
  OutputQueue& output = connection.output;
  if (row[0] == SEND_FILE) {
    const int64_t position = (int64_t{row[4]} << 32) | static_cast<uint32_t>(row[3]);
    if (row[5] < 0 || position < 0) return false;
    output.push_file({row[2], position, static_cast<uint32_t>(row[5])}, row[7]);
  } else {
    const Span* arena = arenas.find(row[0] == SEND_BYTES ? own_ : row[2]);
    const uint32_t offset = static_cast<uint32_t>(row[3]);
    const uint32_t length = static_cast<uint32_t>(row[4]);
    if (arena == nullptr || row[4] < 0 || !arena->holds(offset, length)) return false;
    if (row[0] == SEND_BYTES) {
      output.push_bytes(arena->data + offset, length);
    } else {
      output.push_leased(arena->data + offset, length, row[7]);
    }
  }
  touch(number, connection);
  return true;
}

void Connections::settle_touched() {
  for (const int32_t number : touched_) {
    // It may have been forgotten since it was touched.
    Connection* connection = find(number);
    if (connection != nullptr && connection->is_touched) settle(number, *connection);
  }
  touched_.clear();
}

/** Sends what there is, keeps what can't leave, and asks epoll for what is then of interest. */
void Connections::settle(int32_t number, Connection& connection) {
  connection.is_touched = false;
  OutputQueue& output = connection.output;
  if (connection.descriptor < 0) return output.drop(number, intake.events);
  const int error = output.send(connection.descriptor, number, intake.events, intake.counters);
  if (error != 0) return shut(number, connection, CLOSED_BY_ERROR, error);
  if (!output.keep(limits_.output_bytes_max, intake.counters)) return shut(number, connection, CLOSED_OUTPUT_OVERFLOW, 0);
  if (output.copied_bytes() > limits_.output_bytes_high) output.was_high = true;
  if (output.was_high && output.is_empty()) {
    output.was_high = false;
    intake.events.put(EVENT_DRAINED, number, 0, 0);
  }
  update_interest(number, connection);
}

// ---------------------------------------------------------------------------------------------------------------
// One connection.

Connections::Connection* Connections::find(int32_t number) const {
  if (number < 0 || static_cast<size_t>(number) >= connections_.size()) return nullptr;
  return connections_[number].get();
}

bool Connections::assign(int32_t number, Connection& connection, int32_t offset) {
  ReceiveWindow& window = intake.window;
  if (connection.is_reported) {
    if (!window.is_run_of_blocks(offset, 1)) return false;
    window.release(offset);
    return true;
  }
  FrameInput& input = connection.input;
  if (!input.needs_assignment(window) || !window.is_run_of_blocks(offset, input.length())) return false;
  input.move_to(offset, intake);
  update_interest(number, connection);
  return true;
}

bool Connections::wants_input(const Connection& connection) const {
  return !connection.is_reported && !connection.is_paused && !connection.is_starved && !connection.input.is_waiting();
}

void Connections::update_interest(int32_t number, Connection& connection) {
  uint32_t interest = 0;
  if (wants_input(connection)) interest |= EPOLLIN;
  if (connection.output.is_blocked()) interest |= EPOLLOUT;
  if (connection.descriptor < 0 || interest == connection.interest) return;
  connection.interest = interest;
  epoll_event event{};
  event.events = interest;
  event.data.u64 = static_cast<uint64_t>(number);
  epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.descriptor, &event);
}

/** No more frames come. */
void Connections::end_input(int32_t number, Connection& connection, int32_t reason, int32_t error) {
  connection.input.drop(intake.window);
  if (!connection.is_reported) intake.events.put(EVENT_CLOSED, number, reason, error);
  connection.is_reported = true;
  update_interest(number, connection);
}

/** Neither in nor out. */
void Connections::shut(int32_t number, Connection& connection, int32_t reason, int32_t error) {
  close_descriptor(connection.descriptor);
  connection.output.drop(number, intake.events);
  end_input(number, connection, reason, error);
}

void Connections::forget(int32_t number, Connection& connection) {
  close_descriptor(connection.descriptor);
  connection.output.drop(number, intake.events);
  connections_[number] = nullptr;
  free_numbers_.push_back(number);
}

void Connections::touch(int32_t number, Connection& connection) {
  if (connection.is_touched) return;
  connection.is_touched = true;
  touched_.push_back(number);
}

}  // namespace millrace
