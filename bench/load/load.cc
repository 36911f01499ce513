// A load generator for a broker that speaks the Kafka protocol: one thread, epoll, frames encoded once.
//
//   load produce port=9092 topic=t partitions=4 connections=4 inflight=4 acks=-1 records=128 recordBytes=1000 seconds=3
//   load fetch   port=9092 topic=t partitions=4 connections=4 maxBytes=1048576 seconds=3 follow=0
//
// Closed loop: a connection keeps `inflight` requests under way, all for one partition (its number modulo partitions). A
// fetching connection starts at offset 0; at the end it waits for more (follow=1) or begins anew. Ends after `seconds`
// or `requests` or `bytes` of records, whichever is first, and when what is under way is answered. Prints one line of
// JSON; exits 1 if any answer carries an error. Produce is sent as version 9, Fetch as version 12.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

using Bytes = std::vector<uint8_t>;

[[noreturn]] static void fail(const std::string& what) {
  std::fprintf(stderr, "load: %s\n", what.c_str());
  std::exit(1);
}

static int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// ---------------------------------------------------------------------------------------------------------------
// Encoding, once at the start.

static void put(Bytes& out, uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out.push_back(static_cast<uint8_t>(value >> shift));
}

static void put_at(Bytes& out, size_t at, uint32_t value) {
  for (int index = 0; index < 4; index++) out[at + index] = static_cast<uint8_t>(value >> (24 - index * 8));
}

static void put_varint(Bytes& out, uint64_t value) {
  for (; value >= 128; value >>= 7) out.push_back(static_cast<uint8_t>(value | 128));
  out.push_back(static_cast<uint8_t>(value));
}

