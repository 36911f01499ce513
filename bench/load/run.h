// What all threads of a run share. All but the atomics is made before they begin and then only read.
#pragma once

#include <atomic>
#include <cstdint>

#include "batch.h"
#include "cluster.h"
#include "options.h"
#include "pacing.h"

struct Run {
  Options options;
  Cluster cluster;
  BatchTemplate batch;
  /** In each stamp: whose batches these are. */
  uint32_t id = 0;
  Pacing pacing;

  int64_t measure_ns = 0;
  int64_t end_ns = 0;
  /** Requests over all producers; those numbered below it are sent. */
  int64_t requests_max = INT64_MAX;

  /** What a fetching load has read, for its bounds; counted only where there are any. */
  std::atomic<int64_t> fetched_records{0};
  std::atomic<int64_t> fetched_bytes{0};

  /** End-to-end: the consumers go on until the producers are done and all that they sent is read. */
  std::atomic<int64_t> producers_active{0};
  std::atomic<int64_t> producers_done_ns{0};
  std::atomic<int64_t> batches_written{0};
  std::atomic<int64_t> batches_read{0};

  int64_t timeout_ns() const { return static_cast<int64_t>(options.timeout * 1e9); }
  int64_t drain_end_ns() const { return end_ns + static_cast<int64_t>(options.drain * 1e9); }
};
