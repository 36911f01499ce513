#include "sink.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "fail.h"

static void write_at(int file, const uint8_t* bytes, size_t length, off_t position) {
  if (pwrite(file, bytes, length, position) != static_cast<ssize_t>(length)) {
    fail(std::string("store: ") + std::strerror(errno));
  }
}

Sink::Sink(const std::string& file, int64_t file_bytes, bool is_durable)
    : file_bytes_(file_bytes), is_durable_(is_durable) {
  if (file.empty()) return;
  file_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file_ < 0) fail("store=" + file + ": " + std::strerror(errno));
  if (is_durable) open_journal(file + ".journal");
}

void Sink::open_journal(const std::string& file) {
  group_ = static_cast<uint8_t*>(std::aligned_alloc(GROUP_BYTES, GROUP_BYTES));
  if (group_ == nullptr) fail("no memory");
  madvise(group_, GROUP_BYTES, MADV_HUGEPAGE);
  std::memset(group_, 0, GROUP_BYTES);
  // Memory as a disk refuses O_DIRECT on older kernels.
  journal_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_DIRECT, 0644);
  if (journal_ < 0) journal_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (journal_ < 0) fail("store=" + file + ": " + std::strerror(errno));
  for (off_t at = 0; at < JOURNAL_BYTES; at += GROUP_BYTES) write_at(journal_, group_, GROUP_BYTES, at);
  fdatasync(journal_);
}

void Sink::append(const uint8_t* bytes, size_t length) {
  if (!keeps()) return;
  if (is_durable_) {
    if (length > GROUP_BYTES) fail("store: a batch larger than a group");
    if (gathered_ + length > GROUP_BYTES) {
      commit();
      drain();
    }
    std::memcpy(group_ + gathered_, bytes, length);
    gathered_ += length;
    return;
  }
  if (position_ + static_cast<off_t>(length) > file_bytes_) position_ = 0;
  write_at(file_, bytes, length, position_);
  position_ += static_cast<off_t>(length);
}

void Sink::commit() {
  if (gathered_ == 0) return;
  const size_t padded = (gathered_ + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
  if (journal_position_ + static_cast<off_t>(padded) > JOURNAL_BYTES) journal_position_ = 0;
  write_at(journal_, group_, padded, journal_position_);
  if (fdatasync(journal_) != 0) fail(std::string("store: ") + std::strerror(errno));
  journal_position_ += static_cast<off_t>(padded);
}

void Sink::drain() {
  if (gathered_ == 0) return;
  write_at(file_, group_, gathered_, position_);
  position_ += static_cast<off_t>(gathered_);
  gathered_ = 0;
}
