// CRC-32C of record batches, written anew and not shared with the broker's: a checker must not inherit its mistakes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

uint32_t crc32c(const uint8_t* bytes, size_t length);

/** Without the inversions at start and end, which makes it linear: crc(a ^ b) = crc(a) ^ raw(b). */
uint32_t crc32c_raw(uint32_t state, const uint8_t* bytes, size_t length);

/**
 * What becomes of a raw checksum when so many zero bytes follow: four table lookups. So a change of a few bytes deep in
 * a large batch costs the checksum of those bytes, not of the batch.
 */
class ZerosAfter {
 public:
  explicit ZerosAfter(size_t zeros);
  uint32_t operator()(uint32_t state) const {
    return tables_[0][state & 255] ^ tables_[1][state >> 8 & 255] ^ tables_[2][state >> 16 & 255] ^
           tables_[3][state >> 24];
  }

 private:
  std::array<std::array<uint32_t, 256>, 4> tables_{};
};
