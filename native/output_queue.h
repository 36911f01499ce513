// One connection's output, in the order it was asked for: bytes, leased bytes and ranges of files.
//
// A flush pushes segments, then sends as far as the socket takes them; what is left of plain bytes is then copied, since
// they lie in memory that JavaScript uses again. Leases are never copied: their token comes back (EVENT_SENT) when the
// last byte has left or the queue is dropped.
//
// Invariants: each token is given back exactly once; after keep() no segment is Borrowed; a queue that is blocked is
//             not empty and waits for EPOLLOUT.
#pragma once

#include <cstdint>
#include <vector>

#include "counters.h"
#include "event_table.h"
#include "file_sender.h"

namespace millrace {

class OutputQueue {
 public:
  OutputQueue() = default;
  OutputQueue(const OutputQueue&) = delete;
  OutputQueue& operator=(const OutputQueue&) = delete;
  ~OutputQueue();

  void push_bytes(uint8_t* bytes, uint32_t length);
  void push_leased(uint8_t* bytes, uint32_t length, int32_t token);
  void push_file(FileRange range, int32_t token);

  bool is_empty() const { return head_ == segments_.size(); }
  bool is_blocked() const { return blocked_; }
  void unblock() { blocked_ = false; }

  /** Sends until the socket, the queue or this tick's share ends. Returns an errno, 0 if the connection is well. */
  int send(int descriptor, int32_t connection, EventTable& events, Counters& counters);
  /** Copies what is Borrowed; false if more than `bytes_max` would then be copied bytes. */
  bool keep(uint32_t bytes_max, Counters& counters);
  /** Forgets everything and gives the tokens back. */
  void drop(int32_t connection, EventTable& events);

  uint32_t copied_bytes() const { return copied_bytes_; }

  /** Set once copied bytes are above the high mark, for EVENT_DRAINED when the queue is empty again. */
  bool was_high = false;

 private:
  enum class Kind : uint8_t { Borrowed, Copied, Leased, File };
  struct Segment {
    Kind kind;
    int32_t token;
    uint8_t* bytes;     // not File: what has not left yet
    FileRange range;    // File: the range that has not left yet; else only its length
    uint8_t* chunk;     // Copied: the memory that `bytes` points into
    uint32_t capacity;  // Copied: of `chunk`
  };

  int send_bytes(int descriptor, uint32_t& share, int32_t connection, EventTable& events, Counters& counters);
  void pop(int32_t connection, EventTable& events);

  std::vector<Segment> segments_;
  size_t head_ = 0;
  uint32_t copied_bytes_ = 0;
  bool blocked_ = false;
};

}  // namespace millrace
