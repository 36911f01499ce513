#include "file_sender.h"

#include <sys/sendfile.h>

#include <algorithm>
#include <cerrno>

namespace millrace {

FileSend send_file(int socket, FileRange& range, uint32_t bytes_max, uint32_t& calls) {
  uint32_t allowed = bytes_max;
  while (range.length > 0) {
    if (allowed == 0) return FileSend::Yielded;
    off_t position = range.position;
    calls++;
    const ssize_t sent = sendfile(socket, range.descriptor, &position, std::min(allowed, range.length));
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN ? FileSend::Blocked : FileSend::Failed;
    if (sent == 0) return FileSend::Truncated;
    range.position += sent;
    range.length -= static_cast<uint32_t>(sent);
    allowed -= static_cast<uint32_t>(sent);
  }
  return FileSend::Done;
}

}  // namespace millrace
