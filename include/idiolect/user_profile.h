// What the model knows of a user: the implicit profile of docs/model.md, as plain numbers.
// Built from one state of a history; never changed afterwards, so it is shared between threads as a const.
#pragma once

#include <cstdint>
#include <vector>

namespace idiolect {

// d is the model's `d_model`, n the number of pairs in the window (at most `max_history`), M the number of words.
struct UserProfile {
  int64_t epoch = 0;  // of the history that it was built from (see exchange.h)
  int64_t revision = 0;
  int d = 0;
  std::vector<float> general;           // [d]     e, the general profile
  std::vector<float> keys;              // [n, d]  the historical posts, row-major; oldest first
  std::vector<float> values;            // [n, d]  the responses to them
  std::vector<float> word_states;       // [M, d]  the personal vocabulary: Z of every response token but </s>
  std::vector<int32_t> word_ids;        // [M]     token id of each word
  std::vector<int32_t> word_pairs;      // [M]     which pair of the window it comes from, 0 the oldest
  std::vector<int64_t> pair_sequences;  // [pairs in the window]  Exchange::sequence of each

  int memory_size() const { return d == 0 ? 0 : static_cast<int>(keys.size()) / d; }
};

}  // namespace idiolect
