// A load generator for brokers that speak the Kafka protocol; bench/load/README.md says how to use it.
//
// Here: which connection serves which partitions, the threads, the clock they start by.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <thread>

#include "clock.h"
#include "fail.h"
#include "json.h"
#include "report.h"
#include "socket.h"
#include "worker.h"

struct Plan {
  int32_t broker;
  std::vector<Assignment> assignments;
};

/**
 * Connections are shared out among the brokers by the partitions they lead, one each at least. A broker's connections
 * then take its partitions in turn, or share them if there are more connections.
 */
static std::vector<Plan> plan_connections(const Cluster& cluster, int64_t connections) {
  std::map<int32_t, std::vector<int32_t>> led;
  for (size_t index = 0; index < cluster.partitions.size(); index++) {
    led[cluster.partitions[index].leader].push_back(static_cast<int32_t>(index));
  }
  std::vector<Plan> plans;
  const int64_t partitions = static_cast<int64_t>(cluster.partitions.size());
  int64_t seen = 0;
  for (const auto& [broker, own] : led) {
    const int64_t count = static_cast<int64_t>(own.size());
    const int64_t share =
        std::max<int64_t>(1, (seen + count) * connections / partitions - seen * connections / partitions);
    seen += count;
    for (int64_t index = 0; index < share; index++) {
      Plan plan{broker, {}};
      if (share >= count) {
        plan.assignments.push_back({own[static_cast<size_t>(index % count)], static_cast<uint32_t>(index / count)});
      } else {
        for (int64_t at = index; at < count; at += share) plan.assignments.push_back({own[static_cast<size_t>(at)], 0});
      }
      plans.push_back(std::move(plan));
    }
  }
  return plans;
}

static void allow_descriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static int connect_to(const Cluster& cluster, int32_t broker) { return Socket(cluster.brokers.at(broker)).release(); }

static int64_t connect_all(Run& run, std::vector<std::unique_ptr<Worker>>& workers) {
  const Options& options = run.options;
  int64_t connections = 0;
  const auto next_worker = [&]() -> Worker& { return *workers[static_cast<size_t>(connections++) % workers.size()]; };
  if (options.fetches()) {
    const int64_t wanted = options.mode == Mode::fetch ? options.connections : options.consumers;
    const int64_t partitions = static_cast<int64_t>(run.cluster.partitions.size());
    const bool is_shared = options.mode == Mode::fetch && options.verify == 0;
    for (Plan& plan : plan_connections(run.cluster, is_shared ? wanted : std::min(wanted, partitions))) {
      next_worker().add_consumer(connect_to(run.cluster, plan.broker), std::move(plan.assignments));
    }
  }
  if (!options.produces()) return connections;
  std::vector<Plan> plans = plan_connections(run.cluster, options.connections);
  int64_t number = 0;
  run.pacing.connections = static_cast<int64_t>(plans.size());
  run.producers_active = run.pacing.connections;
  for (Plan& plan : plans) {
    if (static_cast<int64_t>(plan.assignments.size()) < options.batches_per_request) {
      fail("batchesPerRequest: a connection has only " + std::to_string(plan.assignments.size()) + " partitions");
    }
    const int descriptor = connect_to(run.cluster, plan.broker);
    next_worker().add_producer(descriptor, number++, std::move(plan.assignments), options.batches_per_request);
  }
  return connections;
}

static void limit_requests(Run& run) {
  const Options& options = run.options;
  const int64_t records = run.batch.records() * options.batches_per_request;
  const int64_t bytes = static_cast<int64_t>(run.batch.bytes().size()) * options.batches_per_request;
  const auto ceiling = [](int64_t whole, int64_t part) { return whole == INT64_MAX ? whole : (whole - 1) / part + 1; };
  run.requests_max =
      std::min({options.requests_max, ceiling(options.records_max, records), ceiling(options.bytes_max, bytes)});
  if (options.is_open_loop()) run.pacing.interval_ns = 1e9 * static_cast<double>(records) / options.rate;
}

static void run_load(const Options& options) {
  allow_descriptors();
  Run run;
  run.options = options;
  run.cluster = discover(options);
  run.id = static_cast<uint32_t>(now_ns() ^ static_cast<int64_t>(getpid()) << 16);
  run.batch = !options.batch.empty()
                  ? BatchTemplate::read(options.batch)
                  : BatchTemplate::encode(static_cast<int>(options.records), static_cast<int>(options.record_bytes),
                                          options.verify != 0 || options.mode == Mode::end_to_end);
  limit_requests(run);
  std::vector<std::unique_ptr<Worker>> workers;
  for (int64_t index = 0; index < options.threads; index++) workers.push_back(std::make_unique<Worker>(run));
  const int64_t connections = connect_all(run, workers);

  run.pacing.start_ns = now_ns() + 5 * NS_A_MILLISECOND;
  run.measure_ns = run.pacing.start_ns + static_cast<int64_t>(options.warmup * 1e9);
  run.end_ns = run.measure_ns + static_cast<int64_t>(options.seconds * 1e9);
  std::vector<std::thread> threads;
  for (const auto& worker : workers) threads.emplace_back([&worker] { worker->run(); });
  const timespec measure = to_timespec(run.measure_ns);
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &measure, nullptr);
  const Cpu before = cpu_so_far();
  if (options.announce != 0) std::fputs("measuring\n", stderr);
  for (std::thread& thread : threads) thread.join();
  const Cpu after = cpu_so_far();
  const Cpu cpu{after.user_seconds - before.user_seconds, after.system_seconds - before.system_seconds};
  std::puts(report(run, workers, connections, cpu).c_str());
}

/** Percentiles of what stands on stdin, a whole number a line: how the histogram is checked from outside. */
static void read_histogram() {
  Histogram histogram;
  for (int64_t value; std::cin >> value;) histogram.record(value);
  Json json;
  json.begin_object();
  write_histogram(json, "latency", histogram);
  json.end_object();
  std::puts(json.out.c_str());
}

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "help") std::puts(options_help().c_str());
  else if (mode == "histogram") read_histogram();
  else run_load(parse_options(argc, argv));
  return 0;
}
