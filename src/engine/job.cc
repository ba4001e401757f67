#include "engine/job.h"

#include <algorithm>

namespace idiolect {

absl::Status Job::Interrupted(absl::Time now) const {
  if (ticket_->cancelled()) return absl::CancelledError("the caller cancelled the request");
  if (now >= deadline_) return absl::DeadlineExceededError("the request's deadline passed");
  return absl::OkStatus();
}

bool Job::encoded() const {
  return std::all_of(contexts_.begin(), contexts_.end(), [](const Context& c) {
    return c.profile != nullptr && (c.post == nullptr || c.encoded_post != nullptr);
  });
}

}  // namespace idiolect
