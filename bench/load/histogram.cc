#include "histogram.h"

#include <algorithm>
#include <cmath>

void Histogram::merge(const Histogram& other) {
  for (size_t bucket = 0; bucket < counts_.size(); bucket++) counts_[bucket] += other.counts_[bucket];
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
  min_ = std::min(min_, other.min_);
}

int64_t Histogram::greatest_of(size_t bucket) {
  if (bucket < size_t{2} << SUB_BITS) return static_cast<int64_t>(bucket);
  const size_t shift = (bucket >> SUB_BITS) - 1;
  return (static_cast<int64_t>(bucket - (shift << SUB_BITS) + 1) << shift) - 1;
}

int64_t Histogram::percentile(double share) const {
  const int64_t rank = std::max<int64_t>(1, static_cast<int64_t>(std::ceil(share * static_cast<double>(count_))));
  int64_t seen = 0;
  for (size_t bucket = 0; bucket < counts_.size(); bucket++) {
    seen += counts_[bucket];
    if (seen >= rank) return std::min(greatest_of(bucket), max_);
  }
  return max_;
}

std::vector<std::pair<int64_t, int64_t>> Histogram::buckets() const {
  std::vector<std::pair<int64_t, int64_t>> all;
  for (size_t bucket = 0; bucket < counts_.size(); bucket++) {
    if (counts_[bucket] > 0) all.emplace_back(greatest_of(bucket), counts_[bucket]);
  }
  return all;
}
