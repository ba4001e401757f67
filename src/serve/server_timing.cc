#include "serve/server_timing.h"

#include "absl/strings/str_format.h"

namespace idiolect {

std::string ToServerTiming(const ReplyTiming& timing) {
  return absl::StrFormat("queue;dur=%.3f, first-token;dur=%.3f, total;dur=%.3f, profile;desc=%s",
                         absl::ToDoubleMilliseconds(timing.queue), absl::ToDoubleMilliseconds(timing.first_token),
                         absl::ToDoubleMilliseconds(timing.total), timing.profile_built ? "built" : "cached");
}

}  // namespace idiolect
