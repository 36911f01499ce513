#include "vigil.h"

#include <algorithm>

namespace millrace {

/** Of a frame that is begun this much must come in each interval, or the rest of it. */
constexpr int32_t PROGRESS_BYTES_MIN = 4096;
constexpr int32_t PROGRESS_PARTS = 64;
/** The interval while memory is short. */
constexpr uint64_t SHORT_PROGRESS_MS = SWEEP_MS;

void Vigil::add(int32_t number, Watched& watched, uint64_t now_ms) {
  if (static_cast<size_t>(number) >= due_ms_.size()) due_ms_.resize(number + 1, NEVER_MS);
  watched.added_ms = watched.active_ms = watched.left_ms = now_ms;
  due_ms_[number] = now_ms + std::min(first_frame_ms_, idle_ms_);
  sweep_ms_ = std::min(sweep_ms_, due_ms_[number]);
}

void Vigil::on_short(uint64_t now_ms) { sweep_ms_ = std::min(sweep_ms_, now_ms + SWEEP_MS); }

void Vigil::bring_forward(int32_t number, uint64_t due_ms) {
  due_ms_[number] = std::min(due_ms_[number], due_ms);
  sweep_ms_ = std::min(sweep_ms_, due_ms_[number]);
}

Verdict Vigil::judge(Watched& watched, const FrameInput& input, bool is_read, uint64_t now_ms) {
  const uint64_t first_due = watched.added_ms + first_frame_ms_;
  if (!watched.is_trusted) {
    if (now_ms >= first_due && is_read && !is_late_) return Verdict::NoRequest;
    next_ms_ = std::max(first_due, now_ms + SWEEP_MS);
  }

  if (!is_read || !input.is_begun()) {
    watched.marked_ms = NEVER_MS;
  } else {
    const uint64_t interval = is_short_ ? std::min(progress_ms_, SHORT_PROGRESS_MS) : progress_ms_;
    const bool is_marked = watched.marked_ms != NEVER_MS && watched.marked_frame == input.frames() && !is_late_;
    if (!is_marked || now_ms >= watched.marked_ms + interval) {
      const int32_t progress_min = std::max(PROGRESS_BYTES_MIN, input.length() / PROGRESS_PARTS);
      if (is_marked && input.filled() - watched.marked_bytes < progress_min) return Verdict::SlowFrame;
      watched.marked_ms = now_ms;
      watched.marked_frame = input.frames();
      watched.marked_bytes = input.filled();
    }
    next_ms_ = std::min(next_ms_, watched.marked_ms + interval);
  }

  if (now_ms >= watched.active_ms + idle_ms_) {
    watched.active_ms = now_ms;
    next_ms_ = std::min(next_ms_, now_ms + idle_ms_);
    return is_late_ ? Verdict::Well : Verdict::Idle;
  }
  next_ms_ = std::min(next_ms_, watched.active_ms + idle_ms_);
  return Verdict::Well;
}

}  // namespace millrace
