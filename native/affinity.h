// Pinning the calling thread to one CPU.
#pragma once

#include <napi.h>

namespace millrace {

void register_affinity(Napi::Env env, Napi::Object exports);

}  // namespace millrace
