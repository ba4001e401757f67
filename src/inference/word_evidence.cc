#include "inference/word_evidence.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "text/tokenizer.h"

namespace idiolect {

WindowWords::Counts::Counts(const std::vector<std::vector<int32_t>>& texts) {
  for (const std::vector<int32_t>& text : texts) {
    for (const int32_t id : text) {
      if (id == kEos) continue;
      ++counts[id];
      ++total;
    }
  }
}

double WindowWords::Counts::Share(int32_t id) const {
  const auto found = counts.find(id);
  return found == counts.end() ? 0 : static_cast<double>(found->second) / total;
}

WindowWords::WindowWords(const HistoryTokens& window) : responses_(window.responses), posts_(window.posts) {}

WordEvidence::WordEvidence(const std::vector<float>& output_bias) {
  const double largest = *std::max_element(output_bias.begin(), output_bias.end());
  for (const float b : output_bias) everybody_.push_back(std::exp(b - largest));
  const double sum = std::accumulate(everybody_.begin(), everybody_.end(), 0.0);
  // A bias far below the others is no share of 0, by which nothing can be divided.
  for (double& share : everybody_) share = std::max(share / sum, std::numeric_limits<double>::min());
}

double WordEvidence::Of(const std::vector<int32_t>& reply, const WindowWords& window) const {
  const double a = window.has_responses() ? kResponseWeight : 0, b = window.has_posts() ? kPostWeight : 0;
  double sum = 0;
  for (const int32_t id : reply) {
    if (id == kEos) continue;
    sum += std::log(1 - a - b + (a * window.ResponseShare(id) + b * window.PostShare(id)) / everybody_[id]);
  }
  return sum;
}

}  // namespace idiolect
