// A socket that a thread's epoll watches: frames go out in order, whole frames come in.
//
// Invariant: bytes that the socket did not take at once are kept here and go first; while there are any, is_blocked().
#pragma once

#include <cstdint>
#include <memory>

#include "bytes.h"

class Connection {
 public:
  Connection() = default;
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /** `tag` comes back in the events. The descriptor is owned from here on. */
  void open(int descriptor, int epoll, uint64_t tag, size_t input_bytes);
  void close();
  bool is_open() const { return descriptor_ >= 0; }

  /** False if the connection is at its end. `has_more`: what follows at once may share its packet. */
  bool send(const uint8_t* bytes, size_t length, bool has_more = false);
  bool flush();
  bool is_blocked() const { return sent_ < kept_.size(); }
  /** Has epoll report each time that there is room to send. */
  void want_room(bool wanted);

  /** Receives once; next_frame() then gives what is whole. False if the connection is at its end. */
  bool receive();
  /** Behind the length; null if no frame is whole. Valid until the next receive(). */
  const uint8_t* next_frame(size_t& length);
  /** Whether the next frame claims a length that no answer has. */
  bool is_malformed() const { return is_malformed_; }

 private:
  static constexpr size_t FRAME_BYTES_MAX = 320 << 20;
  /** More at once would no longer be in the cache when it is read. */
  static constexpr size_t RECEIVE_BYTES_MAX = 256 << 10;

  int descriptor_ = -1;
  int epoll_ = -1;
  uint64_t tag_ = 0;
  bool wants_room_ = false;
  uint32_t watched_ = 0;
  bool is_malformed_ = false;
  Bytes kept_;
  size_t sent_ = 0;
  /** Not touched, and so no memory, before it is used. */
  std::unique_ptr<uint8_t[]> input_;
  size_t input_bytes_ = 0;
  size_t begin_ = 0;
  size_t received_ = 0;

  void watch();
  void grow(size_t bytes);
};
