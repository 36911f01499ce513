#include "reactor.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "address.h"
#include "border.h"

namespace millrace {

constexpr int32_t SEND_WORDS = 8;
constexpr int32_t SEND_BYTES = 1;
constexpr int32_t SEND_LEASED = 2;
constexpr int32_t SEND_FILE = 3;
constexpr int32_t SEND_CLOSE = 4;
constexpr int32_t SEND_FORGET = 5;
constexpr int32_t SEND_ASSIGN = 6;
constexpr int32_t SEND_PAUSE = 7;
constexpr int32_t SEND_RESUME = 8;
constexpr int32_t SEND_TRUST = 9;
constexpr int32_t SEND_EVICT = 10;

constexpr int EPOLL_EVENTS_MAX = 256;
/** What epoll tells beside a connection's number. */
constexpr uint64_t TAG_DOORBELL = UINT64_MAX;
constexpr uint64_t TAG_TIMER = UINT64_MAX - 1;
// ---------------------------------------------------------------------------------------------------------------
// The border.

Napi::Function Reactor::define(Napi::Env env) {
  return DefineClass(env, "Reactor",
                     {InstanceMethod<&Reactor::add>("add"), InstanceMethod<&Reactor::flush>("flush"),
                      InstanceMethod<&Reactor::close>("close"),
                      InstanceMethod<&Reactor::peer>("peer"), InstanceAccessor<&Reactor::doorbell>("doorbell")});
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

  if (!arenas_.hold(env, tables.Get("arenas"))) return false;
  own_ = static_cast<int32_t>(number("own"));
  const Span* own = arenas_.find(own_);
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
  const int64_t first_frame_bytes_max = number("firstFrameBytesMax");
  const int64_t first_frame_ms = number("firstFrameMs");
  const int64_t progress_ms = number("progressMs");
  const int64_t idle_ms = number("idleMs");
  for (const int64_t limit : {frame_bytes_max, output_bytes_max, output_bytes_high, connections_max,
                              first_frame_bytes_max, first_frame_ms, progress_ms, idle_ms}) {
    if (limit < 0 || limit > INT32_MAX) return false;
  }
  intake_.window.attach(own->data, static_cast<int32_t>(own->length), holders.data, static_cast<int32_t>(block_bytes),
                        window.data);
  intake_.events.attach(events.data, events.length);
  intake_.frame_bytes_max = static_cast<int32_t>(frame_bytes_max);
  intake_.first_frame_bytes_max = static_cast<int32_t>(first_frame_bytes_max);
  vigil_.set_limits(first_frame_ms, progress_ms, idle_ms);
  counter_words_ = counters.data;
  output_bytes_max_ = static_cast<uint32_t>(output_bytes_max);
  output_bytes_high_ = static_cast<uint32_t>(output_bytes_high);
  connections_max_ = static_cast<int32_t>(connections_max);
  return intake_.window.adopt();
}

Napi::Value Reactor::add(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  int32_t descriptor = -1;
  napi_get_value_int32(env, info[0], &descriptor);
  int type;
  socklen_t type_length = sizeof type;
  const bool is_socket = getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &type_length) == 0;
  const auto refuse = [&](const char* syscall, int error) {
    if (is_socket) ::close(descriptor);
    throw_system_error(env, syscall, error);
    return Napi::Value();
  };
  if (!is_socket) return refuse("getsockopt", errno);
  if (is_closed_) return refuse("add", EBADF);
  if (free_numbers_.empty() && static_cast<int32_t>(connections_.size()) >= connections_max_) {
    return refuse("add", ENOBUFS);
  }
  if (type != SOCK_STREAM) return refuse("add", ESOCKTNOSUPPORT);
  int yes = 1;
  if (ioctl(descriptor, FIONBIO, &yes) != 0) return refuse("ioctl", errno);
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  // A loss-based congestion control makes sendfile over loopback cost less than half. Refused: the system's own stays.
  if (setsockopt(descriptor, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5) != 0) {
    setsockopt(descriptor, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
  }

  const bool is_fresh = free_numbers_.empty();
  const int32_t number = is_fresh ? static_cast<int32_t>(connections_.size()) : free_numbers_.back();
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = static_cast<uint64_t>(number);
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) != 0) return refuse("epoll_ctl", errno);
  auto connection = std::make_unique<Connection>();
  connection->descriptor = descriptor;
  connection->interest = EPOLLIN;
  socklen_t peer_length = sizeof connection->peer;
  getpeername(descriptor, reinterpret_cast<sockaddr*>(&connection->peer), &peer_length);
  if (is_fresh) {
    connections_.push_back(std::move(connection));
  } else {
    free_numbers_.pop_back();
    connections_[number] = std::move(connection);
  }
  vigil_.add(number, connections_[number]->watched, now_ns() / 1'000'000);
  set_deadline(WAIT_UNCHANGED);
  return Napi::Number::New(env, number);
}

