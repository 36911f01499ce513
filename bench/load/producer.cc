#include "producer.h"

#include <algorithm>

#include "fail.h"

static constexpr int32_t FLUSH_CORRELATION = -1;

ProduceFrame::ProduceFrame(const Run& run, int64_t slots) {
  const int16_t version = run.cluster.versions.at(kafka::PRODUCE);
  const Bytes& batch = run.batch.bytes();
  Writer out;
  kafka::begin_frame(out, kafka::PRODUCE, version, 0);
  out.null();  // transactional id
  out.int16(run.options.acks);
  out.int32(30'000);
  out.count(1);
  kafka::write_topic(out, run.cluster.topic, version >= kafka::TOPIC_IDS_FROM);
  out.count(static_cast<size_t>(slots));
  for (int64_t slot = 0; slot < slots; slot++) {
    Slot place{};
    place.partition_at = out.position();
    out.int32(0);
    out.count(batch.size());
    place.batch_at = out.position();
    out.raw(batch.data(), batch.size());
    out.no_tags();
    this->slots.push_back(place);
  }
  out.no_tags();
  out.no_tags();
  kafka::end_frame(out);
  bytes = std::move(out.bytes);
  batch_bytes = static_cast<int64_t>(batch.size()) * slots;
  records = run.batch.records() * slots;
}

Producer::Producer(Run& run, Tally& tally, Checksum& written, ProduceFrame& frame, int64_t number,
                   std::vector<Assignment> assignments)
    : Client(run, tally),
      written_(written),
      frame_(frame),
      number_(number),
      assignments_(std::move(assignments)),
      is_answered_(run.options.acks != 0),
      intended_ns_(static_cast<size_t>(run.options.inflight)),
      crcs_(static_cast<size_t>(run.options.inflight) * frame.slots.size()) {}

/** Until when requests are begun: an open loop sends later what was due in time. */
int64_t Producer::limit_ns() const { return run_.options.is_open_loop() ? run_.drain_end_ns() : run_.end_ns; }

bool Producer::is_exhausted(int64_t now) const {
  if (!connection.is_open() || begun_ * run_.pacing.connections + number_ >= run_.requests_max) return true;
  if (now >= limit_ns()) return true;
  return run_.options.is_open_loop() && run_.pacing.intended_ns(begun_, number_) >= run_.end_ns;
}

bool Producer::has_next(int64_t now) const {
  if (connection.is_blocked() || begun_ - answered_ >= run_.options.inflight || is_exhausted(now)) return false;
  return !run_.options.is_open_loop() || run_.pacing.intended_ns(begun_, number_) <= now;
}

bool Producer::is_done(int64_t now) const {
  if (!connection.is_open()) return true;
  return is_exhausted(now) && begun_ == answered_ && (is_answered_ || is_flushed_);
}

void Producer::advance(int64_t now) {
  if (is_answered_) {
    while (has_next(now)) begin(now);
    return;
  }
  // Nothing slows these but the socket: others get their turn, and epoll tells when there is room.
  for (int64_t left = UNANSWERED_AT_ONCE; left > 0 && has_next(now); left--) begin(now);
  if (!connection.is_open()) return;
  const bool is_exhausted_now = is_exhausted(now);
  connection.want_room(!is_exhausted_now && has_next(now));
  if (is_exhausted_now && !is_flushing_) flush();
}

void Producer::flush() {
  is_flushing_ = true;
  send(kafka::api_versions_request(FLUSH_CORRELATION).bytes);
}

void Producer::begin(int64_t now) {
  const int64_t intended = run_.options.is_open_loop() ? run_.pacing.intended_ns(begun_, number_) : now;
  const int64_t partitions = static_cast<int64_t>(assignments_.size());
  const size_t place = static_cast<size_t>(begun_ % run_.options.inflight);
  uint8_t* frame = frame_.bytes.data();
  store_at(frame + 8, static_cast<uint64_t>(begun_ & INT32_MAX), 4);
  for (int64_t index = 0; index < slots(); index++) {
    const ProduceFrame::Slot& slot = frame_.slots[static_cast<size_t>(index)];
    const int64_t batch = begun_ * slots() + index;
    const Assignment& assignment = assignments_[static_cast<size_t>(batch % partitions)];
    store_at(frame + slot.partition_at, static_cast<uint64_t>(assignment.partition), 4);
    if (!run_.batch.is_stamped()) continue;
    const Stamp stamp{run_.id, assignment.lane, batch / partitions, intended};
    crcs_[place * frame_.slots.size() + static_cast<size_t>(index)] = run_.batch.stamp(frame + slot.batch_at, stamp);
  }
  intended_ns_[place] = intended;
  begun_++;
  send(frame_.bytes);
  if (!is_answered_ && connection.is_open()) {
    for (int64_t index = 0; index < slots(); index++) acknowledged(-1 - static_cast<int32_t>(index));
    answered_++;
    count(intended, now);
  }
}

/** A partition's batch of the oldest request under way; of acks=0 the slot is known (-1 - slot), not the partition. */
void Producer::acknowledged(int32_t partition) {
  const int64_t partitions = static_cast<int64_t>(assignments_.size());
  const int64_t first = answered_ * slots();
  int64_t slot = -1 - partition;
  if (partition >= 0) {
    const auto found = std::lower_bound(
        assignments_.begin(), assignments_.end(), partition,
        [](const Assignment& assignment, int32_t wanted) { return assignment.partition < wanted; });
    if (found == assignments_.end() || found->partition != partition) fail("produce: an answer for another partition");
    slot = ((found - assignments_.begin()) - first % partitions + partitions) % partitions;
    if (slot >= slots()) fail("produce: an answer for another partition");
  }
  if (run_.options.fetches()) run_.batches_written.fetch_add(1, std::memory_order_relaxed);
  if (run_.options.verify == 0) return;
  const int64_t batch = first + slot;
  const Assignment& assignment = assignments_[static_cast<size_t>(batch % partitions)];
  const size_t place = static_cast<size_t>(answered_ % run_.options.inflight) * frame_.slots.size();
  written_.add(assignment.partition, assignment.lane, batch / partitions, crcs_[place + static_cast<size_t>(slot)],
               run_.batch.records());
}

void Producer::answered(const uint8_t* at, size_t length, int64_t now) {
  Reader in(at, length);
  const int32_t correlation = in.int32();
  if (is_flushing_ && correlation == FLUSH_CORRELATION) {
    is_flushed_ = true;
    return;
  }
  if (begun_ == answered_ || correlation != static_cast<int32_t>(answered_ & INT32_MAX)) {
    fail("produce: an answer to another request");
  }
  in.tags();
  if (in.count() != 1) fail("produce: an answer for another topic");
  kafka::skip_topic(in, run_.cluster.versions.at(kafka::PRODUCE) >= kafka::TOPIC_IDS_FROM);
  const size_t partitions = in.count();
  if (partitions != frame_.slots.size()) fail("produce: an answer for other partitions");
  int64_t accepted = 0;
  for (size_t left = partitions; left > 0 && in.is_ok(); left--) {
    const int32_t partition = in.int32();
    const int16_t error = in.int16();
    in.int64();  // base offset
    in.int64();
    in.int64();
    for (size_t errors = in.count(); errors > 0 && in.is_ok(); errors--) {
      in.int32();
      in.take(in.count());
      in.tags();
    }
    in.take(in.count());
    in.tags();
    if (!in.is_ok()) break;
    if (error != 0) {
      refused(error, "produce", partition);
    } else {
      acknowledged(partition);
      accepted++;
    }
  }
  if (in.int32() > 0) tally_.throttled++;
  if (!in.is_ok()) fail("produce: a malformed answer");
  const int64_t intended = intended_ns_[static_cast<size_t>(answered_ % run_.options.inflight)];
  answered_++;
  if (accepted == slots()) count(intended, now);
}

void Producer::count(int64_t intended, int64_t now) {
  if (intended < run_.measure_ns) return;
  // Without answers and without a due time there is nothing to wait for.
  if (is_answered_ || run_.options.is_open_loop()) tally_.latency.record(now - intended);
  tally_.count(now - run_.measure_ns, slots(), frame_.records, frame_.batch_bytes);
}

/** What was due and is not sent must not look as if it had never been wanted: it has waited so long at least. */
void Producer::settle(int64_t now) {
  if (!run_.options.is_open_loop()) return;
  // A connection that ended early leaves what is yet to come due.
  const int64_t until = std::max(now, run_.end_ns);
  for (int64_t turn = begun_; turn * run_.pacing.connections + number_ < run_.requests_max &&
                              run_.pacing.intended_ns(turn, number_) < run_.end_ns;
       turn++) {
    tally_.unsent++;
    tally_.latency.record(until - run_.pacing.intended_ns(turn, number_));
  }
}