static void put_zigzag(Bytes& out, int64_t value) {
  put_varint(out, (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
}

static void put_text(Bytes& out, const std::string& text) {
  put_varint(out, text.size() + 1);
  out.insert(out.end(), text.begin(), text.end());
}

static uint32_t crc32c(const uint8_t* bytes, size_t length) {
  uint32_t crc = ~0u;
  for (size_t index = 0; index < length; index++) {
    crc ^= bytes[index];
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0x82f63b78u & -(crc & 1));
  }
  return ~crc;
}

/** An uncompressed batch of `records` records without keys, their values of `value_bytes` random letters. */
static Bytes encode_batch(int records, int value_bytes) {
  const int64_t timestamp =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  Bytes batch;
  put(batch, 0, 8);
  put(batch, 0, 4);  // length
  put(batch, static_cast<uint64_t>(-1), 4);
  put(batch, 2, 1);
  put(batch, 0, 4);  // CRC
  put(batch, 0, 2);
  put(batch, static_cast<uint64_t>(records - 1), 4);
  put(batch, static_cast<uint64_t>(timestamp), 8);
  put(batch, static_cast<uint64_t>(timestamp), 8);
  put(batch, static_cast<uint64_t>(-1), 8);
  put(batch, static_cast<uint64_t>(-1), 2);
  put(batch, static_cast<uint64_t>(-1), 4);
  put(batch, static_cast<uint64_t>(records), 4);
  uint32_t random = 12345;
  for (int index = 0; index < records; index++) {
    Bytes record;
    put(record, 0, 1);
    put_zigzag(record, 0);
    put_zigzag(record, index);
    put_zigzag(record, -1);
    put_zigzag(record, value_bytes);
    for (int at = 0; at < value_bytes; at++) {
      random = random * 1664525 + 1013904223;
      record.push_back(static_cast<uint8_t>('a' + (random >> 24) % 26));
    }
    put_zigzag(record, 0);
    put_zigzag(batch, static_cast<int64_t>(record.size()));
    batch.insert(batch.end(), record.begin(), record.end());
  }
  put_at(batch, 8, static_cast<uint32_t>(batch.size() - 12));
  put_at(batch, 17, crc32c(batch.data() + 21, batch.size() - 21));
  return batch;
}

static Bytes begin_request(int api_key, int api_version) {
  Bytes out;
  put(out, 0, 4);  // length
  put(out, static_cast<uint64_t>(api_key), 2);
  put(out, static_cast<uint64_t>(api_version), 2);
  put(out, 7, 4);  // correlation id: the same always, so that a frame never changes
  const std::string client = "load";
  put(out, client.size(), 2);
  out.insert(out.end(), client.begin(), client.end());
  put(out, 0, 1);
  return out;
}

static void end_request(Bytes& out) { put_at(out, 0, static_cast<uint32_t>(out.size() - 4)); }

static Bytes encode_produce(const std::string& topic, int partition, int acks, const Bytes& batch) {
  Bytes out = begin_request(0, 9);
  put(out, 0, 1);  // no transactional id
  put(out, static_cast<uint64_t>(acks), 2);
  put(out, 30000, 4);
  put_varint(out, 2);
  put_text(out, topic);
  put_varint(out, 2);
  put(out, static_cast<uint64_t>(partition), 4);
  put_varint(out, batch.size() + 1);
  out.insert(out.end(), batch.begin(), batch.end());
  put(out, 0, 3);  // tags of partition, topic and request
  end_request(out);
  return out;
}

/** `offset_at` receives where the fetch offset lies, which is patched before each request. */
static Bytes encode_fetch(const std::string& topic, int partition, int max_bytes, int max_wait_ms,
                          size_t& offset_at) {
  Bytes out = begin_request(1, 12);
  put(out, static_cast<uint64_t>(-1), 4);  // replica
  put(out, static_cast<uint64_t>(max_wait_ms), 4);
  put(out, 1, 4);
  put(out, static_cast<uint64_t>(max_bytes), 4);
  put(out, 0, 1);
  put(out, 0, 4);  // no session
  put(out, static_cast<uint64_t>(-1), 4);
  put_varint(out, 2);
  put_text(out, topic);
  put_varint(out, 2);
  put(out, static_cast<uint64_t>(partition), 4);
  put(out, static_cast<uint64_t>(-1), 4);
  offset_at = out.size();
  put(out, 0, 8);
  put(out, static_cast<uint64_t>(-1), 4);
  put(out, static_cast<uint64_t>(-1), 8);
  put(out, static_cast<uint64_t>(max_bytes), 4);
  put(out, 0, 2);  // tags of partition and topic
  put_varint(out, 1);
  put_text(out, "");
  put(out, 0, 1);
  end_request(out);
  return out;
}

// ---------------------------------------------------------------------------------------------------------------
// Decoding: just what is needed.

static uint64_t read_at(const uint8_t* at, int bytes) {
  uint64_t value = 0;
  for (int index = 0; index < bytes; index++) value = value << 8 | at[index];
  return value;
}

static uint64_t read_varint(const uint8_t*& at) {
  uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const uint8_t byte = *at++;
    value |= static_cast<uint64_t>(byte & 127) << shift;
    if (byte < 128) return value;
  }
}

// ---------------------------------------------------------------------------------------------------------------

struct Settings {
  bool is_produce = true;
  int port = 9092;
  std::string topic = "load";
  int partitions = 1;
  int connections = 1;
  int inflight = 1;
  int acks = -1;
  int records = 1;
  int record_bytes = 100;
  int max_bytes = 1 << 20;
  bool is_following = false;
  double seconds = 3;
  int64_t requests = INT64_MAX;
  int64_t bytes = INT64_MAX;
};

struct Connection {
  int descriptor = -1;
  Bytes frame;
  size_t offset_at = 0;
  /** Of `frame`: how much of the current one is sent. */
  size_t sent = 0;
  bool is_sending = false;
  bool wants_output = false;
  int under_way = 0;
  /** When each request under way was begun, a ring. */
  std::vector<int64_t> begun;
  int first_begun = 0;
  Bytes input;
  size_t received = 0;
  uint64_t fetch_offset = 0;
};

class Load {
 public:
  explicit Load(const Settings& settings) : settings_(settings) {
    epoll_ = epoll_create1(0);
    const Bytes batch = encode_batch(settings.records, settings.record_bytes);
    batch_bytes_ = batch.size();
    connections_.resize(static_cast<size_t>(settings.connections));
    for (size_t index = 0; index < connections_.size(); index++) {
      Connection& connection = connections_[index];
      const int partition = static_cast<int>(index) % settings.partitions;
      connection.frame = settings.is_produce
                             ? encode_produce(settings.topic, partition, settings.acks, batch)
                             : encode_fetch(settings.topic, partition, settings.max_bytes, settings.is_following ? 500 : 0,
                                            connection.offset_at);
      connection.begun.resize(static_cast<size_t>(settings.inflight));
      connection.input.resize(settings.is_produce ? 64 << 10 : static_cast<size_t>(settings.max_bytes) + (2 << 20));
      open(connection, index);
    }
  }

