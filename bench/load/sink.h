// Where a null broker puts what it receives: nowhere, into a file in the page cache, or as a durable log has to.
//
// Durable: what came in one round of the poll is gathered, written past the page cache to a prewritten journal and
// synced (commit, before the answers), then appended to a file that grows (drain, after them).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

class Sink {
 public:
  /** No `file`: what is appended is forgotten. Otherwise it is written round and round within `file_bytes`. */
  Sink(const std::string& file, int64_t file_bytes, bool is_durable);

  bool keeps() const { return file_ >= 0; }
  void append(const uint8_t* bytes, size_t length);
  void commit();
  void drain();

 private:
  static constexpr size_t GROUP_BYTES = 2 << 20;
  static constexpr size_t BLOCK_BYTES = 4096;
  static constexpr off_t JOURNAL_BYTES = 64 << 20;

  const off_t file_bytes_;
  const bool is_durable_;
  int file_ = -1;
  off_t position_ = 0;
  int journal_ = -1;
  off_t journal_position_ = 0;
  uint8_t* group_ = nullptr;
  size_t gathered_ = 0;

  void open_journal(const std::string& file);
};
