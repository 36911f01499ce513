#include "output_queue.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace millrace {

/** What one connection may send in one tick before others have their turn. */
constexpr uint32_t SHARE_BYTES = 4 * 1024 * 1024;
constexpr int SLICES_MAX = 64;
/** Small copies are gathered in chunks of this size, so that a queue of tiny answers costs little more than its bytes. */
constexpr uint32_t CHUNK_BYTES_MIN = 4096;
/** A queue that once grew beyond this gives its table back when it is empty. */
constexpr size_t SEGMENTS_KEPT = 64;

OutputQueue::~OutputQueue() {
  for (; head_ < segments_.size(); head_++) free(segments_[head_].chunk);
}

void OutputQueue::push_bytes(uint8_t* bytes, uint32_t length) {
  if (length > 0) segments_.push_back({Kind::Borrowed, 0, bytes, {-1, 0, length}, nullptr, 0});
}

void OutputQueue::push_leased(uint8_t* bytes, uint32_t length, int32_t token) {
  segments_.push_back({Kind::Leased, token, bytes, {-1, 0, length}, nullptr, 0});
}

void OutputQueue::push_file(FileRange range, int32_t token) {
  segments_.push_back({Kind::File, token, nullptr, range, nullptr, 0});
}

int OutputQueue::send(int descriptor, int32_t connection, EventTable& events, Counters& counters) {
  uint32_t share = SHARE_BYTES;
  while (!is_empty() && !blocked_) {
    Segment& first = segments_[head_];
    if (first.range.length == 0) {
      pop(connection, events);
    } else if (share == 0) {
      blocked_ = true;
    } else if (first.kind != Kind::File) {
      const int error = send_bytes(descriptor, share, connection, events, counters);
      if (error != 0) return error;
    } else {
      const uint32_t before = first.range.length;
      const FileSend result = send_file(descriptor, first.range, share, counters.sendfile_calls);
      const uint32_t sent = before - first.range.length;
      share -= sent;
      counters.sendfile_bytes += sent;
      counters.sent_bytes += sent;
      if (result == FileSend::Failed) return errno;
      // The peer has been promised more than there is: nothing that follows could be told from it.
      if (result == FileSend::Truncated) return EIO;
      if (result == FileSend::Blocked) blocked_ = true;
    }
  }
  // A queue that is never quite empty must not keep what has left.
  if (head_ > SEGMENTS_KEPT && head_ * 2 > segments_.size()) {
    segments_.erase(segments_.begin(), segments_.begin() + head_);
    head_ = 0;
  }
  return 0;
}

/** One call for all that lies before the next file. */
int OutputQueue::send_bytes(int descriptor, uint32_t& share, int32_t connection, EventTable& events,
                            Counters& counters) {
  iovec slices[SLICES_MAX];
  int slice_count = 0;
  size_t total = 0;
  size_t next = head_;
  for (; next < segments_.size() && slice_count < SLICES_MAX; next++) {
    const Segment& segment = segments_[next];
    if (segment.kind == Kind::File) break;
    slices[slice_count++] = {segment.bytes, segment.range.length};
    total += segment.range.length;
  }
  // More follows at once: let it share packets.
  const int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (next < segments_.size() ? MSG_MORE : 0);
  counters.send_calls++;
  msghdr message{};
  message.msg_iov = slices;
  message.msg_iovlen = slice_count;
  const ssize_t result = sendmsg(descriptor, &message, flags);
  if (result < 0) {
    if (errno == EINTR) return 0;
    if (errno != EAGAIN) return errno;
    blocked_ = true;
    return 0;
  }
  counters.sent_bytes += result;
  share -= static_cast<uint32_t>(std::min<size_t>(share, result));
  blocked_ = static_cast<size_t>(result) < total;
  for (size_t left = result; head_ < next;) {
    Segment& segment = segments_[head_];
    const uint32_t count = static_cast<uint32_t>(std::min<size_t>(left, segment.range.length));
    segment.bytes += count;
    segment.range.length -= count;
    left -= count;
    if (segment.kind == Kind::Copied) copied_bytes_ -= count;
    if (segment.range.length > 0) break;
    pop(connection, events);
    if (is_empty()) break;
  }
  return 0;
}

bool OutputQueue::keep(uint32_t bytes_max, Counters& counters) {
  for (size_t at = head_; at < segments_.size();) {
    if (segments_[at].kind != Kind::Borrowed) {
      at++;
      continue;
    }
    size_t end = at;
    uint64_t length = 0;
    while (end < segments_.size() && segments_[end].kind == Kind::Borrowed) length += segments_[end++].range.length;
    if (copied_bytes_ + length > bytes_max) return false;
    // The run becomes part of the chunk before it, or the first of its segments gets a chunk for all.
    Segment* target = at > head_ ? &segments_[at - 1] : nullptr;
    const bool fits = target != nullptr && target->kind == Kind::Copied &&
                      target->bytes + target->range.length + length <= target->chunk + target->capacity;
    size_t source = at;
    if (!fits) {
      Segment chunk{Kind::Copied, 0, nullptr, {-1, 0, 0}, nullptr, 0};
      chunk.capacity = std::max(static_cast<uint32_t>(length), CHUNK_BYTES_MIN);
      chunk.chunk = chunk.bytes = static_cast<uint8_t*>(malloc(chunk.capacity));
      memcpy(chunk.bytes, segments_[at].bytes, segments_[at].range.length);
      chunk.range.length = segments_[at].range.length;
      segments_[at] = chunk;
      target = &segments_[at];
      source = ++at;
    }
    for (; source < end; source++) {
      memcpy(target->bytes + target->range.length, segments_[source].bytes, segments_[source].range.length);
      target->range.length += segments_[source].range.length;
    }
    segments_.erase(segments_.begin() + at, segments_.begin() + end);
    copied_bytes_ += static_cast<uint32_t>(length);
    counters.copied_output_bytes += length;
  }
  return true;
}

void OutputQueue::drop(int32_t connection, EventTable& events) {
  while (!is_empty()) pop(connection, events);
  copied_bytes_ = 0;
  blocked_ = false;
}

void OutputQueue::pop(int32_t connection, EventTable& events) {
  const Segment& segment = segments_[head_++];
  const bool is_lease = segment.kind == Kind::Leased || segment.kind == Kind::File;
  if (is_lease && segment.token >= 0) events.put(EVENT_SENT, connection, segment.token, 0);
  free(segment.chunk);
  if (!is_empty()) return;
  segments_.clear();
  head_ = 0;
  if (segments_.capacity() > SEGMENTS_KEPT) segments_.shrink_to_fit();
}

}  // namespace millrace
