// A TCP socket of its own: connected, then asked one thing at a time, or given to a Connection.
#pragma once

#include <string>

#include "bytes.h"
#include "kafka.h"

class Socket {
 public:
  /** Waits till it is connected; fails with words if it is not within ten seconds. */
  explicit Socket(const kafka::Broker& broker);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  /** Sends a frame and waits for its answer: what follows the correlation id. */
  Bytes call(const Writer& frame);

  /** The descriptor, no longer owned here, set not to block. */
  int release();

 private:
  std::string where_;
  int descriptor_ = -1;

  void exactly(uint8_t* at, size_t length);
};
