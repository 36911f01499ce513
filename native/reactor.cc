#include "reactor.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "border.h"

namespace millrace {

constexpr int32_t WAIT_UNCHANGED = -2;
constexpr int32_t WAIT_NONE = -1;

constexpr int EPOLL_EVENTS_MAX = 256;
/** What epoll tells beside a connection's number. */
constexpr uint64_t TAG_DOORBELL = UINT64_MAX;
constexpr uint64_t TAG_TIMER = UINT64_MAX - 1;
constexpr uint64_t NEVER = UINT64_MAX;

static uint64_t now_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

// ---------------------------------------------------------------------------------------------------------------
// The border.

Napi::Function Reactor::define(Napi::Env env) {
  return DefineClass(env, "Reactor",
                     {InstanceMethod<&Reactor::add>("add"), InstanceMethod<&Reactor::flush>("flush"),
                      InstanceMethod<&Reactor::close>("close"), InstanceAccessor<&Reactor::doorbell>("doorbell")});
}

Reactor::Reactor(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Reactor>(info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsObject() || !info[1].IsFunction() || !take_tables(info[0].As<Napi::Object>())) {
    if (!env.IsExceptionPending()) Napi::TypeError::New(env, "reactor: bad tables").ThrowAsJavaScriptException();
    return;
  }
  on_tick_ = Napi::Persistent(info[1].As<Napi::Function>());
  if (start(env)) return;
  const int error = errno;
  close_descriptor(epoll_);
  close_descriptor(doorbell_);
  close_descriptor(timer_);
  throw_system_error(env, "epoll", error);
}

Reactor::~Reactor() = default;

bool Reactor::take_tables(const Napi::Object& tables) {
  const Napi::Env env = tables.Env();
  const auto words = [&](const char* name, size_t length_min) {
    const Napi::Value value = tables.Get(name);
    const Words<int32_t> found = int32_words(env, value);
    if (!found || found.length < length_min) return Words<int32_t>();
    held_tables_.push_back(Napi::Persistent(value.As<Napi::Object>()));
    return found;
  };
  const auto number = [&](const char* name) { return tables.Get(name).ToNumber().Int64Value(); };

  if (!connections_.arenas.hold(env, tables.Get("arenas"))) return false;
  const int32_t own_number = static_cast<int32_t>(number("own"));
  const Span* own = connections_.arenas.find(own_number);
  const int64_t block_bytes = number("blockBytes");
  // Offsets travel in signed words, and a block must serve a few receives.
  if (own == nullptr || own->length > INT32_MAX || block_bytes < 2 * RECEIVE_BYTES_MIN || block_bytes > INT32_MAX) return false;
  const Words<int32_t> holders = words("blockHolders", (own->length + block_bytes - 1) / block_bytes);
  const Words<int32_t> window = words("window", WINDOW_WORDS);
  const Words<int32_t> events = words("events", 2 * EVENT_ROWS_MIN * EVENT_WORDS);
  const Words<int32_t> counters = words("counters", COUNTER_WORDS);
  sends_ = words("sends", SEND_WORDS);
  if (!holders || !window || !events || !counters || !sends_) return false;

  const int64_t frame_bytes_max = number("frameBytesMax");
  const int64_t output_bytes_max = number("outputBytesMax");
  const int64_t output_bytes_high = number("outputBytesHigh");
  const int64_t connections_max = number("connectionsMax");
  for (const int64_t limit : {frame_bytes_max, output_bytes_max, output_bytes_high, connections_max}) {
    if (limit < 0 || limit > INT32_MAX) return false;
  }
  Intake& intake = connections_.intake;
  intake.window.attach(own->data, static_cast<int32_t>(own->length), holders.data, static_cast<int32_t>(block_bytes),
                       window.data);
  intake.events.attach(events.data, events.length);
  intake.frame_bytes_max = static_cast<int32_t>(frame_bytes_max);
  counter_words_ = counters.data;
  const ConnectionLimits limits{static_cast<uint32_t>(output_bytes_max), static_cast<uint32_t>(output_bytes_high),
                                static_cast<int32_t>(connections_max)};
  return connections_.attach(limits, own_number);
}

Napi::Value Reactor::add(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  int32_t descriptor = -1;
  napi_get_value_int32(env, info[0], &descriptor);
  const Added added = connections_.add(descriptor);
  if (added.number >= 0) return Napi::Number::New(env, added.number);
  throw_system_error(env, added.syscall, added.error);
  return Napi::Value();
}

Napi::Value Reactor::flush(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  int32_t send_count = 0;
  int32_t wait_ms = WAIT_UNCHANGED;
  napi_get_value_int32(env, info[0], &send_count);
  napi_get_value_int32(env, info[1], &wait_ms);
  if (is_closed_) return Napi::Number::New(env, 0);

  Intake& intake = connections_.intake;
  intake.events.restart();
  const char* refusal = nullptr;
  if (send_count < 0 || static_cast<size_t>(send_count) > sends_.length / SEND_WORDS) refusal = "reactor: bad send count";
  if (!intake.window.adopt()) refusal = "reactor: bad window";
  for (int32_t index = 0; refusal == nullptr && index < send_count; index++) {
    if (!connections_.carry_out(sends_.data + size_t{SEND_WORDS} * index)) refusal = "reactor: bad send row";
  }
  connections_.settle_touched();
  connections_.go_on_receiving();
  set_deadline(wait_ms);
  if (intake.window.was_used_up() || intake.events.holds_back()) ring_self();
  intake.counters.publish(counter_words_);
  if (refusal != nullptr) Napi::RangeError::New(env, refusal).ThrowAsJavaScriptException();
  return Napi::Number::New(env, intake.events.rows());
}

Napi::Value Reactor::doorbell(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), doorbell_); }

