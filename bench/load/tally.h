// What one thread has counted of one half of the load, producing or fetching. Merged when the threads have ended.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "histogram.h"

struct Second {
  int64_t records = 0;
  int64_t bytes = 0;
};

/** By error code; CLOSED for a connection that the broker ended. */
using Errors = std::map<int, int64_t>;
constexpr int CLOSED = 1 << 20;

struct Tally {
  int64_t requests = 0;
  int64_t batches = 0;
  int64_t records = 0;
  int64_t bytes = 0;
  int64_t throttled = 0;
  /** Open loop: due before the end and not sent when the drain was over. */
  int64_t unsent = 0;
  int64_t last_ns = 0;
  Histogram latency;
  std::vector<Second> series;
  Errors errors;

  /** `at_ns` since measuring began. */
  void count(int64_t at_ns, int64_t batches_more, int64_t records_more, int64_t bytes_more);
  void merge(const Tally& other);
};
