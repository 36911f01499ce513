#include "batch.h"

#include <cstddef>
#include <cstring>

#include "arena.h"
#include "border.h"
#include "crc32c.h"

namespace millrace {

// A batch's header as it lies on the wire: big-endian, at these offsets from the batch's first byte.
static constexpr size_t AT_BASE_OFFSET = 0;
static constexpr size_t AT_LENGTH = 8;
static constexpr size_t AT_LEADER_EPOCH = 12;
static constexpr size_t AT_MAGIC = 16;
static constexpr size_t AT_CRC = 17;
static constexpr size_t AT_ATTRIBUTES = 21;
static constexpr size_t AT_LAST_OFFSET_DELTA = 23;
static constexpr size_t AT_MAX_TIMESTAMP = 35;
static constexpr size_t AT_PRODUCER_ID = 43;
static constexpr size_t AT_PRODUCER_EPOCH = 51;
static constexpr size_t AT_BASE_SEQUENCE = 53;
static constexpr size_t AT_RECORD_COUNT = 57;
static constexpr size_t HEADER_BYTES = 61;

// What the length field counts begins after it.
static constexpr size_t UNCOUNTED_BYTES = 12;

static constexpr int32_t COMPRESSION_MASK = 7;
static constexpr int32_t COMPRESSION_MAX = 4;
static constexpr int32_t CONTROL = 1 << 5;

template <typename Unsigned>
static inline Unsigned big_endian(const uint8_t* at) {
  Unsigned value;
  std::memcpy(&value, at, sizeof(value));
  if constexpr (sizeof(value) == 2) return __builtin_bswap16(value);
  if constexpr (sizeof(value) == 4) return __builtin_bswap32(value);
  if constexpr (sizeof(value) == 8) return __builtin_bswap64(value);
}
static inline int16_t int16(const uint8_t* at) { return static_cast<int16_t>(big_endian<uint16_t>(at)); }
static inline int32_t int32(const uint8_t* at) { return static_cast<int32_t>(big_endian<uint32_t>(at)); }
static inline int64_t int64(const uint8_t* at) { return static_cast<int64_t>(big_endian<uint64_t>(at)); }

// ---------------------------------------------------------------------------------------------------------------
// Records.

// Reads forward in [at, end) and never past it. Once something did not fit, `failed` stays set.
struct Cursor {
  const uint8_t* at;
  const uint8_t* end;
  bool failed = false;

  size_t left() const { return static_cast<size_t>(end - at); }

  // A zigzag varint of five bytes at most; bits above the 32nd are dropped, as Kafka does.
  inline int32_t varint() {
    uint32_t value;
    if (at < end && at[0] < 0x80) {
      value = at[0];
      at += 1;
    } else if (left() >= 2 && at[1] < 0x80) {
      value = (at[0] & 0x7fu) | (static_cast<uint32_t>(at[1]) << 7);
      at += 2;
    } else {
      value = long_varint();
    }
    return static_cast<int32_t>((value >> 1) ^ (0 - (value & 1)));
  }

  // Over a varint of ten bytes at most whose value nobody asks for.
  inline void skip_varlong() {
    for (int count = 0; count < 10 && at < end; count++) {
      if (*at++ < 0x80) return;
    }
    failed = true;
  }

  inline void skip(int32_t count) {
    if (static_cast<size_t>(count) > left()) {
      failed = true;
    } else {
      at += count;
    }
  }

  // Over a length and as many bytes; `least` is -1 where null is allowed. Returns the length.
  inline int32_t skip_field(int32_t least) {
    const int32_t length = varint();
    if (length > 0) {
      skip(length);
    } else if (length < least) {
      failed = true;
    }
    return length;
  }

