// A consuming connection: one fetch request under way, for all of its partitions that have more to give.
//
// The answer's latency counts from the sending; a record's end-to-end latency from the time in its batch's stamp, which
// is when it was meant to be sent, to when the answer with it was received whole.
//
// Invariant: each partition's next offset is behind the last whole batch that was received.
#pragma once

#include "client.h"

class Consumer : public Client {
 public:
  Consumer(Run& run, Tally& tally, Histogram& end_to_end, Checksum& read, std::vector<Assignment> assignments);

  void advance(int64_t now) override;
  bool is_done(int64_t now) const override;
  bool is_waiting() const override { return is_fetching_; }
  void settle(int64_t now) override;

 protected:
  void answered(const uint8_t* at, size_t length, int64_t now) override;

 private:
  struct Partition {
    int32_t index;
    int64_t begin_offset;
    int64_t next_offset;
    /** A catch-up goes so far. */
    int64_t end_offset;
    PartitionCheck check;
  };

  Histogram& end_to_end_;
  Checksum& read_;
  std::vector<Partition> partitions_;
  /** The request begins with another partition each time: an answer that is full starves no one. */
  size_t first_ = 0;
  bool is_fetching_ = false;
  int64_t begun_ns_ = 0;
  int32_t correlation_ = 0;
  Writer request_;

  bool follows() const { return run_.options.follow != 0 || run_.options.mode == Mode::end_to_end; }
  bool wants(const Partition& partition) const { return follows() || partition.next_offset < partition.end_offset; }
  bool wants_any() const;
  bool is_past_bounds(int64_t now) const;
  void encode();
  Partition& partition_of(int32_t index);
  void records(Partition& partition, const uint8_t* at, size_t length, int64_t now);
  void batch(Partition& partition, const BatchView& view, int64_t now);

  /** Of the answer in hand. */
  int64_t answer_batches_ = 0;
  int64_t answer_records_ = 0;
  int64_t answer_bytes_ = 0;
};
