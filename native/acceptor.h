// Listening sockets. The contract stands in src/native/contract.ts.
//
// Owned by the thread that made it (the control thread). Each listener is one uv_poll on the loop. Teardown is as in
// reactor.h: close() or the end of the environment, and no call to JavaScript after it.
#pragma once

#include <napi.h>
#include <uv.h>

#include <cstdint>
#include <string>
#include <vector>

namespace millrace {

class Acceptor : public Napi::ObjectWrap<Acceptor> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit Acceptor(const Napi::CallbackInfo& info);

 private:
  struct Listener {
    uv_poll_t poll;
    Acceptor* acceptor;
    int descriptor;
    int32_t number;
  };

  Napi::Value listen(const Napi::CallbackInfo& info);
  void rest(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  static void on_poll(uv_poll_t* handle, int status, int events);
  static void on_rested(uv_timer_t* timer);
  static void on_listener_closed(uv_handle_t* handle);
  void accept(Listener& listener);
  void hand_over(int descriptor, int32_t listener, const std::string& address);
  void rest_for(uint64_t rest_ms);
  void tear_down();
  void count_down();

  Napi::FunctionReference on_accepted_;
  uv_loop_t* loop_ = nullptr;
  uv_timer_t rest_timer_;
  std::vector<Listener*> listeners_;
  size_t handles_open_ = 0;
  bool is_closed_ = true;
  bool is_resting_ = false;
  napi_async_cleanup_hook_handle cleanup_hook_ = nullptr;
};

void register_acceptor(Napi::Env env, Napi::Object exports);

}  // namespace millrace
