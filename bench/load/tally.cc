#include "tally.h"

#include <algorithm>

#include "clock.h"

void Tally::count(int64_t at_ns, int64_t batches_more, int64_t records_more, int64_t bytes_more) {
  requests++;
  batches += batches_more;
  records += records_more;
  bytes += bytes_more;
  last_ns = at_ns;
  const size_t second = static_cast<size_t>(at_ns / NS_A_SECOND);
  if (second >= series.size()) series.resize(second + 1);
  series[second].records += records_more;
  series[second].bytes += bytes_more;
}

void Tally::merge(const Tally& other) {
  requests += other.requests;
  batches += other.batches;
  records += other.records;
  bytes += other.bytes;
  throttled += other.throttled;
  unsent += other.unsent;
  last_ns = std::max(last_ns, other.last_ns);
  latency.merge(other.latency);
  if (series.size() < other.series.size()) series.resize(other.series.size());
  for (size_t second = 0; second < other.series.size(); second++) {
    series[second].records += other.series[second].records;
    series[second].bytes += other.series[second].bytes;
  }
  for (const auto& [code, count] : other.errors) errors[code] += count;
}
