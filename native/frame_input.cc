#include "frame_input.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace millrace {

static int32_t load_big_endian(const uint8_t* bytes) {
  uint32_t value;
  memcpy(&value, bytes, sizeof value);
  return static_cast<int32_t>(__builtin_bswap32(value));
}

static Received received_nothing(ssize_t received) {
  if (received == 0) return Received::End;
  return errno == EAGAIN || errno == EINTR ? Received::Nothing : Received::Failed;
}

Received FrameInput::receive(int descriptor, int32_t connection, Intake& intake) {
  if (state_ == State::Waiting) return Received::Waiting;
  const int32_t rows_free = intake.events.rows_free();
  if (rows_free < EVENT_ROWS_MIN) return Received::NoRows;
  // Each row is good for the 12 bytes that a frame takes at least; one is kept for the frame that is unfinished now, one
  // for the end of the connection.
  const int64_t row_bytes = int64_t{rows_free - 2} * (FRAME_PREFIX_BYTES + FRAME_BYTES_MIN);
  const int32_t bytes_max = static_cast<int32_t>(std::min<int64_t>(RECEIVE_BYTES_MAX, row_bytes));
  if (state_ == State::Placed) return receive_placed(descriptor, connection, intake, bytes_max);

  ReceiveWindow& window = intake.window;
  if (!window.is_open()) return Received::NoWindow;
  const int32_t start = window.offset();
  if (stashed_ > 0) memcpy(window.at(start), stash_, stashed_);
  const int32_t count = std::min(bytes_max, window.room() - stashed_);
  intake.counters.receive_calls++;
  const ssize_t received = recv(descriptor, window.at(start + stashed_), count, 0);
  if (received <= 0) return received_nothing(received);
  intake.counters.received_bytes += received;
  const int32_t end = start + stashed_ + static_cast<int32_t>(received);
  stashed_ = 0;
  const Received result = split(start, end, connection, intake);
  if (stashed_ == 0) clear_stash();
  return result;
}

Received FrameInput::receive_placed(int descriptor, int32_t connection, Intake& intake, int32_t bytes_max) {
  ReceiveWindow& window = intake.window;
  // What comes after the frame goes on to the window in the same call.
  const int32_t missing = std::min(length_ - filled_, RECEIVE_BYTES_MAX);
  const int32_t beyond = window.is_open() ? std::min(RECEIVE_BYTES_MAX - missing, std::min(window.room(), bytes_max)) : 0;
  iovec targets[2] = {{window.at(place_ + filled_), static_cast<size_t>(missing)},
                      {window.at(std::max(window.offset(), 0)), static_cast<size_t>(beyond)}};
  intake.counters.receive_calls++;
  const ssize_t received = readv(descriptor, targets, beyond > 0 ? 2 : 1);
  if (received <= 0) return received_nothing(received);
  intake.counters.received_bytes += received;
  const int32_t own = std::min(missing, static_cast<int32_t>(received));
  filled_ += own;
  if (filled_ < length_) return Received::Bytes;
  intake.events.put(EVENT_FRAME, connection, place_, length_);
  frames_++;
  state_ = State::Between;
  const int32_t rest = static_cast<int32_t>(received) - own;
  return rest == 0 ? Received::Bytes : split(window.offset(), window.offset() + rest, connection, intake);
}

/** Hands out the frames of `[start, end)`, which begins at the window's offset, and finds a place for what is left. */
Received FrameInput::split(int32_t start, int32_t end, int32_t connection, Intake& intake) {
  ReceiveWindow& window = intake.window;
  int32_t at = start;
  int32_t length = 0;
  while (end - at >= FRAME_PREFIX_BYTES) {
    length = load_big_endian(window.at(at));
    if (length < FRAME_BYTES_MIN || length > intake.frame_bytes_max) {
      window.advance(at);
      return Received::BadLength;
    }
    if (end - at - FRAME_PREFIX_BYTES < length) break;
    at += FRAME_PREFIX_BYTES;
    intake.events.put(EVENT_FRAME, connection, at, length);
    frames_++;
    window.hold(at);
    at += length;
  }

  if (end - at <= STASH_BYTES_MAX) {
    stash(window.at(at), end - at);
    window.advance(at);
    return Received::Bytes;
  }
  place_ = at + FRAME_PREFIX_BYTES;
  length_ = length;
  filled_ = end - place_;
  window.hold(place_);
  is_asked_ = length > window.block_bytes() || (!is_trusted_ && length > intake.first_frame_bytes_max);
  if (!is_asked_ && length <= window.end() - place_) {
    state_ = State::Placed;
    window.advance(place_ + length);
    return Received::Bytes;
  }
  const int32_t place = is_asked_ ? -1 : window.reserve_in_spare(length);
  state_ = State::Waiting;
  if (place >= 0) {
    window.advance(at);
    move_to(place, intake);
    return Received::Bytes;
  }
  window.advance(end);
  if (is_asked_) {
    intake.events.put(EVENT_NEED, connection, length, load_big_endian(window.at(place_)));
  } else {
    window.give_up_current();
  }
  return Received::Waiting;
}

void FrameInput::move_to(int32_t place, Intake& intake) {
  memcpy(intake.window.at(place), intake.window.at(place_), filled_);
  intake.counters.moved_input_bytes += filled_;
  intake.window.release(place_);
  place_ = place;
  is_asked_ = false;
  state_ = State::Placed;
}

void FrameInput::drop(ReceiveWindow& window) {
  if (state_ != State::Between) window.release(place_);
  state_ = State::Between;
  is_asked_ = false;
  clear_stash();
}

void FrameInput::stash(const uint8_t* bytes, int32_t length) {
  if (length == 0) return;
  stash_ = static_cast<uint8_t*>(realloc(stash_, length));
  memcpy(stash_, bytes, length);
  stashed_ = length;
}

void FrameInput::clear_stash() {
  free(stash_);
  stash_ = nullptr;
  stashed_ = 0;
}

}  // namespace millrace
