// What a null broker serves to those who fetch: the batches that it was given, or one ready batch without end.
//
// Kept batches are bounded by `keep_bytes` over all partitions; the oldest of a partition go first. A fault befalls one
// batch between acknowledging and keeping it, for those who check that a checker checks.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "batch.h"

class MemoryLog {
 public:
  struct Settings {
    int64_t partitions = 1;
    bool keeps = false;
    int64_t keep_bytes = 256 << 20;
    /** none, lose, double, corrupt or swap (with the next), and to which of all batches. */
    std::string fault = "none";
    int64_t fault_at = 0;
    /** Of the ready batch. */
    int64_t records = 1;
    int64_t record_bytes = 100;
  };

  explicit MemoryLog(const Settings& settings);

  int64_t partitions() const { return settings_.partitions; }
  int64_t begin_offset(int32_t partition) const;
  int64_t end_offset(int32_t partition) const;
  bool has(int32_t partition, int64_t offset) const { return offset < end_offset(partition); }

  /** Its base offset. */
  int64_t append(int32_t partition, const BatchView& view);

  struct Piece {
    const uint8_t* at;
    size_t length;
  };
  /** From `offset` on, a batch at least and then no more than `bytes_max`; valid until the next call. */
  Piece read(int32_t partition, int64_t offset, size_t bytes_max);

 private:
  struct Kept {
    int64_t base_offset;
    int64_t next_offset;
    Bytes bytes;
  };
  struct Partition {
    int64_t begin_offset = 0;
    int64_t next_offset = 0;
    std::deque<Kept> kept;
  };

  static constexpr int64_t ENDLESS = int64_t{1} << 50;
  static constexpr size_t READY_BYTES_MAX = 64 << 20;

  const Settings settings_;
  std::vector<Partition> partitions_;
  int64_t kept_bytes_ = 0;
  int64_t appended_ = 0;
  Bytes held_;
  BatchTemplate ready_;
  Bytes block_;

  void keep(int32_t partition, const uint8_t* at, size_t length);
  Piece read_kept(const Partition& partition, int64_t offset, size_t bytes_max);
};
