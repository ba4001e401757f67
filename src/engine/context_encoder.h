// Encodes what newcomers need before their first step: profiles, from the cache or built now, several users' together;
// then their posts, all together. Used by one engine thread.
#pragma once

#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "engine/job.h"
#include "engine/user_cache.h"

namespace idiolect {

class ContextEncoder {
 public:
  // Both must outlive it.
  ContextEncoder(const ServingModel& model, ProfileCache& cache) : model_(model), cache_(cache) {}

  // Fills the contexts of `jobs` as far as building at most `max_profiles` profiles goes: building takes about as long
  // as a step of the batch, and the rows that are decoding wait for it.
  void Encode(absl::Span<const std::shared_ptr<Job>> jobs, int max_profiles, Scratch& scratch);

  // Builds the profile of a history and caches it, unless it is there already.
  void Prepare(const UserKey& user, const History& history, int64_t forget_count, Scratch& scratch);

  int64_t profiles_built() const { return built_; }
  int64_t cache_hits() const { return hits_; }

 private:
  struct Build;  // a profile to be built, and the contexts that wait for it
  bool Find(Job& job, Context& context, Scratch& scratch);
  ProfileInput InputOf(const UserKey& user, const History& history) const;
  std::shared_ptr<const CompactProfile> Nobody(Scratch& scratch);
  void EncodePosts(absl::Span<const std::shared_ptr<Job>> jobs, Scratch& scratch) const;

  const ServingModel& model_;
  ProfileCache& cache_;
  std::shared_ptr<const CompactProfile> nobody_;  // the profile of an empty history, once it was needed
  int64_t built_ = 0, hits_ = 0;
};

}  // namespace idiolect
