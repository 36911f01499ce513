// The rows that a reactor writes for JavaScript: EVENT_… of src/native/contract.ts.
//
// Rows that find no room are held back, and stand first next time. Once one is held all later ones are, so that the
// order of events is the order they were put in. FRAME rows never are: room is looked for before their bytes are
// received. The rest is bounded by the connections and the tokens that JavaScript has out.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace millrace {

constexpr int32_t EVENT_WORDS = 4;
constexpr int32_t EVENT_FRAME = 1;
constexpr int32_t EVENT_CLOSED = 2;
constexpr int32_t EVENT_NEED = 3;
constexpr int32_t EVENT_SENT = 4;
constexpr int32_t EVENT_DRAINED = 5;
constexpr int32_t EVENT_IDLE = 6;

class EventTable {
 public:
  void attach(int32_t* words, size_t length) {
    table_ = reinterpret_cast<Row*>(words);
    rows_max_ = static_cast<int32_t>(std::min<size_t>(length / EVENT_WORDS, INT32_MAX));
  }

  /** Starts again from the first row, with what was held back. */
  void restart() {
    rows_ = std::min(rows_max_, static_cast<int32_t>(held_.size()));
    std::copy_n(held_.begin(), rows_, table_);
    held_.erase(held_.begin(), held_.begin() + rows_);
  }

  void put(int32_t kind, int32_t connection, int32_t first, int32_t second) {
    const Row row{kind, connection, first, second};
    if (held_.empty() && rows_ < rows_max_) {
      table_[rows_++] = row;
    } else {
      held_.push_back(row);
    }
  }

  int32_t rows() const { return rows_; }
  int32_t rows_free() const { return rows_max_ - rows_; }
  bool holds_back() const { return !held_.empty(); }

 private:
  struct Row {
    int32_t words[EVENT_WORDS];
  };
  Row* table_ = nullptr;
  int32_t rows_max_ = 0;
  int32_t rows_ = 0;
  std::vector<Row> held_;
};

}  // namespace millrace
