// A thread that carries out writes and syncs in the order they were submitted. Owned by the environment that made it.
#pragma once

#include <napi.h>

#include <cstdint>

namespace millrace {

// Words of the progress table, shared memory.
inline constexpr int32_t PROGRESS_WRITTEN = 0;
inline constexpr int32_t PROGRESS_DONE = 1;
inline constexpr int32_t PROGRESS_FAILED = 2;
inline constexpr int32_t PROGRESS_ERRNO = 3;
inline constexpr int32_t PROGRESS_WORDS = 4;

// One row of a slice table: arena, offset, length.
inline constexpr int32_t SLICE_WORDS = 3;

inline constexpr int32_t DISK_ALIGNED = 1;
inline constexpr int32_t DISK_SYNC = 2;
inline constexpr int32_t DISK_RING_WRITTEN = 4;

void register_disk_queue(Napi::Env env, Napi::Object exports);

}  // namespace millrace
