// One shard's connections: what comes in on each, what goes out, and when epoll shall tell. No JavaScript here: rows in
// (SEND_… of src/native/contract.ts), rows out (event_table.h).
//
// Owned by the reactor, whose epoll set they are in: that tells a connection's number.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "arena.h"
#include "frame_input.h"
#include "output_queue.h"

namespace millrace {

constexpr int32_t CLOSED_BY_PEER = 0;
constexpr int32_t CLOSED_BY_ERROR = 1;
constexpr int32_t CLOSED_BAD_FRAME_LENGTH = 2;
constexpr int32_t CLOSED_BY_US = 3;
constexpr int32_t CLOSED_OUTPUT_OVERFLOW = 4;

constexpr int32_t SEND_WORDS = 8;
constexpr int32_t SEND_BYTES = 1;
constexpr int32_t SEND_LEASED = 2;
constexpr int32_t SEND_FILE = 3;
constexpr int32_t SEND_CLOSE = 4;
constexpr int32_t SEND_FORGET = 5;
constexpr int32_t SEND_ASSIGN = 6;
constexpr int32_t SEND_PAUSE = 7;
constexpr int32_t SEND_RESUME = 8;

/** Closed once, however often it is asked. */
inline void close_descriptor(int& descriptor) {
  if (descriptor >= 0) ::close(descriptor);
  descriptor = -1;
}

struct ConnectionLimits {
  uint32_t output_bytes_max = 0;
  uint32_t output_bytes_high = 0;
  int32_t connections_max = 0;
};

/** A connection's number; below zero the system call that failed, and why. */
struct Added {
  int32_t number;
  const char* syscall;
  int error;
};

class Connections {
 public:
  /** False if the window holds no blocks of the arena. The arenas and the intake's tables are set before. */
  bool attach(const ConnectionLimits& limits, int32_t own);
  /** From here on sockets may be added. */
  void watch_with(int epoll) { epoll_ = epoll; }
  /** Owns the descriptor, and closes it if it is refused. */
  Added add(int descriptor);
  /** Closes every socket and gives up all that was held. */
  void close_all();

  void begin_poll();
  /** What epoll said of a connection. */
  void on_ready(int32_t number, uint32_t events);

  /** One row of `sends`; false if it can only come from a defect of the caller. */
  bool carry_out(const int32_t* row);
  /** Sends what the rows have lined up. */
  void settle_touched();
  /** Lets connections read again that have waited for the window. */
  void go_on_receiving();

  Intake intake;
  ArenaTable arenas;

 private:
  struct Connection {
    int descriptor;
    uint32_t interest = 0;   // what epoll is asked for
    bool is_reported = false;  // EVENT_CLOSED is out
    bool is_paused = false;
    bool is_starved = false;  // left unread until the window has a block
    bool is_touched = false;  // stands in `touched_`
    FrameInput input;
    OutputQueue output;
  };

  void receive(int32_t number, Connection& connection);
  bool push_output(const int32_t* row, Connection& connection, int32_t number);
  void settle(int32_t number, Connection& connection);
  Connection* find(int32_t number) const;
  bool assign(int32_t number, Connection& connection, int32_t offset);
  bool wants_input(const Connection& connection) const;
  void update_interest(int32_t number, Connection& connection);
  void end_input(int32_t number, Connection& connection, int32_t reason, int32_t error);
  void shut(int32_t number, Connection& connection, int32_t reason, int32_t error);
  void forget(int32_t number, Connection& connection);
  void touch(int32_t number, Connection& connection);

  ConnectionLimits limits_;
  int32_t own_ = 0;
  int epoll_ = -1;  // the reactor's; below zero before `watch_with` and after `close_all`
  bool window_was_open_ = true;  // at the start of this poll
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<int32_t> free_numbers_;
  std::vector<int32_t> touched_;
  std::vector<int32_t> starved_;
  std::vector<int32_t> waiting_;  // for a place in the window, in the order they began to
};

}  // namespace millrace
