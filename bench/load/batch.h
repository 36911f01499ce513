// A record batch (magic 2): encoded once, stamped for each sending, walked and checked when it comes back.
//
// The stamp lies in the first record's value: which run and lane sent it, its number in the lane and partition, and
// when it was meant to be sent. Stamping a batch costs the checksum of the stamp alone (see ZerosAfter), whatever its
// length.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bytes.h"
#include "crc32c.h"

constexpr size_t BATCH_HEADER_BYTES = 61;
constexpr size_t STAMP_BYTES = 28;

struct Stamp {
  uint32_t run = 0;
  uint32_t lane = 0;
  int64_t sequence = 0;
  int64_t intended_ns = 0;
};

/** What is sent again and again. */
class BatchTemplate {
 public:
  /** Uncompressed, without keys; values of random letters. A `stamped` batch needs values of STAMP_BYTES at least. */
  static BatchTemplate encode(int records, int value_bytes, bool is_stamped);
  /** A batch as it lies in a file, compressed or not; it is sent as it is. */
  static BatchTemplate read(const std::string& path);

  const Bytes& bytes() const { return bytes_; }
  int records() const { return records_; }
  uint32_t crc() const { return crc_; }
  bool is_stamped() const { return zeros_after_ != nullptr; }

  /** Of a copy of bytes() at `at`; returns its CRC. */
  uint32_t stamp(uint8_t* at, const Stamp& stamp) const;

 private:
  Bytes bytes_;
  int records_ = 0;
  uint32_t crc_ = 0;
  size_t stamp_at_ = 0;
  std::shared_ptr<const ZerosAfter> zeros_after_;
};

/** A batch somewhere in an answer; only its header is known to be there and well-formed. */
struct BatchView {
  const uint8_t* at = nullptr;
  size_t length = 0;
  int64_t base_offset() const { return load_int64(at); }
  uint32_t crc() const { return static_cast<uint32_t>(load_int32(at + 17)); }
  int16_t attributes() const { return load_int16(at + 21); }
  int32_t last_offset_delta() const { return load_int32(at + 23); }
  int32_t records() const { return load_int32(at + 57); }
  int64_t next_offset() const { return base_offset() + last_offset_delta() + 1; }
};

enum class Walk { batch, end, malformed };

/** Takes the next batch from `at`; a part of one at the end is no batch and no mistake. */
Walk next_batch(const uint8_t*& at, const uint8_t* end, BatchView& view);

/** Whether the checksum is right, the header agrees with itself. Returns what is wrong, or null. */
const char* damage_of(const BatchView& view);

/** The stamp of an uncompressed batch's first record; false if it carries none. */
bool stamp_of(const BatchView& view, Stamp& stamp);
