#include "serve/log_limit.h"

#include <utility>

namespace idiolect {

std::optional<int64_t> LogLimit::Admit(absl::Time now) {
  const std::lock_guard lock(mutex_);
  if (now < next_) {
    ++left_out_;
    return std::nullopt;
  }
  next_ = now + absl::Seconds(1);
  return std::exchange(left_out_, 0);
}

}  // namespace idiolect
