#include "crc32c.h"

#include <cstring>
#include <vector>

static uint32_t by_table(uint32_t state, const uint8_t* bytes, size_t length) {
  static const std::array<uint32_t, 256> table = [] {
    std::array<uint32_t, 256> made{};
    for (uint32_t byte = 0; byte < 256; byte++) {
      uint32_t value = byte;
      for (int bit = 0; bit < 8; bit++) value = (value >> 1) ^ (0x82f63b78u & -(value & 1));
      made[byte] = value;
    }
    return made;
  }();
  for (size_t at = 0; at < length; at++) state = (state >> 8) ^ table[(state ^ bytes[at]) & 255];
  return state;
}

ZerosAfter::ZerosAfter(size_t zeros) {
  const std::vector<uint8_t> nothing(zeros);
  std::array<uint32_t, 32> of_bit{};
  for (int bit = 0; bit < 32; bit++) of_bit[bit] = crc32c_raw(1u << bit, nothing.data(), zeros);
  for (int byte = 0; byte < 4; byte++) {
    for (uint32_t value = 0; value < 256; value++) {
      for (int bit = 0; bit < 8; bit++) {
        if (value >> bit & 1) tables_[byte][value] ^= of_bit[byte * 8 + bit];
      }
    }
  }
}

#if defined(__x86_64__)
static inline uint64_t word_at(const uint8_t* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

__attribute__((target("sse4.2"))) static uint32_t one_stream(uint32_t state, const uint8_t* bytes, size_t length) {
  uint64_t crc = state;
  for (; length >= 8; bytes += 8, length -= 8) crc = __builtin_ia32_crc32di(crc, word_at(bytes));
  // So both ways are in every checksum, and neither rots.
  return by_table(static_cast<uint32_t>(crc), bytes, length);
}

/** The instruction takes three cycles and can start every cycle: three stretches at once. */
__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t state, const uint8_t* bytes, size_t length) {
  static constexpr size_t STRETCH = 1024;
  if (length >= 3 * STRETCH) {
    static const ZerosAfter stretch_after(STRETCH);
    for (; length >= 3 * STRETCH; bytes += 3 * STRETCH, length -= 3 * STRETCH) {
      uint64_t first = state;
      uint64_t second = 0;
      uint64_t third = 0;
      for (size_t at = 0; at < STRETCH; at += 8) {
        first = __builtin_ia32_crc32di(first, word_at(bytes + at));
        second = __builtin_ia32_crc32di(second, word_at(bytes + STRETCH + at));
        third = __builtin_ia32_crc32di(third, word_at(bytes + 2 * STRETCH + at));
      }
      state = stretch_after(static_cast<uint32_t>(first)) ^ static_cast<uint32_t>(second);
      state = stretch_after(state) ^ static_cast<uint32_t>(third);
    }
  }
  return one_stream(state, bytes, length);
}

uint32_t crc32c_raw(uint32_t state, const uint8_t* bytes, size_t length) {
  static const bool has_instruction = __builtin_cpu_supports("sse4.2");
  return has_instruction ? by_instruction(state, bytes, length) : by_table(state, bytes, length);
}
#else
uint32_t crc32c_raw(uint32_t state, const uint8_t* bytes, size_t length) { return by_table(state, bytes, length); }
#endif

uint32_t crc32c(const uint8_t* bytes, size_t length) { return ~crc32c_raw(~0u, bytes, length); }
