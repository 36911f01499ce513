// What a produce request costs at least: a server in C++ that receives it, takes the CRC-32C of what it carries, appends
// that to a file in the page cache and answers. No log, no protocol: a frame is a length and bytes.
//
//   floor file=/tmp/floor.log fileBytes=268435456 [durable=1]
//
// Prints its port, then serves until its standard input ends. The file is written round and round, so that after the
// first round its pages are there. Its answers are good for `load produce` with a topic of four letters.
//
// durable=1 writes what a durable log has to: what came in one round of the poll is gathered, written to a prewritten
// journal past the page cache and synced, answered, and then appended to a file that grows as a log does.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

static constexpr size_t INPUT_BYTES = 1 << 20;
static constexpr size_t RECEIVE_BYTES = 256 << 10;

// By the CPU's instruction where there is one; elsewhere the floor leaves the checksum out, and is lower for it.
#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc32c(const uint8_t* bytes, size_t length) {
  uint64_t crc = ~0u;
  size_t at = 0;
  for (; at + 8 <= length; at += 8) {
    uint64_t word;
    std::memcpy(&word, bytes + at, sizeof word);
    crc = __builtin_ia32_crc32di(crc, word);
  }
  for (; at < length; at++) crc = __builtin_ia32_crc32qi(static_cast<uint32_t>(crc), bytes[at]);
  return ~static_cast<uint32_t>(crc);
}
#else
static uint32_t crc32c(const uint8_t*, size_t) { return 0; }
#endif

struct Connection {
  int descriptor = -1;
  /** Not touched before it is used. */
  std::unique_ptr<uint8_t[]> input{new uint8_t[INPUT_BYTES]};
  size_t received = 0;
};

