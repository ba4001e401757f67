#include "eval/unigram_cache.h"

#include <cmath>

namespace idiolect {

UnigramCache::UnigramCache(const std::vector<std::vector<int32_t>>& history, double weight) : weight_(weight) {
  for (const auto& said : history) {
    for (const int32_t id : said) counts_[id] += 1;
    total_ += static_cast<double>(said.size());
  }
}

double UnigramCache::LogProb(int32_t id, double log_prob) const {
  if (total_ == 0) return log_prob;
  const auto found = counts_.find(id);
  const double share = found == counts_.end() ? 0 : found->second / total_;
  return std::log((1 - weight_) * std::exp(log_prob) + weight_ * share);
}

}  // namespace idiolect