  void run() {
    start_ns_ = now_ns();
    end_ns_ = start_ns_ + static_cast<int64_t>(settings_.seconds * 1e9);
    for (Connection& connection : connections_) send(connection);
    epoll_event events[256];
    while (under_way_ > 0) {
      const int count = epoll_wait(epoll_, events, 256, 10000);
      if (count == 0) fail("no answer for 10 s");
      for (int index = 0; index < count; index++) {
        Connection& connection = connections_[events[index].data.u64];
        if ((events[index].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) receive(connection);
        send(connection);
      }
    }
    last_ns_ = now_ns();
  }

  void report() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const double cpu = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                       static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    std::sort(latencies_us_.begin(), latencies_us_.end());
    const auto quantile = [&](double share) {
      if (latencies_us_.empty()) return 0.0f;
      return latencies_us_[std::min(latencies_us_.size() - 1, static_cast<size_t>(share * latencies_us_.size()))];
    };
    std::printf(
        "{\"requests\":%lld,\"bytes\":%lld,\"batchBytes\":%zu,\"seconds\":%.4f,\"cpuSeconds\":%.4f,"
        "\"p50Us\":%.1f,\"p99Us\":%.1f,\"p999Us\":%.1f,\"maxUs\":%.1f}\n",
        static_cast<long long>(answered_), static_cast<long long>(bytes_), batch_bytes_,
        static_cast<double>(last_ns_ - start_ns_) / 1e9, cpu, quantile(0.5), quantile(0.99), quantile(0.999),
        quantile(1));
  }