Napi::Value Reactor::flush(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  int32_t send_count = 0;
  int32_t wait_ms = WAIT_UNCHANGED;
  napi_get_value_int32(env, info[0], &send_count);
  napi_get_value_int32(env, info[1], &wait_ms);
  if (is_closed_) return Napi::Number::New(env, 0);

  intake_.events.restart();
  const char* refusal = nullptr;
  if (send_count < 0 || static_cast<size_t>(send_count) > sends_.length / SEND_WORDS) refusal = "reactor: bad send count";
  if (!intake_.window.adopt()) refusal = "reactor: bad window";
  for (int32_t index = 0; refusal == nullptr && index < send_count; index++) {
    if (!carry_out(sends_.data + size_t{SEND_WORDS} * index)) refusal = "reactor: bad send row";
  }
  for (const int32_t number : touched_) {
    // It may have been forgotten since it was touched.
    Connection* connection = find(number);
    if (connection != nullptr && connection->is_touched) settle(number, *connection);
  }
  touched_.clear();
  go_on_receiving();
  set_deadline(wait_ms);
  if (intake_.window.was_used_up() || intake_.events.holds_back()) ring_self();
  intake_.counters.publish(counter_words_);
  if (refusal != nullptr) Napi::RangeError::New(env, refusal).ThrowAsJavaScriptException();
  return Napi::Number::New(env, intake_.events.rows());
}

/** peer(connection: number): string */
Napi::Value Reactor::peer(const Napi::CallbackInfo& info) {
  int32_t number = -1;
  napi_get_value_int32(info.Env(), info[0], &number);
  const Connection* connection = find(number);
  return Napi::String::New(info.Env(), connection == nullptr ? "" : format_address(connection->peer, true));
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
  is_closed_ = false;
  Ref();
  return true;
}

void Reactor::tear_down() {
  if (is_closed_) return;
  is_closed_ = true;
  for (std::unique_ptr<Connection>& connection : connections_) {
    if (connection == nullptr) continue;
    connection->input.drop(intake_.window);
    close_descriptor(connection->descriptor);
  }
  intake_.window.adopt();
  intake_.window.give_up_all();
  connections_.clear();
  held_tables_.clear();
  arenas_.release();
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
  intake_.events.restart();
  intake_.window.adopt();
  window_was_open_ = intake_.window.is_open();
  now_ms_ = now_ns() / 1'000'000;
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
      handle_socket(static_cast<int32_t>(tag), ready[index].events);
    }
  }
  sweep();
  if (deadline_ns_ != NEVER && now_ns() >= deadline_ns_) {
    deadline_ns_ = NEVER;
    is_due = true;
  }
  set_deadline(WAIT_UNCHANGED);
  const int32_t rows = intake_.events.rows();
  const bool has_tick = intake_.window.was_used_up() || is_due || rows > 0;
  if (has_tick) intake_.counters.ticks++;
  intake_.counters.publish(counter_words_);
  if (has_tick) call_tick(rows);
}

