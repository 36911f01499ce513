// What a run found, as one JSON object. All times in nanoseconds.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "worker.h"

struct Cpu {
  double user_seconds = 0;
  double system_seconds = 0;
};

/** Of this process so far. */
Cpu cpu_so_far();

/** Fails if what was read is not what was written. `cpu`: while measuring. */
std::string report(const Run& run, const std::vector<std::unique_ptr<Worker>>& workers, int64_t connections, Cpu cpu);

/** A histogram as the report has it: `{"count":…,"p50Ns":…,…,"histogram":[[valueNs,count],…]}`. */
void write_histogram(Json& json, const char* name, const Histogram& histogram);