class Floor {
 public:
  Floor(const std::string& file, off_t file_bytes, bool is_durable) : file_bytes_(file_bytes), is_durable_(is_durable) {
    file_ = open(file.c_str(), O_RDWR | O_CREAT, 0644);
    if (is_durable_) open_journal(file + ".journal");
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (file_ < 0 || bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
        listen(listener_, 1024) != 0) {
      std::perror("floor");
      std::exit(1);
    }
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    std::printf("%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    epoll_ = epoll_create1(0);
    watch(listener_, LISTENER);
    watch(STDIN_FILENO, INPUT_END);
    // The length, correlation id 7, and zeros: no error.
    answer_[3] = sizeof answer_ - 4;
    answer_[7] = 7;
  }

  void run() {
    epoll_event events[256];
    for (;;) {
      const int count = epoll_wait(epoll_, events, 256, -1);
      for (int index = 0; index < count; index++) {
        const uint64_t tag = events[index].data.u64;
        if (tag == INPUT_END) return;
        if (tag == LISTENER) accept_one();
        else receive(*connections_[tag]);
      }
      commit();
    }
  }

 private:
  static constexpr size_t GROUP_BYTES = 2 << 20;
  static constexpr size_t BLOCK_BYTES = 4096;
  static constexpr off_t JOURNAL_BYTES = 64 << 20;

  void open_journal(const std::string& file) {
    group_ = static_cast<uint8_t*>(std::aligned_alloc(GROUP_BYTES, GROUP_BYTES));
    if (group_ == nullptr) std::exit(1);
    madvise(group_, GROUP_BYTES, MADV_HUGEPAGE);
    std::memset(group_, 0, GROUP_BYTES);
    // Memory as a disk refuses O_DIRECT on older kernels.
    journal_ = open(file.c_str(), O_RDWR | O_CREAT | O_DIRECT, 0644);
    if (journal_ < 0) journal_ = open(file.c_str(), O_RDWR | O_CREAT, 0644);
    for (off_t at = 0; at < JOURNAL_BYTES; at += GROUP_BYTES) write_all(journal_, GROUP_BYTES, at);
    fdatasync(journal_);
  }

  void write_all(int file, size_t bytes, off_t position) {
    if (pwrite(file, group_, bytes, position) != static_cast<ssize_t>(bytes)) std::exit(1);
  }

  void commit() {
    if (gathered_ == 0) return;
    const size_t padded = (gathered_ + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
    if (journal_position_ + static_cast<off_t>(padded) > JOURNAL_BYTES) journal_position_ = 0;
    write_all(journal_, padded, journal_position_);
    if (fdatasync(journal_) != 0) std::exit(1);
    journal_position_ += static_cast<off_t>(padded);
    for (const int descriptor : unanswered_) answer(descriptor);
    unanswered_.clear();
    write_all(file_, gathered_, position_);
    position_ += static_cast<off_t>(gathered_);
    gathered_ = 0;
  }

  void answer(int descriptor) { (void)!send(descriptor, answer_, sizeof answer_, MSG_NOSIGNAL); }

  static constexpr uint64_t LISTENER = UINT64_MAX;
  static constexpr uint64_t INPUT_END = UINT64_MAX - 1;

  void watch(int descriptor, uint64_t tag) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = tag;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
  }

  void accept_one() {
    const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
    if (descriptor < 0) return;
    const int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connections_.push_back(std::make_unique<Connection>());
    connections_.back()->descriptor = descriptor;
    watch(descriptor, connections_.size() - 1);
  }

  void receive(Connection& connection) {
    const ssize_t got = recv(connection.descriptor, &connection.input[connection.received],
                             std::min(RECEIVE_BYTES, INPUT_BYTES - connection.received), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      close(connection.descriptor);
      connection.input.reset();
      return;
    }
    connection.received += static_cast<size_t>(got);
    size_t at = 0;
    while (connection.received - at >= 4) {
      const uint8_t* frame = &connection.input[at];
      const size_t length = size_t{frame[0]} << 24 | frame[1] << 16 | frame[2] << 8 | frame[3];
      if (connection.received - at < 4 + length) break;
      checksum_ ^= crc32c(frame + 4, length);
      if (is_durable_) {
        gather(frame + 4, length);
        unanswered_.push_back(connection.descriptor);
      } else {
        append(frame + 4, length);
        answer(connection.descriptor);
      }
      at += 4 + length;
    }
    std::memmove(connection.input.get(), &connection.input[at], connection.received - at);
    connection.received -= at;
  }

  void gather(const uint8_t* bytes, size_t length) {
    if (gathered_ + length > GROUP_BYTES) commit();
    std::memcpy(group_ + gathered_, bytes, length);
    gathered_ += length;
  }

  void append(const uint8_t* bytes, size_t length) {
    if (position_ + static_cast<off_t>(length) > file_bytes_) position_ = 0;
    if (pwrite(file_, bytes, length, position_) != static_cast<ssize_t>(length)) std::exit(1);
    position_ += static_cast<off_t>(length);
  }

  const off_t file_bytes_;
  const bool is_durable_;
  int journal_ = -1;
  off_t journal_position_ = 0;
  uint8_t* group_ = nullptr;
  size_t gathered_ = 0;
  /** A descriptor for each request of the group. A connection that ends meanwhile costs an error that nobody needs. */
  std::vector<int> unanswered_;
  int file_ = -1;
  int listener_ = -1;
  int epoll_ = -1;
  off_t position_ = 0;
  uint32_t checksum_ = 0;
  uint8_t answer_[64] = {};
  std::vector<std::unique_ptr<Connection>> connections_;
};

int main(int argc, char** argv) {
  std::string file = "floor.log";
  off_t file_bytes = 256 << 20;
  bool is_durable = false;
  for (int index = 1; index < argc; index++) {
    const std::string argument = argv[index];
    if (argument.rfind("file=", 0) == 0) file = argument.substr(5);
    else if (argument.rfind("fileBytes=", 0) == 0) file_bytes = std::atoll(argument.c_str() + 10);
    else if (argument == "durable=1") is_durable = true;
  }
  Floor(file, file_bytes, is_durable).run();
  return 0;
}
