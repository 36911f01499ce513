// The brokers and the topic as they are when a run begins: who leads which partition, what all of them speak.
//
// Made once, by the main thread, before any load; read by all threads afterwards. Leadership that moves later is an
// error of the run.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "kafka.h"
#include "options.h"

struct PartitionPlace {
  int32_t leader = -1;
  int64_t begin_offset = 0;
  int64_t end_offset = 0;
};

struct Cluster {
  std::map<int32_t, kafka::Broker> brokers;
  kafka::Versions versions;
  kafka::Topic topic;
  std::vector<PartitionPlace> partitions;
};

/** Asks, makes the topic if that is wanted, and waits until every partition has a leader that answers for it. */
Cluster discover(const Options& options);
