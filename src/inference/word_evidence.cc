#include "inference/word_evidence.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_set>

namespace idiolect {
namespace {

// How much more the next exchange counts. The 1,024 that a window may have stay far below a double's largest.
constexpr double kPerExchange = 1 / 0.8;

}  // namespace

void WindowWords::Counts::Add(const std::vector<int32_t>& text, double weight) {
  for (const int32_t id : text) counts[id] += weight;
  total += weight * static_cast<double>(text.size());
}

double WindowWords::Counts::Share(int32_t id) const {
  const auto found = counts.find(id);
  return found == counts.end() ? 0 : found->second / total;
}

void WindowWords::Add(const std::vector<int32_t>& post, const std::vector<int32_t>& response) {
  posts_.Add(post, weight_);
  responses_.Add(response, weight_);
  weight_ *= kPerExchange;
}

WordEvidence::WordEvidence(const std::vector<float>& output_bias) {
  const double largest = *std::max_element(output_bias.begin(), output_bias.end());
  for (const float b : output_bias) everybody_.push_back(std::exp(b - largest));
  const double sum = std::accumulate(everybody_.begin(), everybody_.end(), 0.0);
  // A bias far below the others is no share of 0, by which nothing can be divided.
  for (double& share : everybody_) share = std::max(share / sum, std::numeric_limits<double>::min());
}

double WordEvidence::Of(const std::vector<int32_t>& text, const WindowWords& window, Weights weights) const {
  const double a = window.has_responses() ? weights.responses : 0, b = window.has_posts() ? weights.posts : 0;
  double sum = 0;
  std::unordered_set<int32_t> said;
  for (const int32_t id : text) {
    if (!said.insert(id).second) continue;
    sum += std::log(1 - a - b + (a * window.ResponseShare(id) + b * window.PostShare(id)) / everybody_[id]);
  }
  return sum;
}

}  // namespace idiolect
