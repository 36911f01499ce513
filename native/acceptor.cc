#include "acceptor.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "address.h"
#include "border.h"

namespace millrace {

constexpr int ACCEPTS_PER_POLL = 64;
/** Out of descriptors or memory: how long the backlog waits. */
constexpr uint64_t REST_MS = 100;

Napi::Function Acceptor::define(Napi::Env env) {
  return DefineClass(env, "Acceptor",
                     {InstanceMethod<&Acceptor::listen>("listen"), InstanceMethod<&Acceptor::rest>("rest"),
                      InstanceMethod<&Acceptor::close>("close")});
}

Acceptor::Acceptor(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Acceptor>(info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsFunction()) {
    Napi::TypeError::New(env, "acceptor: no callback").ThrowAsJavaScriptException();
    return;
  }
  on_accepted_ = Napi::Persistent(info[0].As<Napi::Function>());
  napi_get_uv_event_loop(env, &loop_);
  uv_timer_init(loop_, &rest_timer_);
  rest_timer_.data = this;
  handles_open_ = 1;
  napi_add_async_cleanup_hook(
      env, [](napi_async_cleanup_hook_handle, void* self) { static_cast<Acceptor*>(self)->tear_down(); }, this,
      &cleanup_hook_);
  is_closed_ = false;
  Ref();
}

static int bind_and_listen(int descriptor, const sockaddr_storage& address, int backlog) {
  const int yes = 1;
  if (setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0) return errno;
  socklen_t length = sizeof(sockaddr_in);
  if (address.ss_family == AF_INET6) {
    length = sizeof(sockaddr_in6);
    // The unspecified address stands for both families; any other is itself only.
    const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
    const int only_six = IN6_IS_ADDR_UNSPECIFIED(&six.sin6_addr) ? 0 : 1;
    if (setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &only_six, sizeof only_six) != 0) return errno;
  }
  if (bind(descriptor, reinterpret_cast<const sockaddr*>(&address), length) != 0) return errno;
  return ::listen(descriptor, backlog) == 0 ? 0 : errno;
}

Napi::Value Acceptor::listen(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int32_t number = info[0].ToNumber().Int32Value();
  const std::string text = info[1].ToString().Utf8Value();
  const int port = info[2].ToNumber().Int32Value();
  const int backlog = info[3].ToNumber().Int32Value();
  const auto refuse = [&](int error) {
    throw_system_error(env, "listen", error);
    return Napi::Value();
  };
  if (is_closed_) return refuse(EBADF);
  sockaddr_storage address{};
  if (port < 0 || port > UINT16_MAX) return refuse(EINVAL);
  if (uv_ip4_addr(text.c_str(), port, reinterpret_cast<sockaddr_in*>(&address)) != 0 &&
      uv_ip6_addr(text.c_str(), port, reinterpret_cast<sockaddr_in6*>(&address)) != 0) {
    return refuse(EINVAL);
  }

  const int descriptor = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return refuse(errno);
  auto* listener = new Listener{{}, this, descriptor, number};
  int error = bind_and_listen(descriptor, address, backlog);
  if (error == 0) error = -uv_poll_init(loop_, &listener->poll, descriptor);
  if (error != 0) {
    ::close(descriptor);
    delete listener;
    return refuse(error);
  }
  listener->poll.data = listener;
  uv_poll_start(&listener->poll, UV_READABLE, on_poll);
  listeners_.push_back(listener);
  handles_open_++;

  socklen_t length = sizeof address;
  getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length);
  // sockaddr_in and sockaddr_in6 have the port in the same place.
  return Napi::Number::New(env, ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port));
}

void Acceptor::close(const Napi::CallbackInfo&) { tear_down(); }

void Acceptor::on_poll(uv_poll_t* handle, int, int) {
  Listener* listener = static_cast<Listener*>(handle->data);
  listener->acceptor->accept(*listener);
}

void Acceptor::accept(Listener& listener) {
  for (int count = 0; count < ACCEPTS_PER_POLL && !is_closed_ && !is_resting_; count++) {
    sockaddr_in6 address{};
    socklen_t length = sizeof address;
    const int descriptor = accept4(listener.descriptor, reinterpret_cast<sockaddr*>(&address), &length,
                                   SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      hand_over(descriptor, listener.number, format_address(address, false));
    } else if (errno == EAGAIN) {
      return;
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      return rest_for(REST_MS);
    }
    // Anything else is the end of that one connection (ECONNABORTED, a network error): the next may be well.
  }
}

void Acceptor::hand_over(int descriptor, int32_t listener, const std::string& address) {
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  napi_value arguments[3];
  napi_value ignored;
  napi_create_int32(env, descriptor, &arguments[0]);
  napi_create_int32(env, listener, &arguments[1]);
  napi_create_string_latin1(env, address.data(), address.size(), &arguments[2]);
  const napi_status status =
      napi_make_callback(env, nullptr, env.Global(), on_accepted_.Value(), 3, arguments, &ignored);
  if (status == napi_ok) return;
  napi_value thrown;
  if (status == napi_pending_exception && napi_get_and_clear_last_exception(env, &thrown) == napi_ok) {
    napi_fatal_exception(env, thrown);
  } else {
    // JavaScript can no longer be entered: the thread is ending, and nobody has taken the descriptor.
    ::close(descriptor);
  }
}

void Acceptor::rest(const Napi::CallbackInfo& info) {
  const int64_t rest_ms = info[0].ToNumber().Int64Value();
  if (!is_closed_ && rest_ms > 0) rest_for(static_cast<uint64_t>(rest_ms));
}

void Acceptor::rest_for(uint64_t rest_ms) {
  is_resting_ = true;
  for (Listener* listener : listeners_) uv_poll_stop(&listener->poll);
  uv_timer_start(&rest_timer_, on_rested, rest_ms, 0);
}

void Acceptor::on_rested(uv_timer_t* timer) {
  Acceptor* self = static_cast<Acceptor*>(timer->data);
  self->is_resting_ = false;
  for (Listener* listener : self->listeners_) uv_poll_start(&listener->poll, UV_READABLE, on_poll);
}

void Acceptor::tear_down() {
  if (is_closed_) return;
  is_closed_ = true;
  for (Listener* listener : listeners_) {
    uv_poll_stop(&listener->poll);
    // At once, so that the port is free when close() returns.
    ::close(listener->descriptor);
    uv_close(reinterpret_cast<uv_handle_t*>(&listener->poll), on_listener_closed);
  }
  listeners_.clear();
  uv_close(reinterpret_cast<uv_handle_t*>(&rest_timer_),
           [](uv_handle_t* handle) { static_cast<Acceptor*>(handle->data)->count_down(); });
}

void Acceptor::on_listener_closed(uv_handle_t* handle) {
  Listener* listener = static_cast<Listener*>(handle->data);
  listener->acceptor->count_down();
  delete listener;
}

void Acceptor::count_down() {
  if (--handles_open_ > 0) return;
  const napi_async_cleanup_hook_handle hook = cleanup_hook_;
  Unref();
  // Last: the environment may go now, and this object with it.
  napi_remove_async_cleanup_hook(hook);
}

void register_acceptor(Napi::Env env, Napi::Object exports) {
  exports.Set("Acceptor", Acceptor::define(env));
}

}  // namespace millrace
