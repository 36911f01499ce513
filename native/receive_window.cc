#include "receive_window.h"

#include <utility>

namespace millrace {

void ReceiveWindow::attach(uint8_t* arena, int32_t arena_bytes, int32_t* block_holders, int32_t block_bytes,
                           int32_t* table) {
  arena_ = arena;
  arena_bytes_ = arena_bytes;
  block_holders_ = block_holders;
  block_bytes_ = block_bytes;
  table_ = table;
}

bool ReceiveWindow::adopt() {
  if (current_.offset < 0 && table_[WINDOW_OFFSET] >= 0) {
    const Span put_in{table_[WINDOW_OFFSET], table_[WINDOW_END]};
    if (!is_part_of_a_block(put_in)) return false;
    current_ = put_in;
  }
  if (spare_.offset < 0 && table_[WINDOW_SPARE_OFFSET] >= 0) {
    const Span put_in{table_[WINDOW_SPARE_OFFSET], table_[WINDOW_SPARE_END]};
    if (!is_part_of_a_block(put_in)) return false;
    spare_ = put_in;
  }
  if (current_.offset < 0) std::swap(current_, spare_);
  publish();
  return true;
}

void ReceiveWindow::advance(int32_t offset) {
  current_.offset = offset;
  while (is_open() && room() < RECEIVE_BYTES_MIN) {
    give_up(current_);
    std::swap(current_, spare_);
  }
  publish();
}

int32_t ReceiveWindow::reserve_in_spare(int32_t length) {
  const int32_t offset = take(spare_, length);
  if (offset < 0) return -1;
  hold(offset);
  if (spare_.end - spare_.offset < RECEIVE_BYTES_MIN) give_up(spare_);
  publish();
  return offset;
}

int32_t ReceiveWindow::reserve(int32_t length) {
  const int32_t offset = take(current_, length);
  if (offset < 0) return reserve_in_spare(length);
  hold(offset);
  advance(current_.offset);
  return offset;
}

void ReceiveWindow::give_up_current() {
  if (spare_.offset < 0) return;
  give_up(current_);
  std::swap(current_, spare_);
  publish();
}

void ReceiveWindow::give_up_all() {
  give_up(current_);
  give_up(spare_);
  publish();
}

bool ReceiveWindow::was_used_up() { return std::exchange(was_used_up_, false); }

void ReceiveWindow::give_up(Span& span) {
  if (span.offset < 0) return;
  release(span.end - 1);
  span = Span();
  was_used_up_ = true;
}

int32_t ReceiveWindow::take(Span& span, int32_t length) {
  if (span.offset < 0 || span.end - span.offset < length) return -1;
  const int32_t offset = span.offset;
  span.offset += length;
  return offset;
}

bool ReceiveWindow::is_part_of_a_block(const Span& span) const {
  return span.end <= arena_bytes_ && span.end - span.offset >= RECEIVE_BYTES_MIN &&
         span.offset / block_bytes_ == (span.end - 1) / block_bytes_;
}

void ReceiveWindow::publish() {
  table_[WINDOW_OFFSET] = current_.offset;
  table_[WINDOW_END] = current_.end;
  table_[WINDOW_SPARE_OFFSET] = spare_.offset;
  table_[WINDOW_SPARE_END] = spare_.end;
}

}  // namespace millrace
