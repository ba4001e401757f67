#include "engine/context_encoder.h"

#include <algorithm>

namespace idiolect {

struct ContextEncoder::Build {
  Job* job;
  const History* history;
  std::vector<Context*> waiting;
};

void ContextEncoder::Encode(absl::Span<const std::shared_ptr<Job>> jobs, int max_profiles, Scratch& scratch) {
  std::vector<Build> builds;
  for (const std::shared_ptr<Job>& job : jobs) {
    for (Context& context : job->contexts()) {
      if (context.profile != nullptr || Find(*job, context, scratch)) continue;
      const auto same = std::find_if(builds.begin(), builds.end(), [&](const Build& b) {
        return b.job->user() == job->user() && b.history->epoch == context.history->epoch &&
               b.history->revision == context.history->revision && b.history->revision != 0;
      });
      if (same != builds.end()) {
        same->waiting.push_back(&context);
      } else if (static_cast<int>(builds.size()) < max_profiles) {
        builds.push_back({job.get(), context.history, {&context}});
      }
    }
  }
  std::vector<ProfileInput> inputs;
  for (const Build& build : builds) inputs.push_back(InputOf(build.job->user(), *build.history));
  if (!inputs.empty()) {
    const auto profiles = model_.profiles(inputs, scratch);
    built_ += static_cast<int64_t>(profiles.size());
    for (size_t i = 0; i < builds.size(); ++i) {
      builds[i].job->profile_built = true;
      for (Context* context : builds[i].waiting) context->profile = profiles[i];
      if (builds[i].history->revision != 0)
        cache_.Insert(builds[i].job->user(), profiles[i], builds[i].job->forget_count());
    }
  }
  EncodePosts(jobs, scratch);
}

// The profile of an empty history belongs to nobody and is the same for all.
bool ContextEncoder::Find(Job& job, Context& context, Scratch& scratch) {
  if (context.history == nullptr || (context.history->exchanges.empty() && context.history->revision == 0)) {
    context.profile = Nobody(scratch);
    return true;
  }
  if (context.history->revision == 0) return false;  // not from a store: nothing tells its states apart
  context.profile = cache_.Find(job.user(), context.history->epoch, context.history->revision);
  hits_ += context.profile != nullptr;
  return context.profile != nullptr;
}

ProfileInput ContextEncoder::InputOf(const UserKey& user, const History& history) const {
  ProfileInput input{.tokens = model_.texts().Tokenize(history.exchanges),
                     .epoch = history.epoch,
                     .revision = history.revision,
                     .pair_sequences = {},
                     .previous = history.revision == 0 ? nullptr : cache_.FindEarlier(user, history.epoch)};
  for (size_t i = history.exchanges.size() - input.tokens.size(); i < history.exchanges.size(); ++i)
    input.pair_sequences.push_back(history.exchanges[i].sequence);
  return input;
}

std::shared_ptr<const CompactProfile> ContextEncoder::Nobody(Scratch& scratch) {
  if (nobody_ == nullptr) nobody_ = model_.profiles({ProfileInput()}, scratch)[0];
  return nobody_;
}

void ContextEncoder::Prepare(const UserKey& user, const History& history, int64_t forget_count, Scratch& scratch) {
  if (cache_.Find(user, history.epoch, history.revision) != nullptr) return;
  cache_.Insert(user, model_.profiles({InputOf(user, history)}, scratch)[0], forget_count);
  ++built_;
}

void ContextEncoder::EncodePosts(absl::Span<const std::shared_ptr<Job>> jobs, Scratch& scratch) const {
  std::vector<PostInput> posts;
  std::vector<Context*> contexts;
  for (const std::shared_ptr<Job>& job : jobs) {
    for (Context& context : job->contexts()) {
      if (context.profile == nullptr || context.post == nullptr || context.encoded_post != nullptr) continue;
      posts.push_back({model_.texts().PostIds(*context.post), context.profile.get()});
      contexts.push_back(&context);
    }
  }
  if (posts.empty()) return;
  const auto encoded = model_.posts(posts, scratch);
  for (size_t i = 0; i < contexts.size(); ++i) contexts[i]->encoded_post = encoded[i];
}

}  // namespace idiolect
