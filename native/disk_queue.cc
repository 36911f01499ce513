#include "disk_queue.h"

#include "border.h"

namespace millrace {

void register_disk_queue(Napi::Env, Napi::Object exports) {
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
