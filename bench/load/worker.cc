#include "worker.h"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "clock.h"
#include "fail.h"

static constexpr int EVENTS_AT_ONCE = 512;
static constexpr int64_t WAIT_NS_MAX = 100 * NS_A_MILLISECOND;
static constexpr size_t PRODUCER_INPUT_BYTES = 4096;

Worker::Worker(Run& run) : run_(run), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

Worker::~Worker() {
  clients_.clear();
  close(epoll_);
}

void Worker::add(std::unique_ptr<Client> client, int descriptor, size_t input_bytes) {
  client->connection.open(descriptor, epoll_, clients_.size(), input_bytes);
  clients_.push_back(std::move(client));
  is_retired_.push_back(false);
  active_++;
}

void Worker::add_producer(int descriptor, int64_t number, std::vector<Assignment> assignments, int64_t slots) {
  if (frame_ == nullptr) frame_ = std::make_unique<ProduceFrame>(run_, slots);
  auto producer = std::make_unique<Producer>(run_, produced, written, *frame_, number, std::move(assignments));
  producers_.push_back(producer.get());
  // An answer says little about each partition.
  add(std::move(producer), descriptor, PRODUCER_INPUT_BYTES);
}

void Worker::add_consumer(int descriptor, std::vector<Assignment> assignments) {
  auto consumer = std::make_unique<Consumer>(run_, fetched, end_to_end, read, std::move(assignments));
  add(std::move(consumer), descriptor, static_cast<size_t>(run_.options.max_bytes) + 4096);
}

/** When the next request of this thread is due; INT64_MAX if none will be. */
int64_t Worker::due_ns() const {
  if (!run_.options.is_open_loop() || producers_.empty()) return INT64_MAX;
  const int64_t count = static_cast<int64_t>(producers_.size());
  const int64_t number = producers_[static_cast<size_t>(next_due_ % count)]->number();
  if (next_due_ / count * run_.pacing.connections + number >= run_.requests_max) return INT64_MAX;
  const int64_t due = run_.pacing.intended_ns(next_due_ / count, number);
  return due < run_.end_ns ? due : INT64_MAX;
}

void Worker::begin_due(int64_t now) {
  for (int64_t due; (due = due_ns()) <= now; next_due_++) {
    if (due >= run_.measure_ns) lateness.record(now - due);
    producers_[static_cast<size_t>(next_due_ % static_cast<int64_t>(producers_.size()))]->advance(now);
  }
}

void Worker::run() {
  prctl(PR_SET_TIMERSLACK, 1);
  const int64_t spin_ns = run_.options.spin_us * 1000;
  epoll_event events[EVENTS_AT_ONCE];
  timespec start = to_timespec(run_.pacing.start_ns);
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &start, nullptr);
  last_event_ns_ = now_ns();
  for (auto& client : clients_) client->advance(last_event_ns_);
  retire_done(now_ns());
  while (active_ > 0) {
    const int64_t before = now_ns();
    begin_due(before);
    const int64_t wait_ns = std::clamp<int64_t>(due_ns() - now_ns() - spin_ns, 0, WAIT_NS_MAX);
    const timespec timeout = to_timespec(wait_ns);
    const long count = syscall(SYS_epoll_pwait2, epoll_, events, EVENTS_AT_ONCE, &timeout, nullptr, 0);
    if (count < 0 && errno != EINTR) fail(std::string("epoll_pwait2: ") + std::strerror(errno));
    const int64_t now = now_ns();
    for (long index = 0; index < count; index++) {
      const size_t which = events[index].data.u64;
      clients_[which]->handle(events[index].events, now);
      retire_if_done(which, now);
    }
    if (count > 0) last_event_ns_ = now;
    else fail_if_stalled(now);
    if (now >= run_.end_ns || count <= 0) retire_done(now);
  }
}

void Worker::retire_if_done(size_t index, int64_t now) {
  Client& client = *clients_[index];
  if (is_retired_[index] || !client.is_done(now)) return;
  client.settle(now);
  client.connection.close();
  is_retired_[index] = true;
  active_--;
  if (dynamic_cast<Producer*>(&client) == nullptr) return;
  run_.producers_done_ns = now;
  run_.producers_active--;
}

/** What ends by the time that has passed, or by what other threads have done, has no event of its own. */
void Worker::retire_done(int64_t now) {
  for (size_t index = 0; index < clients_.size(); index++) {
    if (is_retired_[index]) continue;
    // An exhausted connection may still owe its last request.
    clients_[index]->advance(now);
    retire_if_done(index, now);
  }
  if (now < run_.drain_end_ns() + run_.timeout_ns()) return;
  // One may wait for good while others have their answers.
  for (const Producer* producer : producers_) {
    if (producer->connection.is_open() && producer->is_waiting()) fail("a request was never answered");
  }
}

void Worker::fail_if_stalled(int64_t now) {
  // A fetch may rightly be answered so late.
  const int64_t long_poll_ns = run_.options.fetches() ? run_.options.max_wait_ms * NS_A_MILLISECOND : 0;
  if (now - last_event_ns_ < run_.timeout_ns() + long_poll_ns) return;
  const bool is_waiting =
      std::any_of(clients_.begin(), clients_.end(), [](const auto& each) { return each->is_waiting(); });
  if (is_waiting) fail("no answer for " + std::to_string((now - last_event_ns_) / NS_A_MILLISECOND) + " ms");
}
