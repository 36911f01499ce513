#include "batch.h"

#include <time.h>

#include <cstdio>

#include "fail.h"

// Four bytes that no letters are.
static constexpr uint32_t STAMP_MAGIC = 0xfe57a3b1;

BatchTemplate BatchTemplate::encode(int records, int value_bytes, bool is_stamped) {
  if (is_stamped && value_bytes < static_cast<int>(STAMP_BYTES)) {
    fail("recordBytes: at least " + std::to_string(STAMP_BYTES) + " where each batch is stamped");
  }
  timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  const int64_t timestamp_ms = time.tv_sec * 1000 + time.tv_nsec / 1'000'000;
  BatchTemplate made;
  Writer batch;
  batch.int64(0);
  batch.int32(0);  // length
  batch.int32(-1);
  batch.int8(2);
  batch.int32(0);  // CRC
  batch.int16(0);
  batch.int32(records - 1);
  batch.int64(timestamp_ms);
  batch.int64(timestamp_ms);
  batch.int64(-1);  // neither idempotent nor transactional
  batch.int16(-1);
  batch.int32(-1);
  batch.int32(records);
  uint32_t random = 12345;
  Writer head;
  for (int index = 0; index < records; index++) {
    head.clear();
    head.int8(0);
    head.zigzag(0);
    head.zigzag(index);
    head.zigzag(-1);
    head.zigzag(value_bytes);
    batch.zigzag(static_cast<int64_t>(head.position()) + value_bytes + 1);
    batch.raw(head.bytes.data(), head.position());
    if (index == 0) made.stamp_at_ = batch.position();
    for (int at = 0; at < value_bytes; at++) {
      random = random * 1664525 + 1013904223;
      batch.int8('a' + (random >> 24) % 26);
    }
    batch.zigzag(0);
  }
  made.bytes_ = std::move(batch.bytes);
  made.records_ = records;
  store_at(&made.bytes_[8], made.bytes_.size() - 12, 4);
  if (is_stamped) {
    std::memset(&made.bytes_[made.stamp_at_], 0, STAMP_BYTES);
    made.zeros_after_ = std::make_shared<ZerosAfter>(made.bytes_.size() - made.stamp_at_ - STAMP_BYTES);
  }
  made.crc_ = crc32c(&made.bytes_[21], made.bytes_.size() - 21);
  store_at(&made.bytes_[17], made.crc_, 4);
  return made;
}

BatchTemplate BatchTemplate::read(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) fail("batch=" + path + " cannot be opened");
  BatchTemplate made;
  uint8_t chunk[65536];
  for (size_t got; (got = std::fread(chunk, 1, sizeof chunk, file)) > 0;) {
    made.bytes_.insert(made.bytes_.end(), chunk, chunk + got);
    if (made.bytes_.size() > 64 << 20) fail("batch=" + path + " is larger than 64 MiB");
  }
  std::fclose(file);
  const uint8_t* at = made.bytes_.data();
  const uint8_t* end = at + made.bytes_.size();
  BatchView view;
  if (next_batch(at, end, view) != Walk::batch || at != end) fail("batch=" + path + " is not one whole record batch");
  if (const char* damage = damage_of(view)) fail("batch=" + path + ": " + damage);
  made.records_ = view.records();
  made.crc_ = view.crc();
  return made;
}

uint32_t BatchTemplate::stamp(uint8_t* at, const Stamp& stamp) const {
  uint8_t* place = at + stamp_at_;
  store_at(place, STAMP_MAGIC, 4);
  store_at(place + 4, stamp.run, 4);
  store_at(place + 8, stamp.lane, 4);
  store_at(place + 12, static_cast<uint64_t>(stamp.sequence), 8);
  store_at(place + 20, static_cast<uint64_t>(stamp.intended_ns), 8);
  const uint32_t crc = crc_ ^ (*zeros_after_)(crc32c_raw(0, place, STAMP_BYTES));
  store_at(at + 17, crc, 4);
  return crc;
}

Walk next_batch(const uint8_t*& at, const uint8_t* end, BatchView& view) {
  const size_t left = static_cast<size_t>(end - at);
  if (left < BATCH_HEADER_BYTES) return Walk::end;
  const int32_t length = load_int32(at + 8);
  if (length < static_cast<int32_t>(BATCH_HEADER_BYTES) - 12 || at[16] != 2) return Walk::malformed;
  view.at = at;
  view.length = static_cast<size_t>(length) + 12;
  if (view.length > left) return Walk::end;
  if (view.records() < 0 || view.last_offset_delta() < 0) return Walk::malformed;
  at += view.length;
  return Walk::batch;
}

const char* damage_of(const BatchView& view) {
  if (crc32c(view.at + 21, view.length - 21) != view.crc()) return "its checksum is wrong";
  if (view.last_offset_delta() != view.records() - 1) return "its number of records and last offset do not agree";
  return nullptr;
}

bool stamp_of(const BatchView& view, Stamp& stamp) {
  if ((view.attributes() & 7) != 0) return false;
  Reader record(view.at + BATCH_HEADER_BYTES, view.length - BATCH_HEADER_BYTES);
  record.zigzag();  // length
  record.int8();
  record.zigzag();
  record.zigzag();
  const int64_t key_bytes = record.zigzag();
  if (key_bytes > 0) record.take(static_cast<size_t>(key_bytes));
  const int64_t value_bytes = record.zigzag();
  if (!record.is_ok() || value_bytes < static_cast<int64_t>(STAMP_BYTES)) return false;
  if (static_cast<uint32_t>(record.int32()) != STAMP_MAGIC) return false;
  stamp.run = static_cast<uint32_t>(record.int32());
  stamp.lane = static_cast<uint32_t>(record.int32());
  stamp.sequence = record.int64();
  stamp.intended_ns = record.int64();
  return record.is_ok();
}
