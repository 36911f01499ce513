// What every noun needs where it stands at the border to JavaScript: constants out, refusals out.
//
// The add-on is built without C++ exceptions: a function that has thrown into JavaScript returns at once.
#pragma once

#include <napi.h>

#include <cstdint>
#include <initializer_list>

namespace millrace {

struct Constant {
  const char* name;
  int32_t value;
};

/** Sets each constant on `exports.constants`, where src/native/load.ts compares it with src/native/contract.ts. */
inline void export_constants(Napi::Object exports, std::initializer_list<Constant> constants) {
  Napi::Object table = exports.Get("constants").As<Napi::Object>();
  for (const Constant& constant : constants) table.Set(constant.name, constant.value);
}

/** Throws `{ code, errno, syscall }` as Node's own system errors have them; `error` is a positive errno. */
void throw_system_error(napi_env env, const char* syscall, int error);

}  // namespace millrace
