#include "verification.h"

#include <string>

#include "fail.h"

static uint64_t mix(uint64_t value) {
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
  value = (value ^ value >> 27) * 0x94d049bb133111eb;
  return value ^ value >> 31;
}

void Checksum::add(int32_t partition, uint32_t lane, int64_t sequence, uint32_t crc, int64_t records_more) {
  batches++;
  records += records_more;
  const uint64_t place = mix(uint64_t{lane} << 32 | static_cast<uint32_t>(partition));
  sum += mix(mix(place + static_cast<uint64_t>(sequence)) ^ crc);
}

void Checksum::merge(const Checksum& other) {
  batches += other.batches;
  records += other.records;
  sum += other.sum;
}

PartitionCheck::Lane& PartitionCheck::lane_of(const Stamp& stamp) {
  for (Lane& lane : lanes_) {
    if (lane.lane == stamp.lane && lane.run == stamp.run) return lane;
  }
  lanes_.push_back({stamp.run, stamp.lane, from_beginning_ ? 0 : stamp.sequence});
  return lanes_.back();
}

void PartitionCheck::read(const BatchView& view, int64_t expected_offset, Checksum& checksum) {
  const auto refuse = [&](const std::string& words) {
    fail("verify: partition " + std::to_string(partition_) + ", offset " + std::to_string(view.base_offset()) + ": " +
         words);
  };
  if (view.base_offset() != expected_offset) refuse("expected offset " + std::to_string(expected_offset));
  if (const char* damage = damage_of(view)) refuse(std::string("a corrupted batch: ") + damage);
  Stamp stamp;
  if (!stamp_of(view, stamp)) refuse("a batch that no verify=1 wrote");
  Lane& lane = lane_of(stamp);
  if (stamp.sequence != lane.next) {
    refuse("batch " + std::to_string(stamp.sequence) + " of lane " + std::to_string(stamp.lane) + ", expected " +
           std::to_string(lane.next) + ": " + (stamp.sequence > lane.next ? "lost" : "doubled or out of order"));
  }
  lane.next++;
  checksum.add(partition_, stamp.lane, stamp.sequence, view.crc(), view.records());
}
