#include "memory_log.h"

#include <algorithm>

MemoryLog::MemoryLog(const Settings& settings)
    : settings_(settings),
      partitions_(static_cast<size_t>(settings.partitions)),
      ready_(BatchTemplate::encode(static_cast<int>(settings.records), static_cast<int>(settings.record_bytes),
                                   false)) {}

int64_t MemoryLog::begin_offset(int32_t partition) const {
  return partitions_[static_cast<size_t>(partition)].begin_offset;
}

int64_t MemoryLog::end_offset(int32_t partition) const {
  return settings_.keeps ? partitions_[static_cast<size_t>(partition)].next_offset : ENDLESS;
}

int64_t MemoryLog::append(int32_t partition, const BatchView& view) {
  Partition& log = partitions_[static_cast<size_t>(partition)];
  const int64_t offset = log.next_offset;
  if (!settings_.keeps) {
    log.next_offset += view.records();
    return offset;
  }
  const bool is_faulty = appended_++ == settings_.fault_at;
  const std::string fault = is_faulty ? settings_.fault : "none";
  if (fault == "lose") return offset;
  if (fault == "swap") {
    held_.assign(view.at, view.at + view.length);
    return offset;
  }
  keep(partition, view.at, view.length);
  if (fault == "double") keep(partition, view.at, view.length);
  if (fault == "corrupt") log.kept.back().bytes.back() ^= 1;
  if (!held_.empty()) {
    const Bytes held = std::move(held_);
    held_.clear();
    keep(partition, held.data(), held.size());
  }
  return offset;
}

void MemoryLog::keep(int32_t partition, const uint8_t* at, size_t length) {
  Partition& log = partitions_[static_cast<size_t>(partition)];
  const int64_t next_offset = log.next_offset + load_int32(at + 57);
  Kept kept{log.next_offset, next_offset, Bytes(at, at + length)};
  store_at(kept.bytes.data(), static_cast<uint64_t>(log.next_offset), 8);
  log.next_offset = next_offset;
  log.kept.push_back(std::move(kept));
  kept_bytes_ += static_cast<int64_t>(length);
  while (kept_bytes_ > settings_.keep_bytes && log.kept.size() > 1) {
    kept_bytes_ -= static_cast<int64_t>(log.kept.front().bytes.size());
    log.kept.pop_front();
    log.begin_offset = log.kept.front().base_offset;
  }
}

MemoryLog::Piece MemoryLog::read(int32_t partition, int64_t offset, size_t bytes_max) {
  if (settings_.keeps) return read_kept(partitions_[static_cast<size_t>(partition)], offset, bytes_max);
  const Bytes& batch = ready_.bytes();
  const size_t count = std::max<size_t>(1, std::min(bytes_max, READY_BYTES_MAX) / batch.size());
  while (block_.size() < count * batch.size()) block_.insert(block_.end(), batch.begin(), batch.end());
  for (size_t index = 0; index < count; index++) {
    store_at(block_.data() + index * batch.size(), static_cast<uint64_t>(offset) + index * ready_.records(), 8);
  }
  return {block_.data(), count * batch.size()};
}

MemoryLog::Piece MemoryLog::read_kept(const Partition& partition, int64_t offset, size_t bytes_max) {
  block_.clear();
  auto each = std::partition_point(partition.kept.begin(), partition.kept.end(),
                                   [&](const Kept& kept) { return kept.next_offset <= offset; });
  for (; each != partition.kept.end(); ++each) {
    if (!block_.empty() && block_.size() + each->bytes.size() > bytes_max) break;
    block_.insert(block_.end(), each->bytes.begin(), each->bytes.end());
  }
  return {block_.data(), block_.size()};
}
