// The simplest thing that personalises: a model without a profile, mixed with how often the user has said each token. A
// profile that is worth its cost does better.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace idiolect {

class UnigramCache {
 public:
  // history: the responses of the window with their </s>. weight: [0, 1), of the cache in the mixture; without history
  // the model counts alone.
  UnigramCache(const std::vector<std::vector<int32_t>>& history, double weight);

  // log of (1 - weight) · e^log_prob + weight · the token's share of the history; log_prob: the model's, without a
  // profile.
  double LogProb(int32_t id, double log_prob) const;
  // All tokens that have a share, in no order, and how often each was said.
  const std::unordered_map<int32_t, double>& counts() const { return counts_; }

 private:
  std::unordered_map<int32_t, double> counts_;
  double total_ = 0;
  double weight_;
};

}  // namespace idiolect
