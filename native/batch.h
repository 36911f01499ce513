// Validation of record batches (format v2) where they lie in an arena. Pure: no state between calls.
#pragma once

#include <napi.h>

#include <cstdint>

namespace millrace {

// One row of `runs`: arena, offset, length, how many batches to accept (low 16 bits) and flags.
inline constexpr int32_t RUN_WORDS = 4;
inline constexpr int32_t RUN_BATCHES_MAX_MASK = 0xffff;
inline constexpr int32_t RUN_TRUSTED = 1 << 16;
// One row of `runResults`: status, batches found good, first row in `batches`, where validation stopped.
inline constexpr int32_t RUN_RESULT_WORDS = 4;

inline constexpr int32_t RUN_OK = 0;
inline constexpr int32_t RUN_CORRUPT = 1;
inline constexpr int32_t RUN_BAD_CRC = 2;
inline constexpr int32_t RUN_BAD_MAGIC = 3;
inline constexpr int32_t RUN_INVALID_RECORD = 4;
inline constexpr int32_t RUN_TOO_MANY = 5;
inline constexpr int32_t RUN_TABLE_FULL = 6;

inline constexpr int32_t BATCH_WORDS = 16;
inline constexpr int32_t BATCH_OFFSET = 0;
inline constexpr int32_t BATCH_LENGTH = 1;
inline constexpr int32_t BATCH_RECORD_COUNT = 2;
inline constexpr int32_t BATCH_ATTRIBUTES = 3;
inline constexpr int32_t BATCH_PRODUCER_ID = 4;
inline constexpr int32_t BATCH_PRODUCER_EPOCH = 6;
inline constexpr int32_t BATCH_BASE_SEQUENCE = 7;
inline constexpr int32_t BATCH_MAX_TIMESTAMP = 8;
inline constexpr int32_t BATCH_LAST_OFFSET_DELTA = 10;
inline constexpr int32_t BATCH_CRC = 11;
inline constexpr int32_t BATCH_LEADER_EPOCH = 12;
inline constexpr int32_t BATCH_FLAGS = 13;
inline constexpr int32_t BATCH_BASE_OFFSET = 14;

inline constexpr int32_t BATCH_HAS_NULL_KEY = 1;

void register_batch(Napi::Env env, Napi::Object exports);

}  // namespace millrace
