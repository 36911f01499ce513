// What a null broker answers. It knows one topic by any name, with one id, and leads all of its partitions.
#include "clock.h"
#include "null_server.h"

static constexpr Uuid TOPIC_ID = {'n', 'u', 'l', 'l', 1};
static constexpr int16_t UNKNOWN_PARTITION = 3;
static constexpr int16_t CORRUPT = 2;
static constexpr int16_t NOT_LEADER = 6;
static constexpr int16_t TOPIC_EXISTS = 36;

/** Answers of a round lie one behind the other in the peer's output. Returns where this one's length goes. */
static size_t begin_answer(Writer& out, int32_t correlation, bool has_tags = true) {
  const size_t at = out.position();
  out.int32(0);
  out.int32(correlation);
  if (has_tags) out.no_tags();
  return at;
}

static void end_answer(Writer& out, size_t at, size_t more = 0) {
  store_at(out.bytes.data() + at, out.position() - at - 4 + more, 4);
}

static kafka::Topic read_topic(Reader& in, bool by_id) {
  kafka::Topic topic;
  if (by_id) topic.id = in.uuid();
  else topic.name = in.text();
  return topic;
}

void NullServer::answer_api_versions(Peer& peer, const Header& header) {
  Writer& out = peer.output;
  const size_t at = begin_answer(out, header.correlation, false);
  out.int16(0);
  out.count(std::size(kafka::SPOKEN) + 1);
  const auto range = [&](int16_t key, int16_t least, int16_t greatest) {
    out.int16(key);
    out.int16(least);
    out.int16(greatest);
    out.no_tags();
  };
  for (const kafka::Range& each : kafka::SPOKEN) range(each.key, each.least, each.greatest);
  range(kafka::API_VERSIONS, 0, kafka::API_VERSIONS_VERSION);
  out.int32(0);
  out.no_tags();
  end_answer(out, at);
}

bool NullServer::answer_metadata(Peer& peer, const Header& header, Reader& in) {
  if (in.count() != 1) return false;
  if (header.version >= 10) in.uuid();
  const std::string topic = in.text();
  if (!in.is_ok()) return false;
  Writer& out = peer.output;
  const size_t at = begin_answer(out, header.correlation);
  out.int32(0);
  const bool has_peer = settings_.peer_port != 0;
  out.count(has_peer ? 2 : 1);
  for (int64_t id = 1; id <= (has_peer ? 2 : 1); id++) {
    out.int32(id);
    out.text("127.0.0.1");
    out.int32(id == 1 ? port_ : settings_.peer_port);
    out.null();
    out.no_tags();
  }
  out.text("null");
  out.int32(1);
  out.count(1);
  out.int16(0);
  out.text(topic);
  if (header.version >= 10) out.uuid(TOPIC_ID);
  out.int8(0);
  out.count(static_cast<size_t>(log_.partitions()));
  for (int64_t index = 0; index < log_.partitions(); index++) {
    out.int16(0);
    out.int32(index);
    out.int32(leads(index) ? 1 : 2);
    out.int32(0);
    for (int list = 0; list < 2; list++) {
      out.count(1);
      out.int32(1);
    }
    out.count(0);
    out.no_tags();
  }
  out.int32(0);
  out.no_tags();
  if (header.version <= 10) out.int32(0);
  out.no_tags();
  end_answer(out, at);
  return true;
}

bool NullServer::answer_create_topics(Peer& peer, const Header& header, Reader& in) {
  if (in.count() != 1) return false;
  const std::string topic = in.text();
  if (!in.is_ok()) return false;
  Writer& out = peer.output;
  const size_t at = begin_answer(out, header.correlation);
  out.int32(0);
  out.count(1);
  out.text(topic);
  if (header.version >= 7) out.uuid(TOPIC_ID);
  out.int16(TOPIC_EXISTS);
  out.null();
  out.int32(log_.partitions());
  out.int16(1);
  out.null();
  out.no_tags();
  out.no_tags();
  end_answer(out, at);
  return true;
}

bool NullServer::answer_list_offsets(Peer& peer, const Header& header, Reader& in) {
  in.int32();
  in.int8();
  if (in.count() != 1) return false;
  const std::string topic = in.text();
  const size_t partitions = in.count();
  Writer& out = peer.output;
  const size_t at = begin_answer(out, header.correlation);
  out.int32(0);
  out.count(1);
  out.text(topic);
  out.count(partitions);
  for (size_t left = partitions; left > 0 && in.is_ok(); left--) {
    const int32_t index = in.int32();
    in.int32();
    const int64_t timestamp = in.int64();
    in.tags();
    const int16_t error = error_of(index);
    out.int32(index);
    out.int16(error);
    out.int64(-1);
    out.int64(error != 0 ? -1 : timestamp == kafka::LATEST ? log_.end_offset(index) : log_.begin_offset(index));
    out.int32(0);
    out.no_tags();
  }
  out.no_tags();
  out.no_tags();
  end_answer(out, at);
  return in.is_ok();
}

int16_t NullServer::error_of(int32_t index) const {
  if (!is_partition(index)) return UNKNOWN_PARTITION;
  return leads(index) ? 0 : NOT_LEADER;
}

int16_t NullServer::append(int32_t partition, const uint8_t* at, size_t length, int64_t& base_offset) {
  if (const int16_t error = error_of(partition)) return error;
  const uint8_t* next = at;
  BatchView view;
  if (length == 0 || next_batch(next, at + length, view) != Walk::batch || next != at + length) return CORRUPT;
  if (sink_.keeps() && damage_of(view) != nullptr) return CORRUPT;
  base_offset = log_.append(partition, view);
  sink_.append(at, length);
  return 0;
}

