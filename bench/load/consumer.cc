#include "consumer.h"

#include <algorithm>

#include "fail.h"

Consumer::Consumer(Run& run, Tally& tally, Histogram& end_to_end, Checksum& read, std::vector<Assignment> assignments)
    : Client(run, tally), end_to_end_(end_to_end), read_(read) {
  const bool from_end = run.options.mode == Mode::end_to_end || run.options.from == "end";
  for (const Assignment& assignment : assignments) {
    const PartitionPlace& place = run.cluster.partitions[static_cast<size_t>(assignment.partition)];
    const int64_t begin = from_end ? place.end_offset : place.begin_offset;
    partitions_.push_back(
        {assignment.partition, begin, begin, place.end_offset, {assignment.partition, !from_end && begin == 0}});
  }
}

bool Consumer::wants_any() const {
  return std::any_of(partitions_.begin(), partitions_.end(), [&](const Partition& each) { return wants(each); });
}

bool Consumer::is_past_bounds(int64_t now) const {
  if (run_.options.mode == Mode::end_to_end) {
    if (run_.producers_active.load() > 0) return false;
    if (run_.batches_read.load() >= run_.batches_written.load()) return true;
    if (now > run_.producers_done_ns.load() + run_.timeout_ns()) {
      fail("end-to-end: " + std::to_string(run_.batches_written.load() - run_.batches_read.load()) +
           " batches that were acknowledged did not come");
    }
    return false;
  }
  return now >= run_.end_ns || run_.fetched_records.load() >= run_.options.records_max ||
         run_.fetched_bytes.load() >= run_.options.bytes_max;
}

bool Consumer::is_done(int64_t now) const {
  if (!connection.is_open() || is_past_bounds(now)) return true;
  return !is_fetching_ && !wants_any() && run_.options.repeat == 0;
}

void Consumer::advance(int64_t now) {
  if (is_fetching_ || !connection.is_open() || is_past_bounds(now)) return;
  if (!wants_any()) {
    if (run_.options.repeat == 0) return;
    for (Partition& partition : partitions_) partition.next_offset = partition.begin_offset;
    // An empty topic has nothing to begin anew with.
    if (!wants_any()) fail("fetch repeat=1: nothing there");
  }
  encode();
  is_fetching_ = true;
  begun_ns_ = now;
  send(request_.bytes);
}

void Consumer::encode() {
  const Options& options = run_.options;
  const int16_t version = run_.cluster.versions.at(kafka::FETCH);
  kafka::begin_frame(request_, kafka::FETCH, version, correlation_);
  if (version < 15) request_.int32(-1);
  request_.int32(follows() ? options.max_wait_ms : 0);
  request_.int32(options.min_bytes);
  request_.int32(options.max_bytes);
  request_.int8(0);
  request_.int32(0);  // no session
  request_.int32(-1);
  request_.count(1);
  kafka::write_topic(request_, run_.cluster.topic, version >= kafka::TOPIC_IDS_FROM);
  request_.count(static_cast<size_t>(
      std::count_if(partitions_.begin(), partitions_.end(), [&](const Partition& each) { return wants(each); })));
  for (size_t step = 0; step < partitions_.size(); step++) {
    const Partition& partition = partitions_[(first_ + step) % partitions_.size()];
    if (!wants(partition)) continue;
    request_.int32(partition.index);
    request_.int32(-1);
    request_.int64(partition.next_offset);
    request_.int32(-1);
    request_.int64(-1);
    request_.int32(options.max_bytes);
    request_.no_tags();
  }
  request_.no_tags();
  request_.count(0);  // forgotten
  request_.text("");
  request_.no_tags();
  kafka::end_frame(request_);
  first_ = (first_ + 1) % partitions_.size();
}

Consumer::Partition& Consumer::partition_of(int32_t index) {
  const auto found = std::lower_bound(partitions_.begin(), partitions_.end(), index,
                                      [](const Partition& each, int32_t wanted) { return each.index < wanted; });
  if (found == partitions_.end() || found->index != index) fail("fetch: an answer for another partition");
  return *found;
}

void Consumer::answered(const uint8_t* at, size_t length, int64_t now) {
  Reader in(at, length);
  if (!is_fetching_ || in.int32() != correlation_) fail("fetch: an answer to another request");
  is_fetching_ = false;
  correlation_ = (correlation_ + 1) & INT32_MAX;
  answer_batches_ = answer_records_ = answer_bytes_ = 0;
  in.tags();
  if (in.int32() > 0) tally_.throttled++;
  if (const int16_t error = in.int16()) refused(error, "fetch", -1);
  in.int32();  // session
  for (size_t topics = in.count(); topics > 0 && in.is_ok(); topics--) {
    kafka::skip_topic(in, run_.cluster.versions.at(kafka::FETCH) >= kafka::TOPIC_IDS_FROM);
    for (size_t left = in.count(); left > 0 && in.is_ok(); left--) {
      const int32_t partition = in.int32();
      const int16_t error = in.int16();
      in.int64();  // high watermark
      in.int64();
      in.int64();
      for (size_t aborted = in.count(); aborted > 0; aborted--) {
        in.int64();  // producer
        in.int64();
        in.tags();
      }
      in.int32();
      const size_t bytes = in.count();
      const uint8_t* here = in.take(bytes);
      in.tags();
      if (!in.is_ok()) break;
      if (error != 0) refused(error, "fetch", partition);
      else records(partition_of(partition), here, bytes, now);
    }
    in.tags();
  }
  if (!in.is_ok()) fail("fetch: a malformed answer");
  if (run_.options.records_max != INT64_MAX) run_.fetched_records += answer_records_;
  if (run_.options.bytes_max != INT64_MAX) run_.fetched_bytes += answer_bytes_;
  if (begun_ns_ < run_.measure_ns) return;
  tally_.latency.record(now - begun_ns_);
  tally_.count(now - run_.measure_ns, answer_batches_, answer_records_, answer_bytes_);
}

void Consumer::records(Partition& partition, const uint8_t* at, size_t length, int64_t now) {
  const uint8_t* end = at + length;
  const uint8_t* begin = at;
  BatchView view;
  for (;;) {
    const Walk walk = next_batch(at, end, view);
    if (walk == Walk::malformed) fail("fetch: a malformed batch, partition " + std::to_string(partition.index));
    if (walk == Walk::end) break;
    batch(partition, view, now);
  }
  if (at == begin && length > 0) fail("fetch: less than a batch, partition " + std::to_string(partition.index));
}

void Consumer::batch(Partition& partition, const BatchView& view, int64_t now) {
  if (run_.options.verify != 0) partition.check.read(view, partition.next_offset, read_);
  if (view.next_offset() <= partition.next_offset) return;
  partition.next_offset = view.next_offset();
  answer_batches_++;
  answer_records_ += view.records();
  answer_bytes_ += static_cast<int64_t>(view.length);
  if (!follows()) return;
  Stamp stamp;
  if (!stamp_of(view, stamp)) return;
  if (run_.options.mode == Mode::end_to_end) {
    if (stamp.run != run_.id) return;
    run_.batches_read.fetch_add(1, std::memory_order_relaxed);
  }
  if (stamp.intended_ns >= run_.measure_ns) end_to_end_.record(now - stamp.intended_ns);
}

/** A verified catch-up that its time cut short has verified nothing. */
void Consumer::settle(int64_t) {
  if (run_.options.verify != 0 && run_.options.mode == Mode::fetch && run_.options.follow == 0 && wants_any()) {
    fail("verify: the time is over before all is read");
  }
}
