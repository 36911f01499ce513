// A broker that does next to nothing, for what a load generator can do at most, and for the least that a broker's work
// costs. It accepts, acknowledges and forgets; fetches get one ready batch again and again.
//
//   null-broker partitions=4 [port=0] [records=1 recordBytes=100]      the ready batch
//     keep=1 [keepBytes=N]               what is produced is what is fetched, from memory
//     store=FILE [fileBytes=N]           a floor: checks what comes, writes it to the page cache, round and round
//     store=FILE durable=1               a floor for a durable log: a synced journal first, then a file that grows
//     pause=MS pauseAt=N                 stands still once, at produce request N
//     leads=even|odd [peer=PORT]         the other partitions are led by the broker there
//     fault=NAME faultAt=N               refuse, close, garble or ignore request N;
//                                        keep=1: lose, double, corrupt or swap batch N
//
// Prints its port, then serves until its standard input ends.
#include <cinttypes>
#include <cstdio>
#include <map>
#include <set>

#include "fail.h"
#include "null_server.h"

static NullSettings parse(int argc, char** argv) {
  NullSettings settings;
  int64_t keep = 0;
  std::string fault = "none";
  const std::map<std::string, int64_t*> numbers = {{"port", &settings.port},
                                                   {"partitions", &settings.log.partitions},
                                                   {"records", &settings.log.records},
                                                   {"recordBytes", &settings.log.record_bytes},
                                                   {"keep", &keep},
                                                   {"keepBytes", &settings.log.keep_bytes},
                                                   {"fileBytes", &settings.file_bytes},
                                                   {"durable", &settings.durable},
                                                   {"pause", &settings.pause_ms},
                                                   {"pauseAt", &settings.pause_at},
                                                   {"peer", &settings.peer_port},
                                                   {"faultAt", &settings.fault_at}};
  for (int index = 1; index < argc; index++) {
    const std::string argument = argv[index];
    const size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : argument.substr(equals + 1);
    const auto number = numbers.find(name);
    if (name == "store") settings.store = value;
    else if (name == "fault") fault = value;
    else if (name == "leads") settings.leads = value;
    else if (number == numbers.end()) fail("null-broker: unknown argument " + argument);
    else if (std::sscanf(value.c_str(), "%" SCNd64, number->second) != 1 || *number->second < 0) {
      fail("null-broker: " + argument + " is not a number");
    }
  }
  if (settings.log.partitions < 1 || settings.log.partitions > 1'000'000 || settings.log.records < 1) {
    fail("null-broker: out of range");
  }
  if (settings.leads != "all" && settings.leads != "even" && settings.leads != "odd") fail("null-broker: leads");
  settings.log.keeps = keep != 0;
  settings.log.fault_at = settings.fault_at;
  const std::set<std::string> of_wire = {"refuse", "close", "garble", "ignore"};
  const std::set<std::string> of_log = {"none", "lose", "double", "corrupt", "swap"};
  if (of_wire.count(fault) > 0) settings.wire_fault = fault;
  else if (of_log.count(fault) > 0) settings.log.fault = fault;
  else fail("null-broker: fault=" + fault);
  return settings;
}

int main(int argc, char** argv) {
  NullServer server(parse(argc, argv));
  std::printf("%d\n", server.port());
  std::fflush(stdout);
  server.run();
  return 0;
}