 private:
  __attribute__((noinline)) uint32_t long_varint() {
    uint32_t value = 0;
    for (int shift = 0; shift < 35 && at < end; shift += 7) {
      const uint32_t byte = *at++;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    failed = true;
    return 0;
  }
};

// Over the headers, which end the record.
static void skip_headers(Cursor& record) {
  const int32_t count = record.varint();
  if (count < 0) record.failed = true;
  for (int32_t index = 0; index < count && !record.failed; index++) {
    record.skip_field(0);
    record.skip_field(-1);
  }
}

static constexpr uint32_t ZIGZAG_NULL = 1;

// At most this much is read before, or from the last byte before, a record's end is looked at.
static constexpr size_t PLAIN_SLACK_BYTES = 16;

// Reads a varint of at most three bytes, unsigned; false if it is longer.
static inline bool read_short(const uint8_t* data, size_t& at, uint32_t& value) {
  uint32_t byte = data[at++];
  value = byte;
  if (byte < 0x80) return true;
  byte = data[at++];
  value += (byte << 7) - 0x80;
  if (byte < 0x80) return true;
  byte = data[at++];
  value += (byte << 14) - 0x4000;
  return byte < 0x80;
}

// Over a short length (-1: null) and as many bytes; false if there is none before `end`. Ends anywhere.
static inline bool skip_short_field(const uint8_t* data, size_t& at, size_t end, uint32_t& zigzag) {
  if (at >= end || !read_short(data, at, zigzag) || ((zigzag & 1) != 0 && zigzag != ZIGZAG_NULL)) return false;
  at += zigzag >> 1;
  return true;
}

// Accepts the record that most are: varints of three bytes at most, the offset delta that was expected, and not among
// the last bytes of the body, so that no varint needs a look at how much is left. Nearly halves the walk. Returns its
// bytes, or 0 if the record must be looked at closely: it is never refused here.
static inline size_t accept_plain_record(const uint8_t* data, size_t size, uint32_t delta, bool& null_key) {
  size_t at = 0;
  uint32_t zigzag;
  if (size < PLAIN_SLACK_BYTES || !read_short(data, at, zigzag) || (zigzag & 1) != 0) return 0;
  const size_t length = zigzag >> 1;
  if (length + PLAIN_SLACK_BYTES > size - at) return 0;
  const size_t end = at + length;

  at += 1;
  uint32_t timestamp;
  if (!read_short(data, at, timestamp) || !read_short(data, at, zigzag) || zigzag != delta << 1) return 0;
  uint32_t key;
  if (!skip_short_field(data, at, end, key) || !skip_short_field(data, at, end, zigzag)) return 0;
  uint32_t headers;
  if (at >= end || !read_short(data, at, headers) || (headers & 1) != 0) return 0;
  for (; headers > 0; headers -= 2) {
    if (!skip_short_field(data, at, end, zigzag) || zigzag == ZIGZAG_NULL) return 0;
    if (!skip_short_field(data, at, end, zigzag)) return 0;
  }
  if (at != end) return 0;
  null_key |= key == ZIGZAG_NULL;
  return end;
}

// Whether `count` records fill the body exactly, their offset deltas being 0, 1, 2 … or, with gaps allowed, ever
// greater and at most `delta_max`. Sets `null_key` if one has a null key.
static bool records_are_valid(Cursor body, int32_t count, int32_t delta_max, bool gaps, bool& null_key) {
  int64_t delta_min = 0;
  for (int32_t index = 0; index < count; index++) {
    if (delta_min > delta_max) return false;
    const size_t plain_bytes = accept_plain_record(body.at, body.left(), static_cast<uint32_t>(delta_min), null_key);
    if (plain_bytes != 0) {
      body.at += plain_bytes;
      delta_min++;
      continue;
    }
    const int32_t length = body.varint();
    if (body.failed || length < 0 || static_cast<size_t>(length) > body.left()) return false;
    Cursor record{body.at, body.at + length};
    body.at += length;

    record.skip(1);  // attributes, of which none is defined
    record.skip_varlong();
    const int32_t delta = record.varint();
    if (delta < delta_min || delta > delta_max || (delta > delta_min && !gaps)) return false;
    null_key |= record.skip_field(-1) < 0;
    record.skip_field(-1);
    skip_headers(record);
    if (record.failed || record.at != record.end) return false;
    delta_min = int64_t{delta} + 1;
  }
  return body.at == body.end;
}

// ---------------------------------------------------------------------------------------------------------------
// Batches.

static inline void put64(int32_t* row, int32_t word, int64_t value) {
  row[word] = static_cast<int32_t>(value);
  row[word + 1] = static_cast<int32_t>(value >> 32);
}

// Validates the batch at `batch`, of which `left` bytes are there, and fills its row but for BATCH_OFFSET.
static int32_t validate_batch(const uint8_t* batch, size_t left, bool trusted, int32_t* row) {
  if (left < HEADER_BYTES) return RUN_CORRUPT;
  const int32_t counted = int32(batch + AT_LENGTH);
  if (counted < static_cast<int32_t>(HEADER_BYTES - UNCOUNTED_BYTES)) return RUN_CORRUPT;
  const size_t length = static_cast<size_t>(counted) + UNCOUNTED_BYTES;
  if (length > left) return RUN_CORRUPT;
  if (batch[AT_MAGIC] != 2) return RUN_BAD_MAGIC;
  const uint32_t crc = big_endian<uint32_t>(batch + AT_CRC);
  if (crc32c(0, batch + AT_ATTRIBUTES, length - AT_ATTRIBUTES) != crc) return RUN_BAD_CRC;
  const int32_t attributes = int16(batch + AT_ATTRIBUTES);
  if ((attributes & COMPRESSION_MASK) > COMPRESSION_MAX) return RUN_CORRUPT;

  const int64_t base_offset = int64(batch + AT_BASE_OFFSET);
  const int32_t last_delta = int32(batch + AT_LAST_OFFSET_DELTA);
  const int64_t producer_id = int64(batch + AT_PRODUCER_ID);
  const int32_t base_sequence = int32(batch + AT_BASE_SEQUENCE);
  const int32_t record_count = int32(batch + AT_RECORD_COUNT);
  if (last_delta < 0 || record_count < 0 || record_count - 1 > last_delta) return RUN_INVALID_RECORD;
  if (!trusted) {
    if (record_count - 1 != last_delta || (attributes & CONTROL) != 0) return RUN_INVALID_RECORD;
    if (base_offset != 0 || (producer_id >= 0 && base_sequence < 0)) return RUN_INVALID_RECORD;
  }

  bool null_key = false;
  if ((attributes & COMPRESSION_MASK) == 0) {
    const Cursor body{batch + HEADER_BYTES, batch + length};
    if (!records_are_valid(body, record_count, last_delta, trusted, null_key)) return RUN_INVALID_RECORD;
  }

  row[BATCH_LENGTH] = static_cast<int32_t>(length);
  row[BATCH_RECORD_COUNT] = record_count;
  row[BATCH_ATTRIBUTES] = attributes;
  put64(row, BATCH_PRODUCER_ID, producer_id);
  row[BATCH_PRODUCER_EPOCH] = int16(batch + AT_PRODUCER_EPOCH);
  row[BATCH_BASE_SEQUENCE] = base_sequence;
  put64(row, BATCH_MAX_TIMESTAMP, int64(batch + AT_MAX_TIMESTAMP));
  row[BATCH_LAST_OFFSET_DELTA] = last_delta;
  row[BATCH_CRC] = static_cast<int32_t>(crc);
  row[BATCH_LEADER_EPOCH] = int32(batch + AT_LEADER_EPOCH);
  row[BATCH_FLAGS] = null_key ? BATCH_HAS_NULL_KEY : 0;
  put64(row, BATCH_BASE_OFFSET, base_offset);
  return RUN_OK;
}

// The rows of `batches` that are filled, and how many there are.
struct Rows {
  int32_t* words;
  size_t filled;
  size_t room;
};

// Validates [from, to) of an arena into one row of `runResults`.
static void validate_run(const uint8_t* arena, size_t from, size_t to, int32_t limits, Rows& rows, int32_t* result) {
  const bool trusted = (limits & RUN_TRUSTED) != 0;
  const int32_t batches_max = limits & RUN_BATCHES_MAX_MASK;
  const size_t first_row = rows.filled;
  int32_t status = from == to && !trusted ? RUN_INVALID_RECORD : RUN_OK;
  int32_t count = 0;
  size_t at = from;
  while (at < to && status == RUN_OK) {
    if (count == batches_max) {
      status = RUN_TOO_MANY;
    } else if (rows.filled == rows.room) {
      status = RUN_TABLE_FULL;
    } else {
      int32_t* row = rows.words + rows.filled * BATCH_WORDS;
      status = validate_batch(arena + at, to - at, trusted, row);
      if (status != RUN_OK) break;
      row[BATCH_OFFSET] = static_cast<int32_t>(at);
      at += static_cast<uint32_t>(row[BATCH_LENGTH]);
      rows.filled++;
      count++;
    }
  }
  result[0] = status;
  result[1] = count;
  result[2] = static_cast<int32_t>(first_row);
  result[3] = static_cast<int32_t>(at);
}

// ---------------------------------------------------------------------------------------------------------------

// new BatchValidator(arenas: readonly Uint8Array[])
class BatchValidator : public Napi::ObjectWrap<BatchValidator> {
 public:
  explicit BatchValidator(const Napi::CallbackInfo& info) : Napi::ObjectWrap<BatchValidator>(info) {
    if (info.Length() != 1 || !arenas_.hold(info.Env(), info[0])) {
      Napi::TypeError::New(info.Env(), "new BatchValidator(arenas: Uint8Array[])").ThrowAsJavaScriptException();
    }
  }

