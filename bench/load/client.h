// One connection of the load and what it does: a Producer or a Consumer. Belongs to one thread.
#pragma once

#include <cstdint>
#include <vector>

#include "connection.h"
#include "run.h"
#include "tally.h"
#include "verification.h"

/** A partition as one connection sees it; a client has them in the order of their numbers. */
struct Assignment {
  int32_t partition = 0;
  /** Which of the connections that share the partition this is. */
  uint32_t lane = 0;
};

class Client {
 public:
  Client(Run& run, Tally& tally) : run_(run), tally_(tally) {}
  virtual ~Client() = default;

  Connection connection;

  /** Begins what may be begun by now. */
  virtual void advance(int64_t now) = 0;
  /** Nothing more will come of it. */
  virtual bool is_done(int64_t now) const = 0;
  virtual bool is_waiting() const = 0;
  /** What is still owed when it is done, or when its connection has ended. */
  virtual void settle(int64_t) {}

  /** After an event of epoll. */
  void handle(uint32_t events, int64_t now);

 protected:
  Run& run_;
  Tally& tally_;

  /** `at`: behind the length of a frame. */
  virtual void answered(const uint8_t* at, size_t length, int64_t now) = 0;
  /** Sends, or ends the connection. */
  void send(const Bytes& bytes);
  /** Counts it, or fails with words. */
  void refused(int code, const char* request, int32_t partition);
  void ended();
};
