#include "report.h"

#include <sys/resource.h>

#include <algorithm>

#include "clock.h"
#include "fail.h"
#include "json.h"

Cpu cpu_so_far() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return {seconds(usage.ru_utime), seconds(usage.ru_stime)};
}

void write_histogram(Json& json, const char* name, const Histogram& histogram) {
  json.begin_object(name);
  json.integer("count", histogram.count());
  json.integer("minNs", histogram.min());
  json.number("meanNs", histogram.mean());
  json.integer("p50Ns", histogram.percentile(0.5));
  json.integer("p90Ns", histogram.percentile(0.9));
  json.integer("p99Ns", histogram.percentile(0.99));
  json.integer("p999Ns", histogram.percentile(0.999));
  json.integer("p9999Ns", histogram.percentile(0.9999));
  json.integer("maxNs", histogram.max());
  json.begin_array("histogram");
  for (const auto& [value, count] : histogram.buckets()) {
    json.begin_array();
    json.integer(nullptr, value);
    json.integer(nullptr, count);
    json.end_array();
  }
  json.end_array();
  json.end_object();
}

static void write_half(Json& json, const char* name, const Tally& tally, double seconds) {
  const auto rate = [&](int64_t count) { return seconds > 0 ? static_cast<double>(count) / seconds : 0; };
  json.begin_object(name);
  json.integer("requests", tally.requests);
  json.integer("batches", tally.batches);
  json.integer("records", tally.records);
  json.integer("bytes", tally.bytes);
  json.number("requestsPerSecond", rate(tally.requests));
  json.number("recordsPerSecond", rate(tally.records));
  json.number("bytesPerSecond", rate(tally.bytes));
  json.integer("throttled", tally.throttled);
  json.integer("unsent", tally.unsent);
  write_histogram(json, "latency", tally.latency);
  json.begin_array("series");
  for (const Second& second : tally.series) {
    json.begin_object();
    json.integer("records", second.records);
    json.integer("bytes", second.bytes);
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

static void write_checksum(Json& json, const char* name, const Checksum& checksum) {
  json.begin_object(name);
  json.integer("batches", checksum.batches);
  json.integer("records", checksum.records);
  json.hexadecimal("checksum", checksum.sum);
  json.end_object();
}

static std::string hexadecimal(uint64_t value) {
  char text[20];
  std::snprintf(text, sizeof text, "%016" PRIx64, value);
  return text;
}

static void compare(const Options& options, const Checksum& written, const Checksum& read) {
  if (options.mode == Mode::end_to_end && (written.batches != read.batches || written.sum != read.sum)) {
    fail("verify: " + std::to_string(written.batches) + " batches with checksum " + hexadecimal(written.sum) +
         " were acknowledged, " + std::to_string(read.batches) + " with " + hexadecimal(read.sum) + " read");
  }
  if (options.mode != Mode::fetch) return;
  if (options.expect_records >= 0 && read.records != options.expect_records) {
    fail("verify: " + std::to_string(options.expect_records) + " records were acknowledged, " +
         std::to_string(read.records) + " read");
  }
  if (!options.expect_checksum.empty() && hexadecimal(read.sum) != options.expect_checksum) {
    fail("verify: checksum " + options.expect_checksum + " was acknowledged, " + hexadecimal(read.sum) + " read");
  }
}

static void write_errors(Json& json, const Tally& produced, const Tally& fetched) {
  Errors errors = produced.errors;
  for (const auto& [code, count] : fetched.errors) errors[code] += count;
  json.begin_object("errors");
  for (const auto& [code, count] : errors) {
    json.integer(code == CLOSED ? "closed" : std::to_string(code).c_str(), count);
  }
  json.end_object();
}

std::string report(const Run& run, const std::vector<std::unique_ptr<Worker>>& workers, int64_t connections, Cpu cpu) {
  const Options& options = run.options;
  Tally produced;
  Tally fetched;
  Histogram end_to_end;
  Histogram lateness;
  Checksum written;
  Checksum read;
  for (const auto& worker : workers) {
    produced.merge(worker->produced);
    fetched.merge(worker->fetched);
    end_to_end.merge(worker->end_to_end);
    lateness.merge(worker->lateness);
    written.merge(worker->written);
    read.merge(worker->read);
  }
  if (options.verify != 0) compare(options, written, read);
  const double seconds = static_cast<double>(std::max(produced.last_ns, fetched.last_ns)) / NS_A_SECOND;

  Json json;
  json.begin_object();
  json.text("mode", options.mode_name);
  options.write(json);
  json.begin_object("versions");
  json.integer("produce", run.cluster.versions.at(kafka::PRODUCE));
  json.integer("fetch", run.cluster.versions.at(kafka::FETCH));
  json.end_object();
  json.integer("brokers", static_cast<int64_t>(run.cluster.brokers.size()));
  json.integer("partitions", static_cast<int64_t>(run.cluster.partitions.size()));
  json.integer("connections", connections);
  if (options.produces()) json.integer("batchBytes", static_cast<int64_t>(run.batch.bytes().size()));
  json.number("seconds", seconds);
  if (options.produces()) write_half(json, "produced", produced, seconds);
  if (options.fetches()) write_half(json, "fetched", fetched, seconds);
  if (end_to_end.count() > 0) write_histogram(json, "endToEnd", end_to_end);
  if (options.is_open_loop()) write_histogram(json, "lateness", lateness);
  write_errors(json, produced, fetched);
  if (options.verify != 0) {
    json.begin_object("verify");
    if (options.produces()) write_checksum(json, "written", written);
    if (options.fetches()) write_checksum(json, "read", read);
    json.end_object();
  }
  json.begin_object("cpu");
  json.number("userSeconds", cpu.user_seconds);
  json.number("systemSeconds", cpu.system_seconds);
  json.end_object();
  json.end_object();
  return json.out;
}