void Reactor::close(const Napi::CallbackInfo&) { tear_down(); }

// ---------------------------------------------------------------------------------------------------------------
// The poll.

bool Reactor::start(Napi::Env env) {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  doorbell_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  timer_ = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (epoll_ < 0 || doorbell_ < 0 || timer_ < 0) return false;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = TAG_DOORBELL;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, doorbell_, &event) != 0) return false;
  event.data.u64 = TAG_TIMER;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, timer_, &event) != 0) return false;

  uv_loop_t* loop;
  napi_get_uv_event_loop(env, &loop);
  const int status = uv_poll_init(loop, &poll_handle_, epoll_);
  if (status != 0) {
    errno = -status;
    return false;
  }
  poll_handle_.data = this;
  uv_poll_start(&poll_handle_, UV_READABLE, on_poll);
  napi_add_async_cleanup_hook(
      env, [](napi_async_cleanup_hook_handle, void* self) { static_cast<Reactor*>(self)->tear_down(); }, this,
      &cleanup_hook_);
  connections_.watch_with(epoll_);
  is_closed_ = false;
  Ref();
  return true;
}

void Reactor::tear_down() {
  if (is_closed_) return;
  is_closed_ = true;
  connections_.close_all();
  held_tables_.clear();
  uv_poll_stop(&poll_handle_);
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_handle_), [](uv_handle_t* handle) {
    Reactor* self = static_cast<Reactor*>(handle->data);
    close_descriptor(self->epoll_);
    close_descriptor(self->doorbell_);
    close_descriptor(self->timer_);
    const napi_async_cleanup_hook_handle hook = self->cleanup_hook_;
    self->Unref();
    // Last: the environment may go now, and this object with it.
    napi_remove_async_cleanup_hook(hook);
  });
}

void Reactor::on_poll(uv_poll_t* handle, int, int) { static_cast<Reactor*>(handle->data)->poll(); }

void Reactor::poll() {
  if (is_closed_) return;
  epoll_event ready[EPOLL_EVENTS_MAX];
  const int ready_count = epoll_wait(epoll_, ready, EPOLL_EVENTS_MAX, 0);
  connections_.begin_poll();
  bool is_due = false;
  for (int index = 0; index < ready_count; index++) {
    const uint64_t tag = ready[index].data.u64;
    uint64_t count;
    if (tag == TAG_DOORBELL) {
      is_due = read(doorbell_, &count, sizeof count) > 0 || is_due;
    } else if (tag == TAG_TIMER) {
      // It may go off before the deadline, which has been put off since: see set_deadline.
      if (read(timer_, &count, sizeof count) > 0) armed_ns_ = NEVER;
    } else {
      connections_.on_ready(static_cast<int32_t>(tag), ready[index].events);
    }
  }
  if (deadline_ns_ != NEVER && now_ns() >= deadline_ns_) {
    deadline_ns_ = NEVER;
    is_due = true;
  } else {
    set_deadline(WAIT_UNCHANGED);
  }
  Intake& intake = connections_.intake;
  const int32_t rows = intake.events.rows();
  const bool has_tick = intake.window.was_used_up() || is_due || rows > 0;
  if (has_tick) intake.counters.ticks++;
  intake.counters.publish(counter_words_);
  if (has_tick) call_tick(rows);
}

void Reactor::call_tick(int32_t rows) {
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  napi_value count;
  napi_value ignored;
  napi_create_int32(env, rows, &count);
  // Runs microtasks and process.nextTick after the callback, as every entry from the loop does.
  const napi_status status =
      napi_make_callback(env, nullptr, env.Global(), on_tick_.Value(), 1, &count, &ignored);
  if (status != napi_pending_exception) return;
  napi_value thrown;
  if (napi_get_and_clear_last_exception(env, &thrown) == napi_ok) napi_fatal_exception(env, thrown);
}

