#include "border.h"

#include <uv.h>

#include <string>

namespace millrace {

void throw_system_error(napi_env raw_env, const char* syscall, int error) {
  Napi::Env env(raw_env);
  const char* code = uv_err_name(-error);
  Napi::Error thrown = Napi::Error::New(env, std::string(syscall) + ": " + uv_strerror(-error) + " (" + code + ")");
  thrown.Set("code", Napi::String::New(env, code));
  thrown.Set("errno", Napi::Number::New(env, error));
  thrown.Set("syscall", Napi::String::New(env, syscall));
  thrown.ThrowAsJavaScriptException();
}

}  // namespace millrace
