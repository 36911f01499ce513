// One connection's input: receives into the window, splits length-prefixed frames where they lie, and keeps what is
// unfinished. Every finished frame is contiguous and becomes one EVENT_FRAME.
//
// An unfinished frame lies in one of three places:
//   stash     up to 4 KiB received so far, prefix included, in memory of its own: an idle connection holds no block
//   place     where the finished frame will lie, reserved: it receives straight there
//   waiting   as far as received, where it happened to land; it goes on once a place is found: in a fresh block, or, for
//             one longer than a block (than a first frame may be), where JavaScript says (EVENT_NEED, SEND_ASSIGN). Till
//             then nothing is received.
//
// Invariants: a placed or waiting frame has one hold on the block it lies in, which a finished frame hands over to the
//             receiver of its event; a stashed one has none.
#pragma once

#include <cstdint>
#include <cstdlib>

#include "counters.h"
#include "event_table.h"
#include "receive_window.h"

namespace millrace {

constexpr int32_t FRAME_PREFIX_BYTES = 4;
constexpr int32_t FRAME_BYTES_MIN = 8;
constexpr int32_t RECEIVE_BYTES_MAX = 256 * 1024;
constexpr int32_t STASH_BYTES_MAX = 4096;
/** With fewer rows free than this nothing is received. */
constexpr int32_t EVENT_ROWS_MIN = 64;

/** What the connections of one reactor share. */
struct Intake {
  ReceiveWindow window;
  EventTable events;
  Counters counters;
  int32_t frame_bytes_max = 0;
  int32_t first_frame_bytes_max = 0;
};

enum class Received {
  Bytes,
  Nothing,        // the socket is empty
  NoRows,         // left for the next poll: the event table has no room for what may come
  NoWindow,       // left until the window has a block again
  Waiting,        // an unfinished frame waits for its place
  End,            // the peer sends no more
  BadLength,      // a frame's length is out of range
  Failed,         // errno says why
};

class FrameInput {
 public:
  FrameInput() = default;
  FrameInput(const FrameInput&) = delete;
  FrameInput& operator=(const FrameInput&) = delete;
  ~FrameInput() { free(stash_); }

  /** One receive. */
  Received receive(int descriptor, int32_t connection, Intake& intake);

  bool is_waiting() const { return state_ == State::Waiting; }
  /** Waits until JavaScript says where, or that the connection ends. */
  bool needs_assignment() const { return is_waiting() && is_asked_; }
  /** A part of a frame has come. */
  bool is_begun() const { return state_ != State::Between || stashed_ > 0; }
  /** Of the frame that is begun: 0 while it is not known, and what has come of it. */
  int32_t length() const { return state_ == State::Between ? 0 : length_; }
  int32_t filled() const { return state_ == State::Between ? stashed_ : filled_; }
  /** How many were finished: tells one frame that is begun from the next. */
  uint32_t frames() const { return frames_; }
  /** From now on frames may be as long as any. */
  void trust() { is_trusted_ = true; }
  /** Goes on at `place`, on whose block it takes over one hold. */
  void move_to(int32_t place, Intake& intake);
  /** Lets go of what is unfinished. */
  void drop(ReceiveWindow& window);

 private:
  enum class State : uint8_t { Between, Placed, Waiting };

  Received receive_placed(int descriptor, int32_t connection, Intake& intake, int32_t bytes_max);
  Received split(int32_t start, int32_t end, int32_t connection, Intake& intake);
  void stash(const uint8_t* bytes, int32_t length);
  void clear_stash();

  State state_ = State::Between;
  bool is_trusted_ = false;
  bool is_asked_ = false;  // EVENT_NEED is out
  uint32_t frames_ = 0;
  int32_t stashed_ = 0;
  uint8_t* stash_ = nullptr;
  int32_t place_ = 0;   // of the frame, its prefix left out
  int32_t length_ = 0;  // of the whole frame
  int32_t filled_ = 0;  // received so far
};

}  // namespace millrace
