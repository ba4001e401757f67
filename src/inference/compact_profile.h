// A user's implicit profile (docs/model.md) as the engine keeps it for replies: the floats of UserProfile in the served
// precision, with int8 a quarter of their size. Built once from one state of a history and never changed, so it is
// shared between threads as a const.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "idiolect/user_profile.h"
#include "inference/vector_table.h"

namespace idiolect {

struct CompactProfile {
  int64_t epoch = 0, revision = 0;      // of the history that it was built from
  std::vector<float> general;           // [d]     e
  VectorTable keys, values;             // [n, d]  the memory: the historical posts and the responses to them
  VectorTable words;                    // [M, d]  the personal vocabulary; none where the model does not copy
  std::vector<int32_t> word_ids;        // [M]     of every model
  std::vector<uint16_t> word_pairs;     // [M]     which pair of the window, 0 the oldest
  std::vector<int64_t> pair_sequences;  // [pairs] Exchange::sequence

  int64_t byte_size() const;
  UserProfile ToUserProfile() const;
};

}  // namespace idiolect
