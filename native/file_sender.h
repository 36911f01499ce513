// Bytes from a file to a socket without passing through this process.
//
// sendfile blocks while a page is read from the disk: whoever asks sees to it that the range is cached.
#pragma once

#include <cstdint>

namespace millrace {

enum class FileSend {
  Done,
  Yielded,    // sent what it was allowed
  Blocked,    // the socket takes no more
  Truncated,  // the file ends before the range does
  Failed,     // errno says why
};

struct FileRange {
  int descriptor;
  int64_t position;
  uint32_t length;
};

/** Sends at most `bytes_max` bytes, moves `range` on past what has left, and says how far it came. */
FileSend send_file(int socket, FileRange& range, uint32_t bytes_max, uint32_t& calls);

}  // namespace millrace
