// The one way a program here gives up: words on stderr, exit code 1.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

[[noreturn]] inline void fail(const std::string& words) {
  std::fprintf(stderr, "load: %s\n", words.c_str());
  std::fflush(stderr);
  // Other threads run on: nothing of theirs is to be torn down under them.
  std::_Exit(1);
}
