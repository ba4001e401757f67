// Keeps a server that is overloaded, or whose disk is full, from spending its time on saying so: of what happens again
// and again, at most one line a second. Thread-safe.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "absl/time/time.h"

namespace idiolect {

class LogLimit {
 public:
  // Whether to write a line now, and then how many were left out since the last one.
  std::optional<int64_t> Admit(absl::Time now);

 private:
  std::mutex mutex_;
  absl::Time next_ = absl::InfinitePast();
  int64_t left_out_ = 0;
};

}  // namespace idiolect
