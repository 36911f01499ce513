// Big-endian bytes as the Kafka protocol has them: written at the end of a buffer, patched in place, read with bounds.
//
// Invariant: a Reader never reads past its end. What would lie there is zero, and is_ok() is false from then on.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

using Bytes = std::vector<uint8_t>;
using Uuid = std::array<uint8_t, 16>;

inline void store_at(uint8_t* at, uint64_t value, int length) {
  for (int index = length - 1; index >= 0; index--, value >>= 8) at[index] = static_cast<uint8_t>(value);
}

inline uint64_t load_at(const uint8_t* at, int length) {
  uint64_t value = 0;
  for (int index = 0; index < length; index++) value = value << 8 | at[index];
  return value;
}

inline int64_t load_int64(const uint8_t* at) { return static_cast<int64_t>(load_at(at, 8)); }
inline int32_t load_int32(const uint8_t* at) { return static_cast<int32_t>(load_at(at, 4)); }
inline int16_t load_int16(const uint8_t* at) { return static_cast<int16_t>(load_at(at, 2)); }

class Writer {
 public:
  Bytes bytes;

  size_t position() const { return bytes.size(); }
  void clear() { bytes.clear(); }

  void fixed(int64_t value, int length) {
    bytes.resize(bytes.size() + static_cast<size_t>(length));
    store_at(bytes.data() + bytes.size() - length, static_cast<uint64_t>(value), length);
  }
  void int8(int64_t value) { fixed(value, 1); }
  void int16(int64_t value) { fixed(value, 2); }
  void int32(int64_t value) { fixed(value, 4); }
  void int64(int64_t value) { fixed(value, 8); }

  void varint(uint64_t value) {
    for (; value >= 128; value >>= 7) bytes.push_back(static_cast<uint8_t>(value | 128));
    bytes.push_back(static_cast<uint8_t>(value));
  }
  void zigzag(int64_t value) { varint((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63)); }
  /** The length of a compact array, or of compact bytes that follow. */
  void count(size_t length) { varint(length + 1); }
  void null() { varint(0); }
  void no_tags() { varint(0); }
  void raw(const uint8_t* data, size_t length) { bytes.insert(bytes.end(), data, data + length); }
  void text(std::string_view text) {
    count(text.size());
    raw(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  }
  void uuid(const Uuid& id) { raw(id.data(), id.size()); }
};

class Reader {
 public:
  Reader(const uint8_t* at, size_t length) : at_(at), end_(at + length) {}

  bool is_ok() const { return ok_; }
  size_t left() const { return static_cast<size_t>(end_ - at_); }

  /** Null if so much is not there. */
  const uint8_t* take(size_t length) {
    if (length > left()) {
      ok_ = false;
      at_ = end_;
      return nullptr;
    }
    const uint8_t* here = at_;
    at_ += length;
    return here;
  }
  uint64_t fixed(int length) {
    const uint8_t* here = take(static_cast<size_t>(length));
    return here == nullptr ? 0 : load_at(here, length);
  }
  int8_t int8() { return static_cast<int8_t>(fixed(1)); }
  int16_t int16() { return static_cast<int16_t>(fixed(2)); }
  int32_t int32() { return static_cast<int32_t>(fixed(4)); }
  int64_t int64() { return static_cast<int64_t>(fixed(8)); }

  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t* byte = take(1);
      if (byte == nullptr) return 0;
      value |= static_cast<uint64_t>(*byte & 127) << shift;
      if (*byte < 128) return value;
    }
    ok_ = false;
    return 0;
  }
  int64_t zigzag() {
    const uint64_t value = varint();
    return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
  }
  /** Of a compact array or compact bytes; null counts as none. At least a byte an element must be there. */
  size_t count() {
    const uint64_t length = varint();
    if (length == 0) return 0;
    if (length - 1 > left()) {
      ok_ = false;
      return 0;
    }
    return static_cast<size_t>(length - 1);
  }
  std::string text() {
    const size_t length = count();
    const uint8_t* here = take(length);
    return here == nullptr ? "" : std::string(reinterpret_cast<const char*>(here), length);
  }
  Uuid uuid() {
    Uuid id{};
    const uint8_t* here = take(id.size());
    if (here != nullptr) std::memcpy(id.data(), here, id.size());
    return id;
  }
  void tags() {
    for (uint64_t left = varint(); left > 0 && ok_; left--) {
      varint();
      take(static_cast<size_t>(varint()));
    }
  }

 private:
  const uint8_t* at_;
  const uint8_t* end_;
  bool ok_ = true;
};
