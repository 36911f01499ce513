// What a reactor has done so far: COUNTER_… of src/native/contract.ts. Counted here, published at the end of each poll
// and flush into memory that other threads may read (each word for itself; the two halves of a pair may be torn).
#pragma once

#include <cstdint>

namespace millrace {

constexpr int32_t COUNTER_TICKS = 0;
constexpr int32_t COUNTER_RECEIVE_CALLS = 1;
constexpr int32_t COUNTER_SEND_CALLS = 2;
constexpr int32_t COUNTER_SENDFILE_CALLS = 3;
constexpr int32_t COUNTER_RECEIVED_BYTES = 4;
constexpr int32_t COUNTER_SENT_BYTES = 6;
constexpr int32_t COUNTER_SENDFILE_BYTES = 8;
constexpr int32_t COUNTER_COPIED_OUTPUT_BYTES = 10;
constexpr int32_t COUNTER_MOVED_INPUT_BYTES = 12;
constexpr int32_t COUNTER_WORDS = 16;

struct Counters {
  uint32_t ticks = 0;
  uint32_t receive_calls = 0;
  uint32_t send_calls = 0;
  uint32_t sendfile_calls = 0;
  uint64_t received_bytes = 0;
  uint64_t sent_bytes = 0;
  uint64_t sendfile_bytes = 0;
  uint64_t copied_output_bytes = 0;
  uint64_t moved_input_bytes = 0;

  void publish(int32_t* words) const {
    store(words + COUNTER_TICKS, ticks);
    store(words + COUNTER_RECEIVE_CALLS, receive_calls);
    store(words + COUNTER_SEND_CALLS, send_calls);
    store(words + COUNTER_SENDFILE_CALLS, sendfile_calls);
    store_pair(words + COUNTER_RECEIVED_BYTES, received_bytes);
    store_pair(words + COUNTER_SENT_BYTES, sent_bytes);
    store_pair(words + COUNTER_SENDFILE_BYTES, sendfile_bytes);
    store_pair(words + COUNTER_COPIED_OUTPUT_BYTES, copied_output_bytes);
    store_pair(words + COUNTER_MOVED_INPUT_BYTES, moved_input_bytes);
  }

 private:
  static void store(int32_t* word, uint32_t value) {
    __atomic_store_n(word, static_cast<int32_t>(value), __ATOMIC_RELAXED);
  }
  static void store_pair(int32_t* words, uint64_t value) {
    store(words, static_cast<uint32_t>(value));
    store(words + 1, static_cast<uint32_t>(value >> 32));
  }
};

}  // namespace millrace
