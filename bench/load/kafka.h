// The messages of the Kafka protocol that a load needs, in the versions that both sides know.
//
// Requests are frames, their length included; answers are read from behind the correlation id.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bytes.h"

namespace kafka {

enum Key : int16_t {
  PRODUCE = 0,
  FETCH = 1,
  LIST_OFFSETS = 2,
  METADATA = 3,
  API_VERSIONS = 18,
  CREATE_TOPICS = 19,
};

struct Range {
  int16_t key;
  int16_t least;
  int16_t greatest;
};

/** What is spoken here. Below 9 (Produce) messages have another encoding, which no broker of these years lacks. */
constexpr Range SPOKEN[] = {{PRODUCE, 9, 13}, {FETCH, 12, 17},       {LIST_OFFSETS, 6, 9},
                            {METADATA, 9, 12}, {CREATE_TOPICS, 5, 7}};
constexpr int16_t API_VERSIONS_VERSION = 3;

/** By key: the greatest version that every broker and this program know. */
using Versions = std::map<int16_t, int16_t>;

/** Why an error code came, in Kafka's words as far as a load meets them. */
std::string error_name(int code);

struct Topic {
  std::string name;
  Uuid id{};
};

struct Broker {
  std::string host;
  int port = 0;
};

struct Metadata {
  std::map<int32_t, Broker> brokers;
  int16_t error = 0;
  Topic topic;
  /** By partition; -1 if none leads. */
  std::vector<int32_t> leaders;
};

struct ListedOffset {
  int16_t error = 0;
  int64_t offset = -1;
};

constexpr int64_t EARLIEST = -2;
constexpr int64_t LATEST = -1;

/** Begins a frame; end_frame() sets its length. */
void begin_frame(Writer& out, int16_t key, int16_t version, int32_t correlation);
void end_frame(Writer& out);

Writer api_versions_request(int32_t correlation);
/** Narrows `versions`; fails, naming the API, if one has no version in common. */
void read_api_versions(Reader& in, Versions& versions);

Writer metadata_request(const std::string& topic, int16_t version);
Metadata read_metadata(Reader& in, int16_t version);

Writer create_topic_request(const std::string& topic, int partitions, int replication_factor, int16_t version);
/** The error code. */
int16_t read_create_topic(Reader& in, int16_t version, std::string& message);

Writer list_offsets_request(const std::string& topic, const std::vector<int32_t>& partitions, int64_t timestamp,
                            int16_t version);
std::map<int32_t, ListedOffset> read_list_offsets(Reader& in);

/** A topic as Produce from 13 and Fetch from 13 name it, and before. */
inline void write_topic(Writer& out, const Topic& topic, bool by_id) {
  if (by_id) out.uuid(topic.id);
  else out.text(topic.name);
}
inline void skip_topic(Reader& in, bool by_id) {
  if (by_id) in.uuid();
  else in.take(in.count());
}
constexpr int16_t TOPIC_IDS_FROM = 13;

}  // namespace kafka
