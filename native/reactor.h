// One shard's poll and flush. The contract stands in src/native/contract.ts; what happens on a connection is in
// connections.h.
//
// Owned by the thread that made it. One epoll set holds the sockets, the doorbell and the deadline; libuv watches that
// set's descriptor, so a poll costs the event loop one wake-up however many sockets are ready. Each poll receives,
// splits and writes rows, then calls JavaScript at most once; all that JavaScript wants comes back by flush().
//
// Teardown: close() or the end of the environment, whichever comes first, closes the sockets at once and the uv handle
// on the loop; JavaScript is never called after it. The object holds itself until libuv has let the handle go.
#pragma once

#include <napi.h>
#include <uv.h>

#include <cstdint>
#include <vector>

#include "border.h"
#include "connections.h"

namespace millrace {

class Reactor : public Napi::ObjectWrap<Reactor> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit Reactor(const Napi::CallbackInfo& info);
  ~Reactor() override;

 private:
  // The border.
  bool take_tables(const Napi::Object& tables);
  Napi::Value add(const Napi::CallbackInfo& info);
  Napi::Value flush(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);
  Napi::Value doorbell(const Napi::CallbackInfo& info);

  // The poll.
  bool start(Napi::Env env);
  static void on_poll(uv_poll_t* handle, int status, int events);
  void poll();
  void call_tick(int32_t rows);

  void set_deadline(int32_t wait_ms);
  void ring_self();
  void tear_down();

  Connections connections_;
  std::vector<Napi::ObjectReference> held_tables_;
  Napi::FunctionReference on_tick_;
  Words<int32_t> sends_;
  int32_t* counter_words_ = nullptr;

  int epoll_ = -1;
  int doorbell_ = -1;
  int timer_ = -1;
  uint64_t deadline_ns_ = UINT64_MAX;  // when tick is due
  uint64_t armed_ns_ = UINT64_MAX;     // when the timer goes off: never later
  bool is_closed_ = true;
  uv_poll_t poll_handle_;
  napi_async_cleanup_hook_handle cleanup_hook_ = nullptr;
};

void register_reactor(Napi::Env env, Napi::Object exports);

}  // namespace millrace
