// The module table, nothing else. It is initialised once per environment (main thread and every worker), so no noun
// keeps JavaScript state in a global.
#include <napi.h>

#include "acceptor.h"
#include "affinity.h"
#include "batch.h"
#include "crc32c.h"
#include "disk_queue.h"
#include "reactor.h"

static Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("constants", Napi::Object::New(env));
  millrace::register_affinity(env, exports);
  millrace::register_crc32c(env, exports);
  millrace::register_batch(env, exports);
  millrace::register_disk_queue(env, exports);
  millrace::register_acceptor(env, exports);
  millrace::register_reactor(env, exports);
  return exports;
}

NODE_API_MODULE(millrace, init)
