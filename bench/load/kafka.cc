#include "kafka.h"

#include <algorithm>

#include "fail.h"

namespace kafka {

static const char CLIENT_ID[] = "load";

std::string error_name(int code) {
  static const std::map<int, const char*> names = {
      {-1, "unknown server error"}, {1, "offset out of range"}, {2, "corrupt message"},
      {3, "unknown topic or partition"}, {5, "leader not available"}, {6, "not leader or follower"},
      {7, "request timed out"}, {9, "replica not available"}, {10, "message too large"}, {17, "invalid topic"},
      {18, "record list too large"}, {19, "not enough replicas"}, {20, "not enough replicas after append"},
      {21, "invalid required acks"}, {29, "topic authorization failed"}, {35, "unsupported version"},
      {36, "topic already exists"}, {41, "not controller"}, {42, "invalid request"}, {56, "storage error"},
      {74, "fenced leader epoch"}, {75, "unknown leader epoch"}, {87, "invalid record"},
      {89, "throttling quota exceeded"}, {100, "unknown topic id"}, {103, "inconsistent topic id"}};
  const auto found = names.find(code);
  return "error " + std::to_string(code) + (found == names.end() ? "" : std::string(" (") + found->second + ")");
}

void begin_frame(Writer& out, int16_t key, int16_t version, int32_t correlation) {
  out.clear();
  out.int32(0);
  out.int16(key);
  out.int16(version);
  out.int32(correlation);
  out.int16(sizeof CLIENT_ID - 1);
  out.raw(reinterpret_cast<const uint8_t*>(CLIENT_ID), sizeof CLIENT_ID - 1);
  out.no_tags();
}

void end_frame(Writer& out) { store_at(out.bytes.data(), out.position() - 4, 4); }

Writer api_versions_request(int32_t correlation) {
  Writer out;
  begin_frame(out, API_VERSIONS, API_VERSIONS_VERSION, correlation);
  out.text("millrace-load");
  out.text("1");
  out.no_tags();
  end_frame(out);
  return out;
}

void read_api_versions(Reader& in, Versions& versions) {
  // Its header has no tags: it is read before anything is agreed on.
  if (const int16_t error = in.int16()) fail("ApiVersions: " + error_name(error));
  std::map<int16_t, Range> offered;
  for (size_t left = in.count(); left > 0 && in.is_ok(); left--) {
    Range range{};
    range.key = in.int16();
    range.least = in.int16();
    range.greatest = in.int16();
    in.tags();
    offered[range.key] = range;
  }
  if (!in.is_ok()) fail("ApiVersions: a malformed answer");
  for (const Range& spoken : SPOKEN) {
    const auto found = offered.find(spoken.key);
    if (found == offered.end()) fail("the broker has no API " + std::to_string(spoken.key));
    const int16_t before = versions.count(spoken.key) > 0 ? versions[spoken.key] : spoken.greatest;
    const int16_t version = std::min(before, found->second.greatest);
    if (version < spoken.least || version < found->second.least) {
      fail("no version of API " + std::to_string(spoken.key) + " that both sides know");
    }
    versions[spoken.key] = version;
  }
}

Writer metadata_request(const std::string& topic, int16_t version) {
  Writer out;
  begin_frame(out, METADATA, version, 0);
  out.count(1);
  if (version >= 10) out.uuid({});
  out.text(topic);
  out.no_tags();
  out.int8(0);  // no topic is made by asking
  if (version <= 10) out.int8(0);
  out.int8(0);
  out.no_tags();
  end_frame(out);
  return out;
}

Metadata read_metadata(Reader& in, int16_t version) {
  Metadata metadata;
  in.tags();
  in.int32();  // throttle
  for (size_t left = in.count(); left > 0 && in.is_ok(); left--) {
    const int32_t id = in.int32();
    Broker broker;
    broker.host = in.text();
    broker.port = in.int32();
    in.text();  // rack
    in.tags();
    metadata.brokers[id] = broker;
  }
  in.text();  // cluster id
  in.int32();
  if (in.count() != 1) fail("Metadata: not the one topic that was asked for");
  metadata.error = in.int16();
  metadata.topic.name = in.text();
  if (version >= 10) metadata.topic.id = in.uuid();
  in.int8();
  const size_t partitions = in.count();
  metadata.leaders.assign(partitions, -1);
  for (size_t left = partitions; left > 0 && in.is_ok(); left--) {
    const int16_t error = in.int16();
    const int32_t index = in.int32();
    const int32_t leader = in.int32();
    in.int32();  // leader epoch
    for (int list = 0; list < 3; list++) in.take(in.count() * 4);
    in.tags();
    if (index < 0 || static_cast<size_t>(index) >= partitions) fail("Metadata: partitions not numbered from 0");
    if (error == 0) metadata.leaders[static_cast<size_t>(index)] = leader;
  }
  if (!in.is_ok()) fail("Metadata: a malformed answer");
  return metadata;
}

Writer create_topic_request(const std::string& topic, int partitions, int replication_factor, int16_t version) {
  Writer out;
  begin_frame(out, CREATE_TOPICS, version, 0);
  out.count(1);
  out.text(topic);
  out.int32(partitions);
  out.int16(replication_factor);
  out.count(0);
  out.count(0);
  out.no_tags();
  out.int32(60'000);
  out.int8(0);
  out.no_tags();
  end_frame(out);
  return out;
}

int16_t read_create_topic(Reader& in, int16_t version, std::string& message) {
  in.tags();
  in.int32();  // throttle
  if (in.count() != 1) fail("CreateTopics: not the one topic that was asked for");
  in.text();
  if (version >= 7) in.uuid();
  const int16_t error = in.int16();
  message = in.text();
  if (!in.is_ok()) fail("CreateTopics: a malformed answer");
  return error;
}

Writer list_offsets_request(const std::string& topic, const std::vector<int32_t>& partitions, int64_t timestamp,
                            int16_t version) {
  Writer out;
  begin_frame(out, LIST_OFFSETS, version, 0);
  out.int32(-1);
  out.int8(0);
  out.count(1);
  out.text(topic);
  out.count(partitions.size());
  for (const int32_t partition : partitions) {
    out.int32(partition);
    out.int32(-1);
    out.int64(timestamp);
    out.no_tags();
  }
  out.no_tags();
  out.no_tags();
  end_frame(out);
  return out;
}

std::map<int32_t, ListedOffset> read_list_offsets(Reader& in) {
  std::map<int32_t, ListedOffset> listed;
  in.tags();
  in.int32();  // throttle
  if (in.count() != 1) fail("ListOffsets: not the one topic that was asked for");
  in.text();
  for (size_t left = in.count(); left > 0 && in.is_ok(); left--) {
    const int32_t partition = in.int32();
    ListedOffset each;
    each.error = in.int16();
    in.int64();
    each.offset = in.int64();
    in.int32();
    in.tags();
    listed[partition] = each;
  }
  if (!in.is_ok()) fail("ListOffsets: a malformed answer");
  return listed;
}

}  // namespace kafka