bool NullServer::answer_produce(Peer& peer, const Header& header, Reader& in) {
  const bool is_faulty = produced_ == settings_.fault_at && settings_.wire_fault != "none";
  pause_once();
  produced_++;
  if (is_faulty && settings_.wire_fault == "close") return false;
  const bool by_id = header.version >= kafka::TOPIC_IDS_FROM;
  in.take(in.count());  // transactional id
  const int16_t acks = in.int16();
  in.int32();
  if (in.count() != 1) return false;
  const kafka::Topic topic = read_topic(in, by_id);
  const size_t partitions = in.count();
  Writer& out = peer.output;
  const size_t at = begin_answer(out, header.correlation);
  out.count(1);
  kafka::write_topic(out, topic, by_id);
  out.count(partitions);
  for (size_t left = partitions; left > 0 && in.is_ok(); left--) {
    const int32_t partition = in.int32();
    const size_t length = in.count();
    const uint8_t* records = in.take(length);
    in.tags();
    if (!in.is_ok()) return false;
    int64_t base_offset = -1;
    const bool is_refused = is_faulty && settings_.wire_fault == "refuse";
    const int16_t error = is_refused ? NOT_LEADER : append(partition, records, length, base_offset);
    out.int32(partition);
    out.int16(error);
    out.int64(base_offset);
    out.int64(-1);
    out.int64(0);
    out.count(0);
    out.null();
    out.no_tags();
  }
  out.no_tags();
  out.int32(0);
  out.no_tags();
  if (is_faulty && settings_.wire_fault == "garble") out.bytes.resize(out.position() - 20);
  end_answer(out, at);
  if (acks == 0 || (is_faulty && settings_.wire_fault == "ignore")) out.bytes.resize(at);
  return in.is_ok();
}

bool NullServer::answer_fetch(size_t index, const Header& header, Reader& in) {
  Fetch fetch{};
  fetch.peer = index;
  fetch.header = header;
  const bool by_id = header.version >= kafka::TOPIC_IDS_FROM;
  if (header.version < 15) in.int32();
  fetch.deadline_ns = now_ns() + in.int32() * NS_A_MILLISECOND;
  fetch.wants_data = in.int32() > 0;
  fetch.bytes_max = static_cast<size_t>(in.int32());
  in.int8();
  in.int32();
  in.int32();
  if (in.count() != 1) return false;
  const kafka::Topic topic = read_topic(in, by_id);
  fetch.topic = topic.name;
  fetch.topic_id = topic.id;
  for (size_t left = in.count(); left > 0 && in.is_ok(); left--) {
    FetchedPartition partition{};
    partition.index = in.int32();
    in.int32();
    partition.offset = in.int64();
    in.int32();
    in.int64();
    in.int32();
    in.tags();
    if (error_of(partition.index) != 0) return false;
    fetch.partitions.push_back(partition);
  }
  if (!in.is_ok()) return false;
  if (can_answer(fetch)) send_fetched(fetch);
  else waiting_.push_back(std::move(fetch));
  return true;
}

bool NullServer::can_answer(const Fetch& fetch) const {
  if (!fetch.wants_data) return true;
  for (const FetchedPartition& each : fetch.partitions) {
    if (log_.has(each.index, each.offset)) return true;
  }
  return now_ns() >= fetch.deadline_ns;
}

/** At once, past the output of the round: what one partition has, the first that has anything; no more is copied. */
void NullServer::send_fetched(const Fetch& fetch) {
  const bool by_id = fetch.header.version >= kafka::TOPIC_IDS_FROM;
  const FetchedPartition* giving = nullptr;
  for (const FetchedPartition& each : fetch.partitions) {
    if (giving == nullptr && log_.has(each.index, each.offset)) giving = &each;
  }
  MemoryLog::Piece records{nullptr, 0};
  if (giving != nullptr) records = log_.read(giving->index, giving->offset, fetch.bytes_max);
  Writer head;
  const size_t at = begin_answer(head, fetch.header.correlation);
  head.int32(0);
  head.int16(0);
  head.int32(0);
  head.count(1);
  kafka::write_topic(head, {fetch.topic, fetch.topic_id}, by_id);
  head.count(giving != nullptr ? 1 : 0);
  Writer tail;
  if (giving != nullptr) {
    const int64_t end = log_.end_offset(giving->index);
    head.int32(giving->index);
    head.int16(0);
    head.int64(end);
    head.int64(end);
    head.int64(0);
    head.null();
    head.int32(-1);
    head.count(records.length);
    tail.no_tags();
  }
  tail.no_tags();
  tail.no_tags();
  end_answer(head, at, records.length + tail.position());
  Connection& connection = peers_[fetch.peer]->connection;
  Writer& before = peers_[fetch.peer]->output;
  if (before.position() > 0) connection.send(before.bytes.data(), before.position(), true);
  before.clear();
  // A connection that has ended shows when it is received from.
  connection.send(head.bytes.data(), head.position(), true);
  if (records.length > 0) connection.send(records.at, records.length, true);
  connection.send(tail.bytes.data(), tail.position());
}

void NullServer::answer_waiting() {
  for (size_t index = 0; index < waiting_.size();) {
    if (!can_answer(waiting_[index])) {
      index++;
      continue;
    }
    send_fetched(waiting_[index]);
    waiting_.erase(waiting_.begin() + static_cast<ptrdiff_t>(index));
  }
}
