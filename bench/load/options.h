// What the command line asks for: `load MODE name=value …`. `load help` prints them all.
#pragma once

#include <cstdint>
#include <string>

class Json;

enum class Mode { produce, fetch, end_to_end };

struct Options {
  /** As it was written; `connections` and `partitions` produce, with other defaults. */
  std::string mode_name;
  Mode mode = Mode::produce;

  std::string bootstrap = "127.0.0.1:9092";
  int64_t port = 0;
  std::string topic = "load";
  int64_t partitions = 0;
  int64_t create = 0;
  int64_t replication_factor = -1;

  int64_t threads = 1;
  int64_t connections = 1;
  int64_t consumers = 0;
  int64_t inflight = 1;
  int64_t batches_per_request = 1;

  int64_t acks = -1;
  int64_t records = 1;
  int64_t record_bytes = 100;
  std::string compression = "none";
  std::string batch;

  double rate = 0;
  double seconds = 10;
  double warmup = 0;
  int64_t spin_us = 0;
  int64_t requests_max = INT64_MAX;
  int64_t records_max = INT64_MAX;
  int64_t bytes_max = INT64_MAX;
  double timeout = 10;
  double drain = 5;

  int64_t follow = 0;
  int64_t repeat = 0;
  std::string from = "beginning";
  int64_t max_bytes = 1 << 20;
  int64_t min_bytes = 1;
  int64_t max_wait_ms = 500;

  int64_t verify = 0;
  int64_t expect_records = -1;
  std::string expect_checksum;
  std::string errors = "fail";
  int64_t announce = 0;

  bool produces() const { return mode != Mode::fetch; }
  bool fetches() const { return mode != Mode::produce; }
  bool is_open_loop() const { return rate > 0; }
  bool counts_errors() const { return errors == "count"; }

  /** As a member of an object. */
  void write(Json& json) const;
};

/** Fails, naming the option, on what it does not know or cannot do. */
Options parse_options(int argc, char** argv);

std::string options_help();
