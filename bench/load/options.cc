#include "options.h"

#include <cerrno>
#include <cstdlib>
#include <map>
#include <variant>
#include <vector>

#include "fail.h"
#include "json.h"

using Field = std::variant<int64_t Options::*, double Options::*, std::string Options::*>;

struct Option {
  const char* name;
  Field field;
  const char* help;
  double least = 0;
  double greatest = 9e18;
};

static const std::vector<Option>& all_options() {
  static const std::vector<Option> options = {
      {"bootstrap", &Options::bootstrap, "host:port of a broker"},
      {"port", &Options::port, "the same for a broker on 127.0.0.1", 0, 65535},
      {"topic", &Options::topic, "name"},
      {"partitions", &Options::partitions, "the first so many of the topic; 0: all", 0, 1'000'000},
      {"create", &Options::create, "1: make the topic if it is not there", 0, 1},
      {"replicationFactor", &Options::replication_factor, "of a topic made here; -1: the broker's default", -1, 100},
      {"threads", &Options::threads, "each with its own connections", 1, 64},
      {"connections", &Options::connections, "in all; each partition's leader gets one at least", 1, 100'000},
      {"consumers", &Options::consumers, "end-to-end: connections that fetch; 0: as many as connections", 0, 100'000},
      {"inflight", &Options::inflight, "produce requests under way on a connection", 1, 10'000},
      {"batchesPerRequest", &Options::batches_per_request, "partitions that share a produce request", 1, 100'000},
      {"acks", &Options::acks, "0, 1 or -1 (all)", -1, 1},
      {"records", &Options::records, "in a batch", 1, 1'000'000},
      {"recordBytes", &Options::record_bytes, "of a record's value", 0, 16 << 20},
      {"compression", &Options::compression, "of batch=FILE: none, gzip, snappy, lz4, zstd"},
      {"batch", &Options::batch, "file of one ready record batch, sent as it is"},
      {"rate", &Options::rate, "records a second in all (open loop); 0: as fast as answers come (closed loop)", 0, 1e9},
      {"seconds", &Options::seconds, "measured, after the warm-up", 0.001, 86'400},
      {"warmup", &Options::warmup, "seconds before, in no figure", 0, 86'400},
      {"spinUs", &Options::spin_us, "open loop: wake so long before a request is due, and spin", 0, 1'000'000},
      {"requestsMax", &Options::requests_max, "ends after so many (warm-up included)", 1},
      {"recordsMax", &Options::records_max, "ends after so many (warm-up included)", 1},
      {"bytesMax", &Options::bytes_max, "ends after so many bytes of batches (warm-up included)", 1},
      {"timeout", &Options::timeout, "seconds without any answer that end it as failed", 0.1, 3600},
      {"drain", &Options::drain, "open loop: seconds after the end to send what was due", 0, 3600},
      {"follow", &Options::follow, "fetch: 1: wait for more at the end", 0, 1},
      {"repeat", &Options::repeat, "fetch: 1: begin anew at the end", 0, 1},
      {"from", &Options::from, "fetch: beginning or end"},
      {"maxBytes", &Options::max_bytes, "of a fetch answer", 1, 256 << 20},
      {"minBytes", &Options::min_bytes, "of a fetch answer, else it waits", 0, 256 << 20},
      {"maxWaitMs", &Options::max_wait_ms, "that a fetch waits for minBytes", 0, 60'000},
      {"verify", &Options::verify, "1: number what is written; check all that is read", 0, 1},
      {"expectRecords", &Options::expect_records, "fetch verify=1: what the producing run says it wrote", -1},
      {"expectChecksum", &Options::expect_checksum, "the same, its checksum"},
      {"errors", &Options::errors, "fail: the first ends it; count: they are counted by code"},
      {"announce", &Options::announce, "1: a line on stderr, 'measuring', when the warm-up is over", 0, 1},
  };
  return options;
}

static void preset(Options& options) {
  const std::map<std::string, Mode> modes = {{"produce", Mode::produce},
                                             {"fetch", Mode::fetch},
                                             {"end-to-end", Mode::end_to_end},
                                             {"connections", Mode::produce},
                                             {"partitions", Mode::produce}};
  const auto found = modes.find(options.mode_name);
  if (found == modes.end()) {
    fail("the first argument is produce, fetch, end-to-end, connections, partitions, histogram or help");
  }
  options.mode = found->second;
  if (options.mode_name == "connections") options.connections = 100;
  if (options.mode_name == "end-to-end") options.rate = 1000;
}

static void set(Options& options, const Option& option, const std::string& value) {
  if (const auto text = std::get_if<std::string Options::*>(&option.field)) {
    options.**text = value;
    return;
  }
  char* end = nullptr;
  errno = 0;
  double number = 0;
  if (const auto whole = std::get_if<int64_t Options::*>(&option.field)) {
    options.**whole = value == "all" && *whole == &Options::acks ? (end = const_cast<char*>(""), -1)
                                                                 : std::strtoll(value.c_str(), &end, 10);
    number = static_cast<double>(options.**whole);
  } else {
    number = options.*std::get<double Options::*>(option.field) = std::strtod(value.c_str(), &end);
  }
  if (value.empty() || *end != 0 || errno != 0) fail(std::string(option.name) + "=" + value + " is not a number");
  if (!(number >= option.least && number <= option.greatest)) {
    fail(std::string(option.name) + "=" + value + " is out of range");
  }
}

static void check(const Options& options) {
  const auto refuse_unless = [](bool is_well, const char* words) {
    if (!is_well) fail(words);
  };
  refuse_unless(!options.topic.empty() && options.topic.size() <= 249, "topic: 1 to 249 letters");
  refuse_unless(options.errors == "fail" || options.errors == "count", "errors is fail or count");
  refuse_unless(options.from == "beginning" || options.from == "end", "from is beginning or end");
  refuse_unless(options.mode != Mode::fetch || options.rate == 0,
                "rate is for what produces: fetch takes what there is");
  refuse_unless(options.follow == 0 || options.repeat == 0, "follow and repeat: one of them");
  refuse_unless(options.compression == "none" || !options.batch.empty(),
                "nothing is compressed here: give a ready batch with batch=FILE");
  refuse_unless(options.batch.empty() || (options.verify == 0 && options.mode != Mode::end_to_end),
                "a batch from a file is sent as it is: it carries no number to verify and no time");
  refuse_unless(options.verify == 0 || !options.counts_errors(),
                "verify=1 with errors=count: what was refused may be there or not");
  refuse_unless(options.verify == 0 || options.repeat == 0, "verify=1 with repeat=1: all would be there twice");
  refuse_unless(options.produces() || (options.records_max == INT64_MAX || options.verify == 0),
                "verify=1 reads to the end: no recordsMax");
}

Options parse_options(int argc, char** argv) {
  Options options;
  options.mode_name = argc > 1 ? argv[1] : "";
  preset(options);
  for (int index = 2; index < argc; index++) {
    const std::string argument = argv[index];
    const size_t equals = argument.find('=');
    const Option* found = nullptr;
    for (const Option& option : all_options()) {
      if (equals != std::string::npos && argument.substr(0, equals) == option.name) found = &option;
    }
    if (found == nullptr) fail("unknown argument " + argument + "; `load help` lists them");
    set(options, *found, argument.substr(equals + 1));
  }
  if (options.port != 0) options.bootstrap = "127.0.0.1:" + std::to_string(options.port);
  if (options.consumers == 0) options.consumers = options.connections;
  check(options);
  return options;
}

void Options::write(Json& json) const {
  json.begin_object("options");
  for (const Option& option : all_options()) {
    if (const auto text = std::get_if<std::string Options::*>(&option.field)) {
      json.text(option.name, this->**text);
    } else if (const auto whole = std::get_if<int64_t Options::*>(&option.field)) {
      if (this->**whole != INT64_MAX) json.integer(option.name, this->**whole);
    } else {
      json.number(option.name, this->*std::get<double Options::*>(option.field));
    }
  }
  json.end_object();
}

std::string options_help() {
  std::string help =
      "load MODE name=value …\n"
      "  produce      batches to partitions in turn\n"
      "  fetch        all there is, from the beginning; follow=1: and what comes\n"
      "  end-to-end   both at once: from the intended sending to the receiving (rate=1000 if not given)\n"
      "  connections  produce on many connections (100 if not given)\n"
      "  partitions   produce to many partitions in turn\n"
      "  histogram    percentiles of the numbers on stdin\n";
  for (const Option& option : all_options()) {
    const std::string name = option.name;
    help += "  " + name + std::string(20 - name.size(), ' ') + option.help + "\n";
  }
  return help;
}
