// The null broker's sockets and answers. One thread; answers leave at the end of each round of the poll, after the sink
// has committed what the round brought.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connection.h"
#include "kafka.h"
#include "memory_log.h"
#include "sink.h"

struct NullSettings {
  int64_t port = 0;
  MemoryLog::Settings log;
  std::string store;
  int64_t file_bytes = 256 << 20;
  int64_t durable = 0;
  /** all, even or odd: which partitions it leads. The others are led by the broker at peer_port. */
  std::string leads = "all";
  int64_t peer_port = 0;
  /** The whole server stands still once, for so long, when it has so many produce requests. */
  int64_t pause_ms = 0;
  int64_t pause_at = 0;
  /** none, refuse, close, garble or ignore: what is done to produce request fault_at instead of an answer. */
  std::string wire_fault = "none";
  int64_t fault_at = 0;
};

class NullServer {
 public:
  explicit NullServer(const NullSettings& settings);

  int port() const { return port_; }
  /** Until standard input ends. */
  void run();

 private:
  struct Peer {
    Connection connection;
    Writer output;
    bool is_touched = false;
  };
  struct Header {
    int16_t key;
    int16_t version;
    int32_t correlation;
  };
  struct FetchedPartition {
    int32_t index;
    int64_t offset;
  };
  struct Fetch {
    size_t peer;
    Header header;
    int64_t deadline_ns;
    size_t bytes_max;
    bool wants_data;
    std::string topic;
    Uuid topic_id;
    std::vector<FetchedPartition> partitions;
  };

  const NullSettings settings_;
  int epoll_ = -1;
  int listener_ = -1;
  int port_ = 0;
  MemoryLog log_;
  Sink sink_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::vector<size_t> touched_;
  std::vector<Fetch> waiting_;
  int64_t produced_ = 0;

  void watch(int descriptor, uint64_t tag);
  void accept_one();
  void handle(size_t index, uint32_t events);
  void drop(size_t index);
  /** False if the request is malformed or unknown: its connection ends. */
  bool answer(size_t index, const uint8_t* frame, size_t length);
  bool answer_produce(Peer& peer, const Header& header, Reader& in);
  bool answer_fetch(size_t index, const Header& header, Reader& in);
  bool answer_list_offsets(Peer& peer, const Header& header, Reader& in);
  bool answer_metadata(Peer& peer, const Header& header, Reader& in);
  bool answer_create_topics(Peer& peer, const Header& header, Reader& in);
  void answer_api_versions(Peer& peer, const Header& header);
  int16_t append(int32_t partition, const uint8_t* at, size_t length, int64_t& base_offset);
  bool can_answer(const Fetch& fetch) const;
  void send_fetched(const Fetch& fetch);
  void answer_waiting();
  void flush();
  void pause_once();
  bool is_partition(int64_t index) const { return index >= 0 && index < log_.partitions(); }
  bool leads(int64_t index) const {
    return settings_.leads == "all" || (index % 2 == 0) == (settings_.leads == "even");
  }
  /** Why a partition is not served here, 0 if it is. */
  int16_t error_of(int32_t index) const;
};
