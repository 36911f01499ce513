// One shard's sockets. The contract stands in src/native/contract.ts.
//
// Owned by the thread that made it. One epoll set holds the sockets, the doorbell and the deadline; libuv watches that
// set's descriptor, so a poll costs the event loop one wake-up however many sockets are ready. Each poll receives,
// splits and writes rows, then calls JavaScript at most once; all that JavaScript wants comes back by flush().
//
// Teardown: close() or the end of the environment, whichever comes first, closes the sockets at once and the uv handle
// on the loop; JavaScript is never called after it. The object holds itself until libuv has let the handle go.
#pragma once

#include <napi.h>
#include <netinet/in.h>
#include <uv.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "arena.h"
#include "frame_input.h"
#include "output_queue.h"
#include "vigil.h"

namespace millrace {

constexpr int32_t CLOSED_BY_PEER = 0;
constexpr int32_t CLOSED_BY_ERROR = 1;
constexpr int32_t CLOSED_BAD_FRAME_LENGTH = 2;
constexpr int32_t CLOSED_BY_US = 3;
constexpr int32_t CLOSED_OUTPUT_OVERFLOW = 4;
constexpr int32_t CLOSED_NO_REQUEST = 5;
constexpr int32_t CLOSED_SLOW_FRAME = 6;
constexpr int32_t CLOSED_SLOW_READER = 7;
constexpr int32_t CLOSED_EVICTED = 8;

constexpr int32_t WAIT_UNCHANGED = -2;
constexpr int32_t WAIT_NONE = -1;
constexpr uint64_t NEVER = UINT64_MAX;

uint64_t now_ns();
void close_descriptor(int& descriptor);

class Reactor : public Napi::ObjectWrap<Reactor> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit Reactor(const Napi::CallbackInfo& info);
  ~Reactor() override;

 private:
  struct Connection {
    int descriptor;
    sockaddr_in6 peer{};      // or a sockaddr_in
    uint32_t interest = 0;   // what epoll is asked for
    bool is_reported = false;  // EVENT_CLOSED is out
    bool is_paused = false;
    bool is_starved = false;  // left unread until the window has a block
    bool is_touched = false;  // stands in `touched_`
    bool is_timed = false;    // the vigil knows that a frame is begun
    Watched watched;
    FrameInput input;
    OutputQueue output;
  };

  // The border.
  bool take_tables(const Napi::Object& tables);
  Napi::Value add(const Napi::CallbackInfo& info);
  Napi::Value flush(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);
  Napi::Value doorbell(const Napi::CallbackInfo& info);
  Napi::Value peer(const Napi::CallbackInfo& info);

  // The poll.
  bool start(Napi::Env env);
  static void on_poll(uv_poll_t* handle, int status, int events);
  void poll();
  void handle_socket(int32_t number, uint32_t events);
  void receive(int32_t number, Connection& connection);
  void call_tick(int32_t rows);

  // The flush.
  bool carry_out(const int32_t* row);
  bool push_output(const int32_t* row, Connection& connection, int32_t number);
  void settle(int32_t number, Connection& connection);
  void go_on_receiving();
  void set_deadline(int32_t wait_ms);
  void note_begun(int32_t number, Connection& connection);
  void sweep();
  void judge(int32_t number);

  Connection* find(int32_t number) const;
  bool assign(int32_t number, Connection& connection, int32_t offset);
  bool wants_input(const Connection& connection) const;
  void update_interest(int32_t number, Connection& connection);
  void end_input(int32_t number, Connection& connection, int32_t reason, int32_t error);
  void shut(int32_t number, Connection& connection, int32_t reason, int32_t error);
  void evict(int32_t number, Connection& connection, int32_t ms);
  void forget(int32_t number, Connection& connection);
  void touch(int32_t number, Connection& connection);
  void ring_self();
  void tear_down();

  ArenaTable arenas_;
  std::vector<Napi::ObjectReference> held_tables_;
  Napi::FunctionReference on_tick_;
  Words<int32_t> sends_;
  int32_t* counter_words_ = nullptr;
  int32_t own_ = 0;
  uint32_t output_bytes_max_ = 0;
  uint32_t output_bytes_high_ = 0;
  int32_t connections_max_ = 0;

  Intake intake_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<int32_t> free_numbers_;
  std::vector<int32_t> touched_;
  std::vector<int32_t> starved_;
  std::vector<int32_t> waiting_;  // for a place in the window, in the order they began to

  Vigil vigil_;
  uint64_t now_ms_ = 0;  // of this poll

  int epoll_ = -1;
  int doorbell_ = -1;
  int timer_ = -1;
  uint64_t deadline_ns_ = UINT64_MAX;  // when tick is due
  uint64_t armed_ns_ = UINT64_MAX;     // when the timer goes off: never later
  bool window_was_open_ = true;        // at the start of this poll
  bool is_closed_ = true;
  uv_poll_t poll_handle_;
  napi_async_cleanup_hook_handle cleanup_hook_ = nullptr;
};

void register_reactor(Napi::Env env, Napi::Object exports);

}  // namespace millrace
