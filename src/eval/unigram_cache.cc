#include "eval/unigram_cache.h"

#include <cmath>
#include <unordered_map>

namespace idiolect {

double CacheLogProb(const std::vector<int32_t>& response, const std::vector<double>& log_probs,
                    const std::vector<std::vector<int32_t>>& history, double weight) {
  std::unordered_map<int32_t, double> counts;
  double total = 0;
  for (const auto& said : history) {
    for (const int32_t id : said) counts[id] += 1;
    total += static_cast<double>(said.size());
  }
  double sum = 0;
  for (size_t i = 0; i < response.size(); ++i) {
    const auto found = counts.find(response[i]);
    const double share = found == counts.end() ? 0 : found->second / total;
    sum += total == 0 ? log_probs[i] : std::log((1 - weight) * std::exp(log_probs[i]) + weight * share);
  }
  return sum;
}

}  // namespace idiolect
