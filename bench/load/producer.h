// A producing connection: request `turn` carries a batch for each of the next `batchesPerRequest` of its partitions.
//
// Open loop: what is due is sent as soon as fewer than `inflight` are under way, and its latency counts from when it
// was due. Closed loop: the next is due when there is room for it.
//
// Invariants: requests are answered in the order they were sent; batch k of a connection goes to partition k modulo
// their
//             number, so a batch's number in its lane follows from its request's.
#pragma once

#include "client.h"

/** A produce request encoded once a thread; what differs is patched for each sending. */
struct ProduceFrame {
  struct Slot {
    size_t partition_at;
    size_t batch_at;
  };
  Bytes bytes;
  std::vector<Slot> slots;
  /** Of all its batches. */
  int64_t batch_bytes = 0;
  int64_t records = 0;

  ProduceFrame(const Run& run, int64_t slots);
};

class Producer : public Client {
 public:
  Producer(Run& run, Tally& tally, Checksum& written, ProduceFrame& frame, int64_t number,
           std::vector<Assignment> assignments);

  void advance(int64_t now) override;
  bool is_done(int64_t now) const override;
  bool is_waiting() const override { return begun_ > answered_ || is_flushing_; }
  void settle(int64_t now) override;

  int64_t number() const { return number_; }

 protected:
  void answered(const uint8_t* at, size_t length, int64_t now) override;

 private:
  static constexpr int64_t UNANSWERED_AT_ONCE = 16;

  Checksum& written_;
  ProduceFrame& frame_;
  const int64_t number_;
  const std::vector<Assignment> assignments_;
  const bool is_answered_;
  int64_t begun_ = 0;
  int64_t answered_ = 0;
  /** acks=0: a last request that is answered, so that all before it are known to have been read. */
  bool is_flushing_ = false;
  bool is_flushed_ = false;
  /** Rings over the requests under way. */
  std::vector<int64_t> intended_ns_;
  std::vector<uint32_t> crcs_;

  bool has_next(int64_t now) const;
  bool is_exhausted(int64_t now) const;
  int64_t limit_ns() const;
  int64_t slots() const { return static_cast<int64_t>(frame_.slots.size()); }
  void begin(int64_t now);
  void flush();
  void acknowledged(int32_t partition);
  void count(int64_t intended, int64_t now);
};