// ---------------------------------------------------------------------------------------------------------------
// The flush.

void Reactor::set_deadline(int32_t wait_ms) {
  if (wait_ms == WAIT_NONE) deadline_ns_ = NEVER;
  if (wait_ms >= 0) deadline_ns_ = now_ns() + static_cast<uint64_t>(wait_ms) * 1'000'000;
  // A timer that goes off too early is armed again then: most deadlines are put off before they come, without a call.
  if (deadline_ns_ >= armed_ns_) return;
  armed_ns_ = deadline_ns_;
  itimerspec when{};
  when.it_value.tv_sec = static_cast<time_t>(armed_ns_ / 1'000'000'000);
  when.it_value.tv_nsec = static_cast<long>(armed_ns_ % 1'000'000'000);
  timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr);
}

void Reactor::ring_self() {
  const uint64_t one = 1;
  (void)!write(doorbell_, &one, sizeof one);
}

// ---------------------------------------------------------------------------------------------------------------

/** ringDoorbell(doorbell: number): void */
static void ring_doorbell(const Napi::CallbackInfo& info) {
  const uint64_t one = 1;
  int32_t doorbell = -1;
  napi_get_value_int32(info.Env(), info[0], &doorbell);
  // Full (EAGAIN) is rung already.
  (void)!write(doorbell, &one, sizeof one);
}

void register_reactor(Napi::Env env, Napi::Object exports) {
  exports.Set("Reactor", Reactor::define(env));
  exports.Set("ringDoorbell", Napi::Function::New<ring_doorbell>(env, "ringDoorbell"));
  export_constants(exports, {{"EVENT_WORDS", EVENT_WORDS},
                             {"EVENT_FRAME", EVENT_FRAME},
                             {"EVENT_CLOSED", EVENT_CLOSED},
                             {"EVENT_NEED", EVENT_NEED},
                             {"EVENT_SENT", EVENT_SENT},
                             {"EVENT_DRAINED", EVENT_DRAINED},
                             {"CLOSED_BY_PEER", CLOSED_BY_PEER},
                             {"CLOSED_BY_ERROR", CLOSED_BY_ERROR},
                             {"CLOSED_BAD_FRAME_LENGTH", CLOSED_BAD_FRAME_LENGTH},
                             {"CLOSED_BY_US", CLOSED_BY_US},
                             {"CLOSED_OUTPUT_OVERFLOW", CLOSED_OUTPUT_OVERFLOW},
                             {"SEND_WORDS", SEND_WORDS},
                             {"SEND_BYTES", SEND_BYTES},
                             {"SEND_LEASED", SEND_LEASED},
                             {"SEND_FILE", SEND_FILE},
                             {"SEND_CLOSE", SEND_CLOSE},
                             {"SEND_FORGET", SEND_FORGET},
                             {"SEND_ASSIGN", SEND_ASSIGN},
                             {"SEND_PAUSE", SEND_PAUSE},
                             {"SEND_RESUME", SEND_RESUME},
                             {"WINDOW_OFFSET", WINDOW_OFFSET},
                             {"WINDOW_END", WINDOW_END},
                             {"WINDOW_SPARE_OFFSET", WINDOW_SPARE_OFFSET},
                             {"WINDOW_SPARE_END", WINDOW_SPARE_END},
                             {"WINDOW_WORDS", WINDOW_WORDS},
                             {"COUNTER_TICKS", COUNTER_TICKS},
                             {"COUNTER_RECEIVE_CALLS", COUNTER_RECEIVE_CALLS},
                             {"COUNTER_SEND_CALLS", COUNTER_SEND_CALLS},
                             {"COUNTER_SENDFILE_CALLS", COUNTER_SENDFILE_CALLS},
                             {"COUNTER_RECEIVED_BYTES", COUNTER_RECEIVED_BYTES},
                             {"COUNTER_SENT_BYTES", COUNTER_SENT_BYTES},
                             {"COUNTER_SENDFILE_BYTES", COUNTER_SENDFILE_BYTES},
                             {"COUNTER_COPIED_OUTPUT_BYTES", COUNTER_COPIED_OUTPUT_BYTES},
                             {"COUNTER_MOVED_INPUT_BYTES", COUNTER_MOVED_INPUT_BYTES},
                             {"COUNTER_WORDS", COUNTER_WORDS},
                             {"WAIT_UNCHANGED", WAIT_UNCHANGED},
                             {"WAIT_NONE", WAIT_NONE}});
}

}  // namespace millrace
