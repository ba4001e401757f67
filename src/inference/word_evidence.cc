#include "inference/word_evidence.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_set>

namespace idiolect {
namespace {

// How much more the next exchange counts among the recent ones: of kCountedExchanges the newest counts 4 · 10^9 times
// as much as the oldest, which a float holds.
constexpr float kPerExchange = 1 / 0.8F;
static_assert(kCountedExchanges <= 100);

// Σ_k a_k S_k
double Mixed(const UserWords::Shares& weights, const UserWords::Shares& shares) {
  return weights.recent_responses * shares.recent_responses + weights.responses * shares.responses +
         weights.recent_posts * shares.recent_posts + weights.posts * shares.posts;
}

}  // namespace

void UserWords::Add(const std::vector<int32_t>& post, const std::vector<int32_t>& response) {
  Count(response, kRecentResponses, kResponses);
  Count(post, kRecentPosts, kPosts);
  weight_ *= kPerExchange;
}

void UserWords::Count(const std::vector<int32_t>& text, Way recent, Way all) {
  for (const int32_t id : text) {
    Counts& counts = counts_[id];
    counts[recent] += weight_;
    counts[all] += 1;
  }
  total_[recent] += weight_ * static_cast<float>(text.size());
  total_[all] += static_cast<float>(text.size());
}

UserWords::Shares UserWords::Of(int32_t id) const {
  const auto found = counts_.find(id);
  if (found == counts_.end()) return {};
  const auto share = [&](Way k) { return total_[k] > 0 ? static_cast<double>(found->second[k]) / total_[k] : 0; };
  return {share(kRecentResponses), share(kResponses), share(kRecentPosts), share(kPosts)};
}

WordEvidence::WordEvidence(const std::vector<float>& output_bias) {
  const double largest = *std::max_element(output_bias.begin(), output_bias.end());
  for (const float b : output_bias) everybody_.push_back(std::exp(b - largest));
  const double sum = std::accumulate(everybody_.begin(), everybody_.end(), 0.0);
  // A bias far below the others is no share of 0, by which nothing can be divided.
  for (double& share : everybody_) share = std::max(share / sum, std::numeric_limits<double>::min());
}

WordEvidence::Mixture WordEvidence::MixtureOf(const UserWords& user, UserWords::Shares weights) {
  if (!user.has_responses()) weights.recent_responses = weights.responses = 0;
  if (!user.has_posts()) weights.recent_posts = weights.posts = 0;
  return {weights, 1 - weights.recent_responses - weights.responses - weights.recent_posts - weights.posts};
}

double WordEvidence::Of(const std::vector<int32_t>& text, const UserWords& user, UserWords::Shares weights) const {
  const Mixture mixture = MixtureOf(user, weights);
  double sum = 0;
  std::unordered_set<int32_t> said;
  for (const int32_t id : text) {
    if (!said.insert(id).second) continue;
    sum += std::log(mixture.rest + Mixed(mixture.weights, user.Of(id)) / everybody_[id]);
  }
  return sum;
}

double WordEvidence::Lift(int32_t id, const UserWords& user) const {
  const Mixture mixture = MixtureOf(user, kOfResponse);
  return std::log1p(Mixed(mixture.weights, user.Of(id)) / (mixture.rest * everybody_[id]));
}

}  // namespace idiolect
