// The shards' arenas as native code sees them: typed arrays over shared memory, looked up once and held.
//
// Owned by the JavaScript object that was given the arenas, on the thread that made it. Other threads may read the
// spans, but only that thread makes and destroys the table. napi_get_arraybuffer_info refuses a SharedArrayBuffer;
// the typed array over it tells its address.
#pragma once

#include <napi.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace millrace {

struct Span {
  uint8_t* data;
  size_t length;

  bool holds(uint64_t offset, uint64_t count) const { return offset <= length && count <= length - offset; }
};

/** A typed array of the wanted type as a C array; nothing if the value is another one. */
template <typename Element>
struct Words {
  Element* data = nullptr;
  size_t length = 0;

  static Words of(napi_env env, napi_value value, napi_typedarray_type wanted) {
    napi_typedarray_type type;
    size_t length;
    void* data;
    if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok || type != wanted) return {};
    // An empty array has no address: it counts as found all the same.
    static Element none[1];
    return {data == nullptr ? none : static_cast<Element*>(data), length};
  }
  explicit operator bool() const { return data != nullptr; }
};

inline Words<int32_t> int32_words(napi_env env, napi_value value) {
  return Words<int32_t>::of(env, value, napi_int32_array);
}
inline Words<uint8_t> bytes_of(napi_env env, napi_value value) {
  return Words<uint8_t>::of(env, value, napi_uint8_array);
}

class ArenaTable {
 public:
  /** Takes `readonly Uint8Array[]` and holds each; false if the value is anything else. */
  bool hold(Napi::Env env, Napi::Value value) {
    if (!value.IsArray()) return false;
    const Napi::Array arenas = value.As<Napi::Array>();
    for (uint32_t number = 0; number < arenas.Length(); number++) {
      const Napi::Value arena = arenas.Get(number);
      const Words<uint8_t> bytes = bytes_of(env, arena);
      if (!bytes) return false;
      spans_.push_back({bytes.data, bytes.length});
      held_.push_back(Napi::Persistent(arena.As<Napi::Object>()));
    }
    return true;
  }

  /** Lets the memory go: no span may be looked at any more. */
  void release() {
    spans_.clear();
    held_.clear();
  }

  /** Null if there is no such arena. */
  const Span* find(uint32_t number) const { return number < spans_.size() ? &spans_[number] : nullptr; }

 private:
  std::vector<Span> spans_;
  std::vector<Napi::ObjectReference> held_;
};

}  // namespace millrace
