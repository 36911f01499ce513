// Is what is read what was written? Each lane (a producing connection at a partition) numbers its batches from 0; a
// reader wants them all, in order, once, at offsets without a gap, undamaged. Both sides sum a hash of each batch.
//
// The sum does not depend on the order in which threads add, and covers the content by the batch's own CRC-32C: so the
// broker must keep batches as they came (CreateTime, compression.type=producer).
#pragma once

#include <cstdint>
#include <vector>

#include "batch.h"

struct Checksum {
  int64_t batches = 0;
  int64_t records = 0;
  uint64_t sum = 0;

  void add(int32_t partition, uint32_t lane, int64_t sequence, uint32_t crc, int64_t records_more);
  void merge(const Checksum& other);
};

/** One partition as one reader sees it. */
class PartitionCheck {
 public:
  /** `from_beginning`: each lane has to begin with 0. */
  PartitionCheck(int32_t partition, bool from_beginning) : partition_(partition), from_beginning_(from_beginning) {}

  /** Fails with words on a batch that is lost, doubled, out of order, damaged or not ours. */
  void read(const BatchView& view, int64_t expected_offset, Checksum& checksum);

 private:
  struct Lane {
    uint32_t run;
    uint32_t lane;
    int64_t next;
  };

  int32_t partition_;
  bool from_beginning_;
  std::vector<Lane> lanes_;

  Lane& lane_of(const Stamp& stamp);
};
