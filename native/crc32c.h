// CRC-32C (Castagnoli), the checksum of record batches. Pure and free-threaded.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>

namespace millrace {

/** The CRC-32C of `data`, going on from `seed` (0 to start). By the CPU's own instructions where it has them. */
uint32_t crc32c(uint32_t seed, const uint8_t* data, size_t length);

/** The same by tables, whatever the CPU: the reference of the tests. */
uint32_t crc32c_software(uint32_t seed, const uint8_t* data, size_t length);

void register_crc32c(Napi::Env env, Napi::Object exports);

}  // namespace millrace