 private:
  void open(Connection& connection, size_t index) {
    connection.descriptor = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(settings_.port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(connection.descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("connect");
    const int on = 1;
    setsockopt(connection.descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(connection.descriptor, F_SETFL, O_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = index;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.descriptor, &event);
  }

  bool may_begin(const Connection& connection) const {
    return connection.under_way < settings_.inflight && begun_ < settings_.requests && bytes_ < settings_.bytes &&
           now_ns() < end_ns_;
  }

  void send(Connection& connection) {
    while (connection.is_sending || may_begin(connection)) {
      if (!connection.is_sending) begin(connection);
      const ssize_t sent = ::send(connection.descriptor, connection.frame.data() + connection.sent,
                                  connection.frame.size() - connection.sent, MSG_NOSIGNAL);
      if (sent < 0) {
        if (errno != EAGAIN) fail("send");
        break;
      }
      connection.sent += static_cast<size_t>(sent);
      connection.is_sending = connection.sent < connection.frame.size();
    }
    if (connection.wants_output == connection.is_sending) return;
    connection.wants_output = connection.is_sending;
    epoll_event event{};
    event.events = EPOLLIN | (connection.is_sending ? EPOLLOUT : 0u);
    event.data.u64 = static_cast<uint64_t>(&connection - connections_.data());
    epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.descriptor, &event);
  }

  void begin(Connection& connection) {
    if (!settings_.is_produce) {
      put_at(connection.frame, connection.offset_at, static_cast<uint32_t>(connection.fetch_offset >> 32));
      put_at(connection.frame, connection.offset_at + 4, static_cast<uint32_t>(connection.fetch_offset));
    }
    connection.sent = 0;
    connection.is_sending = true;
    connection.begun[static_cast<size_t>((connection.first_begun + connection.under_way) % settings_.inflight)] =
        now_ns();
    connection.under_way++;
    under_way_++;
    begun_++;
  }

  void receive(Connection& connection) {
    Bytes& input = connection.input;
    const ssize_t got =
        recv(connection.descriptor, input.data() + connection.received, input.size() - connection.received, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) fail("the broker closed a connection");
    connection.received += static_cast<size_t>(got);
    size_t at = 0;
    while (connection.received - at >= 4) {
      const size_t length = read_at(&input[at], 4);
      if (connection.received - at < 4 + length) {
        if (length + 4 > input.size()) input.resize(length + 4);
        break;
      }
      answer(connection, &input[at + 4], length);
      at += 4 + length;
    }
    std::memmove(input.data(), input.data() + at, connection.received - at);
    connection.received -= at;
  }

  void answer(Connection& connection, const uint8_t* frame, size_t length) {
    const int64_t begun = connection.begun[static_cast<size_t>(connection.first_begun)];
    connection.first_begun = (connection.first_begun + 1) % settings_.inflight;
    connection.under_way--;
    under_way_--;
    answered_++;
    latencies_us_.push_back(static_cast<float>(now_ns() - begun) / 1e3f);
    if (read_at(frame, 4) != 7) fail("an answer to another request");
    if (settings_.is_produce) {
      const int error = static_cast<int>(read_at(frame + 4 + 1 + 1 + 1 + settings_.topic.size() + 1 + 4, 2));
      if (error != 0) fail("produce: error " + std::to_string(error));
      bytes_ += static_cast<int64_t>(batch_bytes_);
    } else {
      fetched(connection, frame, length);
    }
  }

  void fetched(Connection& connection, const uint8_t* frame, size_t length) {
    const uint8_t* at = frame + 4 + 1 + 4;
    if (read_at(at, 2) != 0) fail("fetch: error " + std::to_string(read_at(at, 2)));
    at += 2 + 4 + 1 + 1 + settings_.topic.size() + 1 + 4;
    if (read_at(at, 2) != 0) fail("fetch: partition error " + std::to_string(read_at(at, 2)));
    at += 2 + 8 + 8 + 8;
    if (*at++ > 1) fail("fetch: aborted transactions are not expected");
    at += 4;
    const uint64_t records = read_varint(at);
    const uint8_t* end = at + (records == 0 ? 0 : records - 1);
    if (end > frame + length) fail("fetch: a length that lies");
    if (at == end && !settings_.is_following) connection.fetch_offset = 0;
    bytes_ += end - at;
    while (end - at >= 61) {
      const uint8_t* next = at + 12 + read_at(at + 8, 4);
      if (next > end) break;
      connection.fetch_offset = read_at(at, 8) + read_at(at + 23, 4) + 1;
      at = next;
    }
  }

  const Settings settings_;
  int epoll_ = -1;
  size_t batch_bytes_ = 0;
  std::vector<Connection> connections_;
  std::vector<float> latencies_us_;
  int64_t start_ns_ = 0;
  int64_t end_ns_ = 0;
  int64_t last_ns_ = 0;
  int64_t begun_ = 0;
  int64_t answered_ = 0;
  int64_t under_way_ = 0;
  int64_t bytes_ = 0;
};

int main(int argc, char** argv) {
  Settings settings;
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode != "produce" && mode != "fetch") fail("first argument: produce or fetch");
  settings.is_produce = mode == "produce";
  const std::map<std::string, int*> numbers = {
      {"port", &settings.port},           {"partitions", &settings.partitions},
      {"connections", &settings.connections}, {"inflight", &settings.inflight},
      {"acks", &settings.acks},           {"records", &settings.records},
      {"recordBytes", &settings.record_bytes}, {"maxBytes", &settings.max_bytes},
  };
  for (int index = 2; index < argc; index++) {
    const std::string argument = argv[index];
    const size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : argument.substr(equals + 1);
    if (numbers.count(name) > 0) *numbers.at(name) = std::atoi(value.c_str());
    else if (name == "topic") settings.topic = value;
    else if (name == "seconds") settings.seconds = std::atof(value.c_str());
    else if (name == "requests") settings.requests = std::atoll(value.c_str());
    else if (name == "bytes") settings.bytes = std::atoll(value.c_str());
    else if (name == "follow") settings.is_following = value == "1";
    else fail("unknown argument " + argument);
  }
  if (settings.acks == 0) fail("acks=0 has no answers to count");
  if (settings.topic.size() > 100 || settings.inflight < 1 || settings.partitions < 1) fail("out of range");
  if (!settings.is_produce) settings.inflight = 1;
  Load load(settings);
  load.run();
  load.report();
  return 0;
}
