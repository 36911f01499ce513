// Time in nanoseconds of CLOCK_MONOTONIC, which all processes of a machine share.
#pragma once

#include <time.h>

#include <cstdint>

constexpr int64_t NS_A_SECOND = 1'000'000'000;
constexpr int64_t NS_A_MILLISECOND = 1'000'000;

inline int64_t now_ns() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * NS_A_SECOND + time.tv_nsec;
}

inline timespec to_timespec(int64_t ns) {
  timespec time;
  time.tv_sec = ns / NS_A_SECOND;
  time.tv_nsec = ns % NS_A_SECOND;
  return time;
}
