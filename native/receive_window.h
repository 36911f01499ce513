// The two blocks of a shard's arena that the next receives go to: WINDOW_… of src/native/contract.ts.
//
// Owned by the shard's reactor, on its thread. JavaScript puts blocks in where the table says -1; all else in the table
// is this class's copy of its own state. Receives go to the front of `current`; `spare` takes frames that do not fit
// there any more, and becomes current when current is given up.
//
// Invariants: each block in the window is held once by it, from adopt() to its giving up; a span never crosses a
//             block's end; every byte before a span's offset belongs to whoever received it.
#pragma once

#include <cstdint>

namespace millrace {

constexpr int32_t WINDOW_OFFSET = 0;
constexpr int32_t WINDOW_END = 1;
constexpr int32_t WINDOW_SPARE_OFFSET = 2;
constexpr int32_t WINDOW_SPARE_END = 3;
constexpr int32_t WINDOW_WORDS = 4;

/** With less room than this a block is given up. */
constexpr int32_t RECEIVE_BYTES_MIN = 16 * 1024;

class ReceiveWindow {
 public:
  void attach(uint8_t* arena, int32_t arena_bytes, int32_t* block_holders, int32_t block_bytes, int32_t* table);

  /** Takes in the blocks that JavaScript has put into the table; false if one of them is no block's part. */
  bool adopt();

  bool is_open() const { return current_.offset >= 0; }
  int32_t offset() const { return current_.offset; }
  int32_t end() const { return current_.end; }
  int32_t room() const { return current_.end - current_.offset; }
  int32_t block_bytes() const { return block_bytes_; }
  uint8_t* at(int32_t offset) const { return arena_ + offset; }

  /** Everything before `offset` has found an owner. Gives current up if too little is left. */
  void advance(int32_t offset);

  /** Room for a frame that current cannot hold: where, with one hold on its block, or -1. */
  int32_t reserve_in_spare(int32_t length);
  /** Room for a frame in either block: where, with one hold on its block, or -1. */
  int32_t reserve(int32_t length);
  /** Makes way for a fresh block, if there is a spare one to go on with. */
  void give_up_current();
  void give_up_all();

  /** Whether a block was given up since this was asked last: JavaScript must have its chance to put in another one. */
  bool was_used_up();

  void hold(int32_t offset) { block_holders_[offset / block_bytes_]++; }
  void release(int32_t offset) { block_holders_[offset / block_bytes_]--; }

  /** Whether `length` bytes from `offset` lie in the arena, from a block's start. */
  bool is_run_of_blocks(int32_t offset, int32_t length) const {
    return offset >= 0 && offset % block_bytes_ == 0 && offset < arena_bytes_ && length <= arena_bytes_ - offset;
  }

 private:
  struct Span {
    int32_t offset = -1;
    int32_t end = -1;
  };
  static int32_t take(Span& span, int32_t length);
  bool is_part_of_a_block(const Span& span) const;
  void give_up(Span& span);
  void publish();

  uint8_t* arena_ = nullptr;
  int32_t arena_bytes_ = 0;
  int32_t* block_holders_ = nullptr;
  int32_t block_bytes_ = 0;
  int32_t* table_ = nullptr;
  Span current_;
  Span spare_;
  bool was_used_up_ = false;
};

}  // namespace millrace