  static void define(Napi::Env env, Napi::Object exports) {
    exports.Set("BatchValidator",
                DefineClass(env, "BatchValidator", {InstanceMethod<&BatchValidator::validate>("validate")}));
  }

 private:
  // validate(runs: Int32Array, runCount: number, runResults: Int32Array, batches: Int32Array): void
  Napi::Value validate(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const Words<int32_t> runs = int32_words(env, info[0]);
    const Words<int32_t> results = int32_words(env, info[2]);
    const Words<int32_t> batches = int32_words(env, info[3]);
    uint32_t run_count;
    if (!runs || !results || !batches || napi_get_value_uint32(env, info[1], &run_count) != napi_ok) {
      Napi::TypeError::New(env, "validate(runs: Int32Array, runCount, runResults: Int32Array, batches: Int32Array)")
          .ThrowAsJavaScriptException();
      return env.Undefined();
    }
    if (run_count > runs.length / RUN_WORDS || run_count > results.length / RUN_RESULT_WORDS) {
      Napi::RangeError::New(env, "validate: more runs than rows").ThrowAsJavaScriptException();
      return env.Undefined();
    }
    Rows rows{batches.data, 0, batches.length / BATCH_WORDS};
    for (uint32_t index = 0; index < run_count; index++) {
      const int32_t* run = runs.data + static_cast<size_t>(index) * RUN_WORDS;
      const Span* arena = arenas_.find(static_cast<uint32_t>(run[0]));
      const size_t from = static_cast<uint32_t>(run[1]);
      const size_t length = static_cast<uint32_t>(run[2]);
      if (arena == nullptr || !arena->holds(from, length)) {
        Napi::RangeError::New(env, "validate: a run outside of its arena").ThrowAsJavaScriptException();
        return env.Undefined();
      }
      validate_run(arena->data, from, from + length, run[3], rows,
                   results.data + static_cast<size_t>(index) * RUN_RESULT_WORDS);
    }
    return env.Undefined();
  }

