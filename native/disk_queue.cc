#include "disk_queue.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "arena.h"
#include "border.h"

namespace millrace {

static constexpr uint32_t TICKETS_MAX = 64;
static constexpr size_t BLOCK_BYTES = 4096;
static constexpr size_t SLICES_USUAL = 64;
static constexpr double POSITION_MAX = 9007199254740991.0;

static size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

/** What one ticket asks for. The slices are a copy; the bytes they point to are the owner's. */
struct Task {
  int32_t ticket = 0;
  int descriptor = -1;
  int32_t flags = 0;
  off_t position = 0;
  std::vector<iovec> slices;
};

// Writes all of the slices, whatever the kernel takes at a time; moves their beginnings. Returns an errno, or 0.
static int write_slices(int descriptor, off_t position, std::vector<iovec>& slices) {
  size_t first = 0;
  while (first < slices.size()) {
    const int count = static_cast<int>(std::min<size_t>(slices.size() - first, IOV_MAX));
    const ssize_t result = pwritev(descriptor, &slices[first], count, position);
    if (result < 0 && errno == EINTR) continue;
    if (result < 0) return errno;
    if (result == 0) return EIO;
    position += result;
    size_t written = static_cast<size_t>(result);
    while (first < slices.size() && written >= slices[first].iov_len) written -= slices[first++].iov_len;
    if (written > 0) {
      slices[first].iov_base = static_cast<uint8_t*>(slices[first].iov_base) + written;
      slices[first].iov_len -= written;
    }
  }
  return 0;
}

static int sync_data(int descriptor) {
  while (fdatasync(descriptor) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

/**
 * Memory that O_DIRECT accepts, touched beforehand so that no write waits for a page fault. From half a huge page on it
 * lies in huge pages where the system grants them: 1 MiB then costs the kernel one page to pin, not 256.
 */
class AlignedBuffer {
 public:
  explicit AlignedBuffer(size_t bytes_max) : bytes_max_(bytes_max) {
    if (bytes_max == 0) return;
    const size_t page = bytes_max >= HUGE_PAGE_BYTES / 2 ? HUGE_PAGE_BYTES : BLOCK_BYTES;
    const size_t bytes = round_up(bytes_max, page);
    data_ = static_cast<uint8_t*>(std::aligned_alloc(page, bytes));
    if (data_ == nullptr) return;
    if (page == HUGE_PAGE_BYTES) madvise(data_, bytes, MADV_HUGEPAGE);
    std::memset(data_, 0, bytes);
  }
  ~AlignedBuffer() { std::free(data_); }
  AlignedBuffer(const AlignedBuffer&) = delete;
  AlignedBuffer& operator=(const AlignedBuffer&) = delete;

  bool is_there() const { return bytes_max_ == 0 || data_ != nullptr; }
  size_t bytes_max() const { return bytes_max_; }

  /** Makes the slices one: gathered here, padded with zeros to whole blocks. They fit: `submit` has seen to it. */
  void gather(std::vector<iovec>& slices) {
    size_t filled = 0;
    for (const iovec& slice : slices) {
      std::memcpy(data_ + filled, slice.iov_base, slice.iov_len);
      filled += slice.iov_len;
    }
    const size_t padded = round_up(filled, BLOCK_BYTES);
    std::memset(data_ + filled, 0, padded - filled);
    slices.assign(1, {data_, padded});
  }

 private:
  static constexpr size_t HUGE_PAGE_BYTES = 2 << 20;

  const size_t bytes_max_;
  uint8_t* data_ = nullptr;
};

// The thread and what it shares with its owner.
//
// Ownership: `tasks_[n % SLOTS]` belongs to the owner until `submitted_` has passed n, then to the thread until
//            `completed_` has passed n. Both counters only grow (and wrap); each has one writer.
// Progress:  published in this order: written, done; errno, failed; then the doorbell.
class DiskThread {
 public:
  DiskThread(int32_t* progress, int doorbell, size_t aligned_bytes_max)
      : progress_(progress), doorbell_(doorbell), aligned_(aligned_bytes_max) {
    for (Task& task : tasks_) task.slices.reserve(SLICES_USUAL);
  }
  ~DiskThread() {
    if (doorbell_ >= 0) ::close(doorbell_);
  }

  bool has_memory() const { return aligned_.is_there(); }
  size_t aligned_bytes_max() const { return aligned_.bytes_max(); }

  /** Returns an errno, or 0. */
  int start() {
    const int error = pthread_create(&thread_, nullptr, run, this);
    is_running_ = error == 0;
    return error;
  }

  /** The task to fill in, then to `submit`; null while 64 are under way. */
  Task* next_task() {
    const uint32_t submitted = submitted_.load(std::memory_order_relaxed);
    if (submitted - completed_.load(std::memory_order_acquire) >= TICKETS_MAX) return nullptr;
    return &tasks_[submitted % SLOTS];
  }

  int32_t submit(Task* task) {
    task->ticket = next_ticket_;
    next_ticket_ = next_ticket_ == INT32_MAX ? 1 : next_ticket_ + 1;
    hand_over();
    return task->ticket;
  }

  /** Ends the thread: after all that was submitted, or (`drain` false) after the task it is at. */
  void finish(bool drain) {
    if (!is_running_) return;
    if (!drain) is_abandoned_.store(true, std::memory_order_relaxed);
    tasks_[submitted_.load(std::memory_order_relaxed) % SLOTS].ticket = LAST;
    hand_over();
    pthread_join(thread_, nullptr);
    is_running_ = false;
  }

 private:
  // More slots than tickets, so that there is always one for the task that ends the thread.
  static constexpr uint32_t SLOTS = TICKETS_MAX * 2;
  static constexpr int32_t LAST = 0;

  void hand_over() {
    submitted_.fetch_add(1, std::memory_order_release);
    submitted_.notify_one();
  }

  static void* run(void* self) {
    pthread_setname_np(pthread_self(), "millrace-disk");
    leave_owners_cpu();
    ask_for_early_wakeup();
    static_cast<DiskThread*>(self)->carry_out_all();
    return nullptr;
  }

  // A pinned shard hands its one CPU down to the threads it makes; this one may run wherever the main thread may.
  static void leave_owners_cpu() {
    cpu_set_t set;
    if (sched_getaffinity(getpid(), sizeof(set), &set) == 0) sched_setaffinity(0, sizeof(set), &set);
  }

  // On a machine without an idle core a woken thread waits for the running one's time slice, about 4 ms of a busy shard.
  // A short slice of its own lets it go first (EEVDF, Linux 6.12 and later; no privilege needed, ignored before).
  static void ask_for_early_wakeup() {
    // The kernel's struct sched_attr, which the C library has from glibc 2.41 only.
    struct {
      uint32_t size = 48;
      uint32_t policy = 0;
      uint64_t flags = 0;
      int32_t nice = 0;
      uint32_t priority = 0;
      uint64_t slice_ns = 0;
      uint64_t deadline = 0;
      uint64_t period = 0;
    } attributes;
    static_assert(sizeof(attributes) == 48);
    if (syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0) != 0) return;
    if (attributes.policy != SCHED_OTHER) return;
    attributes.slice_ns = 100'000;
    syscall(SYS_sched_setattr, 0, &attributes, 0);
  }

  void carry_out_all() {
    for (uint32_t at = 0;; at++) {
      submitted_.wait(at, std::memory_order_acquire);
      Task& task = tasks_[at % SLOTS];
      if (task.ticket == LAST || is_abandoned_.load(std::memory_order_relaxed) || !carry_out(task)) return;
      completed_.store(at + 1, std::memory_order_release);
    }
  }

  bool carry_out(Task& task) {
    if (!task.slices.empty()) {
      if ((task.flags & DISK_ALIGNED) != 0) aligned_.gather(task.slices);
      const int error = write_slices(task.descriptor, task.position, task.slices);
      if (error != 0) return fail(task, error);
    }
    publish(PROGRESS_WRITTEN, task.ticket);
    if ((task.flags & DISK_SYNC) != 0) {
      if ((task.flags & DISK_RING_WRITTEN) != 0) ring();
      const int error = sync_data(task.descriptor);
      if (error != 0) return fail(task, error);
    }
    publish(PROGRESS_DONE, task.ticket);
    ring();
    return true;
  }

  bool fail(const Task& task, int error) {
    publish(PROGRESS_ERRNO, error);
    publish(PROGRESS_FAILED, task.ticket);
    ring();
    return false;
  }

  void publish(int32_t word, int32_t value) { std::atomic_ref<int32_t>(progress_[word]).store(value); }

  // An eventfd that is too full to take the count has rung already.
  void ring() {
    if (doorbell_ < 0) return;
    const uint64_t one = 1;
    while (::write(doorbell_, &one, sizeof(one)) < 0 && errno == EINTR) {
    }
  }

  int32_t* const progress_;
  const int doorbell_;
  AlignedBuffer aligned_;
  std::array<Task, SLOTS> tasks_;
  pthread_t thread_{};
  bool is_running_ = false;
  int32_t next_ticket_ = 1;
  std::atomic<bool> is_abandoned_{false};
  alignas(64) std::atomic<uint32_t> submitted_{0};
  alignas(64) std::atomic<uint32_t> completed_{0};
};

// ---------------------------------------------------------------------------------------------------------------

// new DiskQueue(arenas: readonly Uint8Array[], progress: Int32Array, doorbell: number, alignedBytesMax: number)
//
// Holds itself until it is closed, so that memory the thread reads is never collected. An environment that goes first
// (worker.terminate, process.exit) ends the thread after the write or sync it is at; what waits is dropped, as in a crash.
class DiskQueue : public Napi::ObjectWrap<DiskQueue> {
 public:
  explicit DiskQueue(const Napi::CallbackInfo& info) : Napi::ObjectWrap<DiskQueue>(info) {
    const Napi::Env env = info.Env();
    const Words<int32_t> progress = int32_words(env, info[1]);
    int32_t doorbell;
    int64_t aligned_bytes_max;
    if (!arenas_.hold(env, info[0]) || progress.length < static_cast<size_t>(PROGRESS_WORDS) ||
        napi_get_value_int32(env, info[2], &doorbell) != napi_ok ||
        napi_get_value_int64(env, info[3], &aligned_bytes_max) != napi_ok) {
      Napi::TypeError::New(env, "new DiskQueue(arenas: Uint8Array[], progress: Int32Array, doorbell, alignedBytesMax)")
          .ThrowAsJavaScriptException();
      return;
    }
    if (aligned_bytes_max < 0 || aligned_bytes_max > ALIGNED_BYTES_LIMIT) {
      Napi::RangeError::New(env, "DiskQueue: alignedBytesMax from 0 to 2^30").ThrowAsJavaScriptException();
      return;
    }
    // Its own descriptor, so that the reactor may close before the queue.
    const int own_doorbell = doorbell < 0 ? -1 : fcntl(doorbell, F_DUPFD_CLOEXEC, 0);
    if (doorbell >= 0 && own_doorbell < 0) {
      throw_system_error(env, "fcntl", errno);
      return;
    }
    thread_ = std::make_unique<DiskThread>(progress.data, own_doorbell, static_cast<size_t>(aligned_bytes_max));
    const int error = thread_->has_memory() ? thread_->start() : ENOMEM;
    if (error != 0) {
      throw_system_error(env, thread_->has_memory() ? "pthread_create" : "aligned_alloc", error);
      return;
    }
    progress_ = Napi::Persistent(info[1].As<Napi::Object>());
    napi_add_env_cleanup_hook(env, end_with_environment, thread_.get());
    Ref();
  }

  static void define(Napi::Env env, Napi::Object exports) {
    exports.Set("DiskQueue", DefineClass(env, "DiskQueue",
                                         {
                                             InstanceMethod<&DiskQueue::submit>("submit"),
                                             InstanceMethod<&DiskQueue::close>("close"),
                                         }));
  }

 private:
  static constexpr int64_t ALIGNED_BYTES_LIMIT = int64_t{1} << 30;

  static void end_with_environment(void* thread) { static_cast<DiskThread*>(thread)->finish(false); }

  // submit(descriptor: number, position: number, slices: Int32Array, sliceCount: number, flags: number): number
  Napi::Value submit(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    int32_t descriptor;
    double position;
    const Words<int32_t> slices = int32_words(env, info[2]);
    uint32_t slice_count;
    int32_t flags;
    if (!slices || napi_get_value_int32(env, info[0], &descriptor) != napi_ok ||
        napi_get_value_double(env, info[1], &position) != napi_ok ||
        napi_get_value_uint32(env, info[3], &slice_count) != napi_ok ||
        napi_get_value_int32(env, info[4], &flags) != napi_ok) {
      Napi::TypeError::New(env, "submit(descriptor, position, slices: Int32Array, sliceCount, flags)")
          .ThrowAsJavaScriptException();
      return env.Undefined();
    }
    if (thread_ == nullptr) {
      Napi::Error::New(env, "submit: the queue is closed").ThrowAsJavaScriptException();
      return env.Undefined();
    }
    if (slice_count > slices.length / SLICE_WORDS) return refuse(env, "submit: more slices than rows");
    if ((flags & ~(DISK_ALIGNED | DISK_SYNC | DISK_RING_WRITTEN)) != 0) return refuse(env, "submit: unknown flags");
    if (!(position >= 0 && position <= POSITION_MAX && std::trunc(position) == position)) {
      return refuse(env, "submit: position is no offset in a file");
    }

    Task* task = thread_->next_task();
    if (task == nullptr) return Napi::Number::New(env, 0);
    task->descriptor = descriptor;
    task->flags = flags;
    task->position = static_cast<off_t>(position);
    task->slices.clear();
    uint64_t total = 0;
    for (uint32_t index = 0; index < slice_count; index++) {
      const int32_t* slice = slices.data + static_cast<size_t>(index) * SLICE_WORDS;
      const Span* arena = arenas_.find(static_cast<uint32_t>(slice[0]));
      const size_t offset = static_cast<uint32_t>(slice[1]);
      const size_t length = static_cast<uint32_t>(slice[2]);
      if (arena == nullptr || !arena->holds(offset, length)) return refuse(env, "submit: a slice outside of its arena");
      if (length > 0) task->slices.push_back({arena->data + offset, length});
      total += length;
    }
    if ((flags & DISK_ALIGNED) != 0) {
      if (task->position % BLOCK_BYTES != 0) return refuse(env, "submit: an aligned write needs position % 4096 = 0");
      if (total > thread_->aligned_bytes_max()) return refuse(env, "submit: more than alignedBytesMax");
    }
    return Napi::Number::New(env, thread_->submit(task));
  }

  // close(): void
  Napi::Value close(const Napi::CallbackInfo& info) {
    if (thread_ == nullptr) return info.Env().Undefined();
    napi_remove_env_cleanup_hook(info.Env(), end_with_environment, thread_.get());
    thread_->finish(true);
    thread_.reset();
    arenas_.release();
    progress_.Reset();
    Unref();
    return info.Env().Undefined();
  }

  static Napi::Value refuse(Napi::Env env, const char* why) {
    Napi::RangeError::New(env, why).ThrowAsJavaScriptException();
    return env.Undefined();
  }

  ArenaTable arenas_;
  Napi::ObjectReference progress_;
  std::unique_ptr<DiskThread> thread_;
};

void register_disk_queue(Napi::Env env, Napi::Object exports) {
  DiskQueue::define(env, exports);
  export_constants(exports, {
    {"PROGRESS_WRITTEN", PROGRESS_WRITTEN},
    {"PROGRESS_DONE", PROGRESS_DONE},
    {"PROGRESS_FAILED", PROGRESS_FAILED},
    {"PROGRESS_ERRNO", PROGRESS_ERRNO},
    {"PROGRESS_WORDS", PROGRESS_WORDS},
    {"SLICE_WORDS", SLICE_WORDS},
    {"DISK_ALIGNED", DISK_ALIGNED},
    {"DISK_SYNC", DISK_SYNC},
    {"DISK_RING_WRITTEN", DISK_RING_WRITTEN},
  });
}

}  // namespace millrace