void Reactor::handle_socket(int32_t number, uint32_t events) {
  Connection& connection = *connections_[number];
  if ((events & EPOLLOUT) != 0) {
    connection.output.unblock();
    settle(number, connection);
    if (connection.descriptor < 0) return;
  }
  if ((connection.interest & EPOLLIN) != 0) {
    if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) receive(number, connection);
  } else if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    // Nobody reads it, so nobody else would find out.
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(connection.descriptor, SOL_SOCKET, SO_ERROR, &error, &length);
    shut(number, connection, CLOSED_BY_ERROR, error);
  }
}

void Reactor::receive(int32_t number, Connection& connection) {
  const Received received = connection.input.receive(connection.descriptor, number, intake_);
  if (received == Received::Bytes || received == Received::Waiting) note_begun(number, connection);
  switch (received) {
    case Received::Bytes:
    case Received::Nothing:
    case Received::NoRows:
      return;
    case Received::NoWindow:
      // Level-triggered: left as it is it would wake the loop again and again. If the window only ran out in this poll,
      // the flush that ends it may well fill it.
      if (window_was_open_) return;
      connection.is_starved = true;
      vigil_.on_short(now_ms_);
      starved_.push_back(number);
      return update_interest(number, connection);
    case Received::Waiting:
      if (!connection.input.needs_assignment()) waiting_.push_back(number);
      vigil_.on_short(now_ms_);
      return update_interest(number, connection);
    case Received::End:
      return end_input(number, connection, CLOSED_BY_PEER, 0);
    case Received::BadLength:
      return shut(number, connection, CLOSED_BAD_FRAME_LENGTH, 0);
    case Received::Failed:
      return shut(number, connection, CLOSED_BY_ERROR, errno);
  }
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

/** One row of `sends`; false if it can only come from a defect of the caller. */
bool Reactor::carry_out(const int32_t* row) {
  const int32_t number = row[1];
  Connection* connection = find(number);
  if (connection == nullptr) return false;
  switch (row[0]) {
    case SEND_BYTES:
    case SEND_LEASED:
    case SEND_FILE:
      return push_output(row, *connection, number);
    case SEND_CLOSE:
      settle(number, *connection);
      shut(number, *connection, CLOSED_BY_US, 0);
      return true;
    case SEND_FORGET:
      if (!connection->is_reported) return false;
      settle(number, *connection);
      forget(number, *connection);
      return true;
    case SEND_TRUST:
      connection->watched.is_trusted = true;
      connection->input.trust();
      return true;
    case SEND_ASSIGN:
      return assign(number, *connection, row[2]);
    case SEND_EVICT:
      evict(number, *connection, row[2]);
      return true;
    case SEND_PAUSE:
    case SEND_RESUME:
      connection->is_paused = row[0] == SEND_PAUSE;
      touch(number, *connection);
      return true;
    default:
      return false;
  }
}

bool Reactor::push_output(const int32_t* row, Connection& connection, int32_t number) {
  OutputQueue& output = connection.output;
  if (row[0] == SEND_FILE) {
    const int64_t position = (int64_t{row[4]} << 32) | static_cast<uint32_t>(row[3]);
    if (row[5] < 0 || position < 0) return false;
    output.push_file({row[2], position, static_cast<uint32_t>(row[5])}, row[7]);
  } else {
    const Span* arena = arenas_.find(row[0] == SEND_BYTES ? own_ : row[2]);
    const uint32_t offset = static_cast<uint32_t>(row[3]);
    const uint32_t length = static_cast<uint32_t>(row[4]);
    if (arena == nullptr || row[4] < 0 || !arena->holds(offset, length)) return false;
    if (row[0] == SEND_BYTES) {
      output.push_bytes(arena->data + offset, length);
    } else {
      output.push_leased(arena->data + offset, length, row[7]);
    }
  }
  touch(number, connection);
  return true;
}

/** Sends what there is, keeps what can't leave, and asks epoll for what is then of interest. */
void Reactor::settle(int32_t number, Connection& connection) {
  connection.is_touched = false;
  OutputQueue& output = connection.output;
  if (connection.descriptor < 0) return output.drop(number, intake_.events);
  const uint64_t sent_before = intake_.counters.sent_bytes;
  const int error = output.send(connection.descriptor, number, intake_.events, intake_.counters);
  if (intake_.counters.sent_bytes != sent_before) connection.watched.active_ms = connection.watched.left_ms = now_ms_;
  if (error != 0) return shut(number, connection, CLOSED_BY_ERROR, error);
  if (!output.keep(output_bytes_max_, intake_.counters)) return shut(number, connection, CLOSED_OUTPUT_OVERFLOW, 0);
  if (output.copied_bytes() > output_bytes_high_) output.was_high = true;
  if (output.was_high && output.is_empty()) {
    output.was_high = false;
    intake_.events.put(EVENT_DRAINED, number, 0, 0);
  }
  update_interest(number, connection);
}

/** Lets connections read again that have waited for the window. */
void Reactor::go_on_receiving() {
  ReceiveWindow& window = intake_.window;
  size_t still_waiting = 0;
  for (size_t index = 0; index < waiting_.size(); index++) {
    const int32_t number = waiting_[index];
    Connection* connection = find(number);
    if (connection == nullptr || !connection->input.is_waiting()) continue;
    const int32_t place = window.reserve(connection->input.length());
    if (place >= 0) {
      connection->input.move_to(place, intake_);
      update_interest(number, *connection);
      continue;
    }
    // Neither block has the room: with a fresh one, which JavaScript puts in at its next flush, the first in the line has.
    if (still_waiting == 0) window.give_up_current();
    waiting_[still_waiting++] = number;
  }
  waiting_.resize(still_waiting);

  if (!window.is_open()) return;
  for (const int32_t number : starved_) {
    Connection* connection = find(number);
    if (connection == nullptr || !connection->is_starved) continue;
    connection->is_starved = false;
    update_interest(number, *connection);
  }
  starved_.clear();
}

// ---------------------------------------------------------------------------------------------------------------

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
                             {"EVENT_IDLE", EVENT_IDLE},
                             {"CLOSED_BY_PEER", CLOSED_BY_PEER},
                             {"CLOSED_BY_ERROR", CLOSED_BY_ERROR},
                             {"CLOSED_BAD_FRAME_LENGTH", CLOSED_BAD_FRAME_LENGTH},
                             {"CLOSED_BY_US", CLOSED_BY_US},
                             {"CLOSED_OUTPUT_OVERFLOW", CLOSED_OUTPUT_OVERFLOW},
                             {"CLOSED_NO_REQUEST", CLOSED_NO_REQUEST},
                             {"CLOSED_SLOW_FRAME", CLOSED_SLOW_FRAME},
                             {"CLOSED_SLOW_READER", CLOSED_SLOW_READER},
                             {"CLOSED_EVICTED", CLOSED_EVICTED},
                             {"SEND_WORDS", SEND_WORDS},
                             {"SEND_BYTES", SEND_BYTES},
                             {"SEND_LEASED", SEND_LEASED},
                             {"SEND_FILE", SEND_FILE},
                             {"SEND_CLOSE", SEND_CLOSE},
                             {"SEND_FORGET", SEND_FORGET},
                             {"SEND_ASSIGN", SEND_ASSIGN},
                             {"SEND_PAUSE", SEND_PAUSE},
                             {"SEND_RESUME", SEND_RESUME},
                             {"SEND_TRUST", SEND_TRUST},
                             {"SEND_EVICT", SEND_EVICT},
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
