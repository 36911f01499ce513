// How long a connection may keep us waiting: for its first request, for more of a frame it has begun, for anything at all.
//
// Owned by one reactor, on its thread. A connection's deadlines are looked at in sweeps, at most one a second and none
// before the earliest of them: no timer for each connection, and idle ones cost their table entry only. What a connection
// does meanwhile is not noted but for the time of its last byte; a sweep finds out what has become due.
//
// Invariants: due_ms() is not later than the first deadline of any connection; nobody is judged for time in which we did
//             not read (paused, no memory), nor by a sweep that came late itself.
#pragma once

#include <cstdint>
#include <vector>

#include "frame_input.h"

namespace millrace {

constexpr uint64_t NEVER_MS = UINT64_MAX;

/** What is known of one connection. */
struct Watched {
  uint64_t added_ms = 0;
  uint64_t active_ms = 0;  // when bytes last came or left
  uint64_t left_ms = 0;  // when bytes last left
  uint64_t marked_ms = NEVER_MS;  // since when the frame that is begun is timed
  uint32_t marked_frame = 0;
  int32_t marked_bytes = 0;
  bool is_trusted = false;
};

enum class Verdict { Well, NoRequest, SlowFrame, Idle };

class Vigil {
 public:
  void set_limits(uint64_t first_frame_ms, uint64_t progress_ms, uint64_t idle_ms) {
    first_frame_ms_ = first_frame_ms;
    progress_ms_ = progress_ms;
    idle_ms_ = idle_ms;
  }

  void add(int32_t number, Watched& watched, uint64_t now_ms);
  void remove(int32_t number) { due_ms_[number] = NEVER_MS; }
  /** It has begun a frame, or may be read again in the middle of one. */
  void on_begun(int32_t number, uint64_t now_ms) { bring_forward(number, now_ms + progress_ms_); }
  /** Frames wait for memory: those that are begun and don't get on must not keep it. */
  void on_short(uint64_t now_ms);

  /** When the next sweep is due. */
  uint64_t due_ms() const { return sweep_ms_; }

  /** Calls `visit(number)` for all that may be overdue; it answers with judge() and next_due(). */
  template <typename Visit>
  void sweep(uint64_t now_ms, bool is_short, Visit visit);

  /** `is_read`: we read it, so that what does not come is its own delay. */
  Verdict judge(Watched& watched, const FrameInput& input, bool is_read, uint64_t now_ms);

 private:
  void bring_forward(int32_t number, uint64_t due_ms);

  uint64_t first_frame_ms_ = NEVER_MS;
  uint64_t progress_ms_ = NEVER_MS;
  uint64_t idle_ms_ = NEVER_MS;
  std::vector<uint64_t> due_ms_;  // by connection number
  uint64_t sweep_ms_ = NEVER_MS;
  uint64_t next_ms_ = NEVER_MS;  // of the connection that is judged
  bool is_late_ = false;
  bool is_short_ = false;
};

/** Between two sweeps. */
constexpr uint64_t SWEEP_MS = 1000;

template <typename Visit>
void Vigil::sweep(uint64_t now_ms, bool is_short, Visit visit) {
  if (now_ms < sweep_ms_) return;
  is_late_ = now_ms - sweep_ms_ > SWEEP_MS;
  is_short_ = is_short;
  uint64_t next = NEVER_MS;
  for (size_t number = 0; number < due_ms_.size(); number++) {
    uint64_t& due = due_ms_[number];
    if (due == NEVER_MS) continue;
    if (due <= now_ms || is_short) {
      next_ms_ = NEVER_MS;
      visit(static_cast<int32_t>(number));
      // Unless it was removed.
      if (due != NEVER_MS) due = next_ms_;
    }
    if (due < next) next = due;
  }
  sweep_ms_ = next == NEVER_MS || next > now_ms + SWEEP_MS ? next : now_ms + SWEEP_MS;
}

}  // namespace millrace
