// Counts of durations in buckets whose width grows with the value: three significant digits from 1 ns to over an hour,
// as HdrHistogram has them. One thread records; merged when the threads have ended.
//
// Up to 2047 each value has its bucket; above, each power of two has 1024. A bucket stands for its greatest value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

class Histogram {
 public:
  Histogram() : counts_(BUCKETS) {}

  void record(int64_t value) {
    if (value < 0) value = 0;
    if (value > VALUE_MAX) value = VALUE_MAX;
    counts_[bucket_of(value)]++;
    count_++;
    sum_ += static_cast<double>(value);
    if (value > max_) max_ = value;
    if (value < min_) min_ = value;
  }
  void merge(const Histogram& other);

  int64_t count() const { return count_; }
  int64_t min() const { return count_ == 0 ? 0 : min_; }
  int64_t max() const { return max_; }
  double mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }
  /** The least bucket's value that `share` (0 to 1) of all are not greater than. */
  int64_t percentile(double share) const;
  /** What was counted: greatest value of a bucket, count. */
  std::vector<std::pair<int64_t, int64_t>> buckets() const;

 private:
  static constexpr int64_t VALUE_MAX = (int64_t{1} << 42) - 1;
  static constexpr int SUB_BITS = 10;
  static constexpr size_t BUCKETS = (42 - SUB_BITS + 1) << SUB_BITS;

  static size_t bucket_of(int64_t value) {
    const int bits = 64 - __builtin_clzll(static_cast<uint64_t>(value) | 1);
    const int shift = bits > SUB_BITS + 1 ? bits - SUB_BITS - 1 : 0;
    return (static_cast<size_t>(shift) << SUB_BITS) + static_cast<size_t>(value >> shift);
  }
  static int64_t greatest_of(size_t bucket);

  std::vector<int64_t> counts_;
  int64_t count_ = 0;
  int64_t min_ = INT64_MAX;
  int64_t max_ = 0;
  double sum_ = 0;
};
