// When each request is meant to be sent, known beforehand: request `turn` of connection `number` goes out at
// start + (turn * connections + number) * interval. So connections take turns evenly, and a connection that lags knows
// what it owes without a queue.
#pragma once

#include <cstdint>

struct Pacing {
  int64_t start_ns = 0;
  double interval_ns = 0;
  int64_t connections = 1;

  int64_t intended_ns(int64_t turn, int64_t number) const {
    return start_ns + static_cast<int64_t>(static_cast<double>(turn * connections + number) * interval_ns);
  }
};