  ArenaTable arenas_;
};

void register_batch(Napi::Env env, Napi::Object exports) {
  BatchValidator::define(env, exports);
  export_constants(exports, {
    {"RUN_WORDS", RUN_WORDS},
    {"RUN_BATCHES_MAX_MASK", RUN_BATCHES_MAX_MASK},
    {"RUN_TRUSTED", RUN_TRUSTED},
    {"RUN_RESULT_WORDS", RUN_RESULT_WORDS},
    {"RUN_OK", RUN_OK},
    {"RUN_CORRUPT", RUN_CORRUPT},
    {"RUN_BAD_CRC", RUN_BAD_CRC},
    {"RUN_BAD_MAGIC", RUN_BAD_MAGIC},
    {"RUN_INVALID_RECORD", RUN_INVALID_RECORD},
    {"RUN_TOO_MANY", RUN_TOO_MANY},
    {"RUN_TABLE_FULL", RUN_TABLE_FULL},
    {"BATCH_WORDS", BATCH_WORDS},
    {"BATCH_OFFSET", BATCH_OFFSET},
    {"BATCH_LENGTH", BATCH_LENGTH},
    {"BATCH_RECORD_COUNT", BATCH_RECORD_COUNT},
    {"BATCH_ATTRIBUTES", BATCH_ATTRIBUTES},
    {"BATCH_PRODUCER_ID", BATCH_PRODUCER_ID},
    {"BATCH_PRODUCER_EPOCH", BATCH_PRODUCER_EPOCH},
    {"BATCH_BASE_SEQUENCE", BATCH_BASE_SEQUENCE},
    {"BATCH_MAX_TIMESTAMP", BATCH_MAX_TIMESTAMP},
    {"BATCH_LAST_OFFSET_DELTA", BATCH_LAST_OFFSET_DELTA},
    {"BATCH_CRC", BATCH_CRC},
    {"BATCH_LEADER_EPOCH", BATCH_LEADER_EPOCH},
    {"BATCH_FLAGS", BATCH_FLAGS},
    {"BATCH_BASE_OFFSET", BATCH_BASE_OFFSET},
    {"BATCH_HAS_NULL_KEY", BATCH_HAS_NULL_KEY},
  });
}

}  // namespace millrace
