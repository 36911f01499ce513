#include "cluster.h"

#include <time.h>

#include <memory>

#include "clock.h"
#include "fail.h"
#include "socket.h"

static constexpr int64_t PATIENCE_NS = 30 * NS_A_SECOND;
static constexpr size_t LISTED_AT_ONCE = 5000;

using Sockets = std::map<int32_t, std::unique_ptr<Socket>>;

static kafka::Broker parse_address(const std::string& text) {
  const std::string first = text.substr(0, text.find(','));
  const size_t colon = first.rfind(':');
  if (colon == std::string::npos || colon == 0) fail("bootstrap=" + text + " is not host:port");
  kafka::Broker broker;
  broker.host = first.substr(0, colon);
  broker.port = std::atoi(first.c_str() + colon + 1);
  if (broker.port < 1 || broker.port > 65535) fail("bootstrap=" + text + " is not host:port");
  return broker;
}

static Reader reader_of(const Bytes& answer) { return Reader(answer.data(), answer.size()); }

static void agree(Socket& socket, kafka::Versions& versions) {
  const Bytes answer = socket.call(kafka::api_versions_request(0));
  Reader in = reader_of(answer);
  kafka::read_api_versions(in, versions);
}

static void pause_or_fail(int64_t deadline, const std::string& words) {
  if (now_ns() > deadline) fail(words);
  const timespec pause = to_timespec(20 * NS_A_MILLISECOND);
  nanosleep(&pause, nullptr);
}

static void create(Socket& socket, const Options& options, const kafka::Versions& versions) {
  const int16_t version = versions.at(kafka::CREATE_TOPICS);
  const int partitions = options.partitions == 0 ? 1 : static_cast<int>(options.partitions);
  const Bytes answer = socket.call(kafka::create_topic_request(options.topic, partitions,
                                                               static_cast<int>(options.replication_factor), version));
  Reader in = reader_of(answer);
  std::string message;
  const int16_t error = kafka::read_create_topic(in, version, message);
  static constexpr int16_t EXISTS = 36;
  if (error != 0 && error != EXISTS) fail("topic " + options.topic + ": " + kafka::error_name(error) + " " + message);
}

static bool has_leaders(const kafka::Metadata& metadata, size_t partitions) {
  if (metadata.error != 0 || metadata.leaders.size() < partitions || metadata.leaders.empty()) return false;
  for (size_t index = 0; index < partitions; index++) {
    if (metadata.brokers.count(metadata.leaders[index]) == 0) return false;
  }
  return true;
}

static kafka::Metadata find_topic(Socket& socket, const Options& options, const kafka::Versions& versions) {
  const int16_t version = versions.at(kafka::METADATA);
  const int64_t deadline = now_ns() + PATIENCE_NS;
  bool is_created = false;
  for (;;) {
    const Bytes answer = socket.call(kafka::metadata_request(options.topic, version));
    Reader in = reader_of(answer);
    kafka::Metadata metadata = kafka::read_metadata(in, version);
    static constexpr int16_t UNKNOWN = 3;
    if (metadata.error == UNKNOWN && options.create != 0 && !is_created) {
      create(socket, options, versions);
      is_created = true;
      continue;
    }
    if (metadata.error == 0 && metadata.leaders.size() < static_cast<size_t>(options.partitions)) {
      fail("topic " + options.topic + " has only " + std::to_string(metadata.leaders.size()) + " partitions");
    }
    const size_t wanted = options.partitions == 0 ? metadata.leaders.size() : static_cast<size_t>(options.partitions);
    if (has_leaders(metadata, wanted)) return metadata;
    if (metadata.error != 0 && !is_created) fail("topic " + options.topic + ": " + kafka::error_name(metadata.error));
    pause_or_fail(deadline, "topic " + options.topic + " has partitions without a leader");
  }
}

/** Again and again until each leader knows that it leads: what was made a moment ago may not have reached it. */
static void list_offsets(Sockets& sockets, Cluster& cluster, int64_t timestamp, int64_t PartitionPlace::*field) {
  const int64_t deadline = now_ns() + PATIENCE_NS;
  for (auto& [id, socket] : sockets) {
    std::vector<int32_t> led;
    for (size_t index = 0; index < cluster.partitions.size(); index++) {
      if (cluster.partitions[index].leader == id) led.push_back(static_cast<int32_t>(index));
    }
    while (!led.empty()) {
      const size_t count = std::min(led.size(), LISTED_AT_ONCE);
      const std::vector<int32_t> asked(led.end() - static_cast<ptrdiff_t>(count), led.end());
      const Bytes answer = socket->call(kafka::list_offsets_request(cluster.topic.name, asked, timestamp,
                                                                    cluster.versions.at(kafka::LIST_OFFSETS)));
      Reader in = reader_of(answer);
      const auto listed = kafka::read_list_offsets(in);
      led.resize(led.size() - count);
      int16_t error = 0;
      for (const int32_t partition : asked) {
        const auto found = listed.find(partition);
        if (found == listed.end()) fail("ListOffsets: an answer without partition " + std::to_string(partition));
        if (found->second.error == 0) {
          cluster.partitions[static_cast<size_t>(partition)].*field = found->second.offset;
        } else {
          error = found->second.error;
          led.push_back(partition);
        }
      }
      if (error != 0) pause_or_fail(deadline, "ListOffsets: " + kafka::error_name(error));
    }
  }
}

Cluster discover(const Options& options) {
  Cluster cluster;
  Socket bootstrap(parse_address(options.bootstrap));
  agree(bootstrap, cluster.versions);
  const kafka::Metadata metadata = find_topic(bootstrap, options, cluster.versions);
  cluster.topic = metadata.topic;
  const size_t partitions =
      options.partitions == 0 ? metadata.leaders.size() : static_cast<size_t>(options.partitions);
  Sockets sockets;
  for (size_t index = 0; index < partitions; index++) {
    const int32_t leader = metadata.leaders[index];
    cluster.partitions.push_back({leader, 0, 0});
    if (sockets.count(leader) > 0) continue;
    const kafka::Broker& broker = metadata.brokers.at(leader);
    cluster.brokers[leader] = broker;
    sockets[leader] = std::make_unique<Socket>(broker);
    agree(*sockets[leader], cluster.versions);
  }
  list_offsets(sockets, cluster, kafka::EARLIEST, &PartitionPlace::begin_offset);
  list_offsets(sockets, cluster, kafka::LATEST, &PartitionPlace::end_offset);
  return cluster;
}
