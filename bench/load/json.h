// One JSON object, written from front to back.
#pragma once

#include <cinttypes>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>

class Json {
 public:
  std::string out;

  void begin_object(const char* name = nullptr) { open(name, '{'); }
  void end_object() { close('}'); }
  void begin_array(const char* name = nullptr) { open(name, '['); }
  void end_array() { close(']'); }

  void integer(const char* name, int64_t value) {
    key(name);
    out += std::to_string(value);
  }
  void number(const char* name, double value) {
    key(name);
    char text[40];
    std::snprintf(text, sizeof text, "%.9g", std::isfinite(value) ? value : 0.0);
    out += text;
  }
  /** Sixty-four bits, which a JSON number cannot hold. */
  void hexadecimal(const char* name, uint64_t value) {
    char digits[20];
    std::snprintf(digits, sizeof digits, "%016" PRIx64, value);
    text(name, digits);
  }
  void text(const char* name, const std::string& value) {
    key(name);
    out += '"';
    for (const char letter : value) {
      if (letter == '"' || letter == '\\') out += '\\';
      out += static_cast<unsigned char>(letter) < 32 ? ' ' : letter;
    }
    out += '"';
  }

 private:
  bool needs_comma_ = false;

  void key(const char* name) {
    if (needs_comma_) out += ',';
    needs_comma_ = true;
    if (name != nullptr) out += std::string("\"") + name + "\":";
  }
  void open(const char* name, char bracket) {
    key(name);
    out += bracket;
    needs_comma_ = false;
  }
  void close(char bracket) {
    out += bracket;
    needs_comma_ = true;
  }
};
