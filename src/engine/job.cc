#include "engine/job.h"

#include <algorithm>

namespace idiolect {

absl::Status Job::Interrupted(absl::Time now) const {
  if (ticket_->cancelled()) return absl::CancelledError("the caller cancelled the request");
  if (now >= deadline_) return absl::DeadlineExceededError("the request's deadline passed");
  return absl::OkStatus();
}

std::shared_ptr<const UserProfile> Job::ProfileOf(const History& history, EngineContext& context) const {
  const bool kept = history.revision != 0;  // nobody's profile is cheap, and belongs to no user
  if (kept) {
    if (auto found = context.cache.Find(user_, history.epoch, history.revision)) {
      ++context.profile_cache_hits;
      return found;
    }
  }
  auto profile = std::make_shared<UserProfile>(
      ToUserProfile(context.model.profiles({context.model.Tokenize(history.exchanges)}, {}), 0));
  profile->epoch = history.epoch;
  profile->revision = history.revision;
  const size_t window = std::min<size_t>(history.exchanges.size(), context.model.config().max_history);
  for (size_t i = history.exchanges.size() - window; i < history.exchanges.size(); ++i)
    profile->pair_sequences.push_back(history.exchanges[i].sequence);
  ++context.profiles_built;
  if (kept) context.cache.Insert(user_, profile, forget_count_);
  return profile;
}

}  // namespace idiolect
