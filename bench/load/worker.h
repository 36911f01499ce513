// A thread of the load: its connections, an epoll, and a clock.
//
// It sends what is due, waits for answers or for the next due time (to the nanosecond: epoll_pwait2, no timer slack),
// and gives each answer to its connection. How late it was itself, in `lateness`, says whether the figures are the
// broker's.
#pragma once

#include <memory>
#include <vector>

#include "consumer.h"
#include "producer.h"

class Worker {
 public:
  explicit Worker(Run& run);
  ~Worker();

  /** `descriptor` is connected and does not block. */
  void add_producer(int descriptor, int64_t number, std::vector<Assignment> assignments, int64_t slots);
  void add_consumer(int descriptor, std::vector<Assignment> assignments);

  void run();

  Tally produced;
  Tally fetched;
  Histogram end_to_end;
  /** Of an open loop: from when a request was due to when this thread came to it. */
  Histogram lateness;
  Checksum written;
  Checksum read;

 private:
  Run& run_;
  int epoll_;
  std::unique_ptr<ProduceFrame> frame_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<bool> is_retired_;
  size_t active_ = 0;
  /** In the order in which they are due. */
  std::vector<Producer*> producers_;
  int64_t next_due_ = 0;

  void add(std::unique_ptr<Client> client, int descriptor, size_t input_bytes);
  int64_t due_ns() const;
  void begin_due(int64_t now);
  void retire_if_done(size_t index, int64_t now);
  void retire_done(int64_t now);
  void fail_if_stalled(int64_t now);

  int64_t last_event_ns_ = 0;
};
