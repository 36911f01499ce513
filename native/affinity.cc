#include "affinity.h"

#include <sched.h>

#include <cerrno>

#include "border.h"

namespace millrace {

// pinThread(cpu: number): void
static Napi::Value pin_thread(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const double cpu = info.Length() == 1 && info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : -1;
  if (!(cpu >= 0 && cpu < CPU_SETSIZE)) {
    Napi::RangeError::New(env, "pinThread: a CPU number from 0 to 1023").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<int>(cpu), &set);
  if (sched_setaffinity(0, sizeof(set), &set) != 0) throw_system_error(env, "sched_setaffinity", errno);
  return env.Undefined();
}

void register_affinity(Napi::Env env, Napi::Object exports) {
  exports.Set("pinThread", Napi::Function::New(env, pin_thread, "pinThread"));
}

}  // namespace millrace
