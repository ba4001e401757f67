#include "engine/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace idiolect {
namespace {

constexpr float kImpossible = -std::numeric_limits<float>::infinity();

struct Choice {
  int32_t id;
  double weight;  // probability up to a common factor
};

bool Better(const Choice& a, const Choice& b) { return a.weight != b.weight ? a.weight > b.weight : a.id < b.id; }

std::vector<Choice> Weigh(absl::Span<const float> log_probs, double temperature) {
  const float best = *std::max_element(log_probs.begin(), log_probs.end());
  std::vector<Choice> choices;
  choices.reserve(log_probs.size());
  for (size_t id = 0; id < log_probs.size(); ++id) {
    const double weight = std::exp((log_probs[id] - best) / temperature);
    if (weight > 0) choices.push_back({static_cast<int32_t>(id), weight});
  }
  return choices;
}

double Total(const std::vector<Choice>& choices) {
  double total = 0;
  for (const Choice& choice : choices) total += choice.weight;
  return total;
}

void KeepTopK(std::vector<Choice>& choices, int k) {
  if (k == 0 || static_cast<size_t>(k) >= choices.size()) return;
  std::nth_element(choices.begin(), choices.begin() + k, choices.end(), Better);
  choices.resize(k);
}

void KeepNucleus(std::vector<Choice>& choices, double top_p) {
  if (top_p >= 1) return;
  const double total = Total(choices);
  // All tokens below this weight together hold less than 1 - top_p: none of them is needed. Sorting the rest is cheap.
  const double floor = (1 - top_p) * total / static_cast<double>(choices.size());
  std::erase_if(choices, [&](const Choice& choice) { return choice.weight < floor; });
  std::sort(choices.begin(), choices.end(), Better);
  double sum = 0;
  size_t kept = 0;
  while (kept < choices.size() && sum < top_p * total) sum += choices[kept++].weight;
  choices.resize(std::max<size_t>(kept, 1));
}

int32_t Draw(const std::vector<Choice>& choices, double uniform) {
  double left = uniform * Total(choices);
  for (const Choice& choice : choices) {
    if (left < choice.weight) return choice.id;
    left -= choice.weight;
  }
  return choices.back().id;  // rounding
}

}  // namespace

int32_t ArgMax(absl::Span<const float> log_probs) {
  return static_cast<int32_t>(std::max_element(log_probs.begin(), log_probs.end()) - log_probs.begin());
}

int32_t Sample(absl::Span<const float> log_probs, const DecodingOptions& options, double uniform) {
  if (options.temperature == 0) return ArgMax(log_probs);
  std::vector<Choice> choices = Weigh(log_probs, options.temperature);
  KeepTopK(choices, options.top_k);
  KeepNucleus(choices, options.top_p);
  // nth_element leaves an order that is not specified; the draw must not depend on it.
  if (options.top_k > 0) std::sort(choices.begin(), choices.end(), Better);
  return Draw(choices, uniform);
}

std::vector<int32_t> TopIds(absl::Span<const float> log_probs, int count) {
  std::vector<int32_t> ids;
  for (size_t id = 0; id < log_probs.size(); ++id) {
    if (log_probs[id] != kImpossible) ids.push_back(static_cast<int32_t>(id));
  }
  const auto better = [&](int32_t a, int32_t b) {
    return log_probs[a] != log_probs[b] ? log_probs[a] > log_probs[b] : a < b;
  };
  const size_t kept = std::min<size_t>(count, ids.size());
  std::partial_sort(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(kept), ids.end(), better);
  ids.resize(kept);
  return ids;
}

void ForbidRepeatedNgrams(const std::vector<int32_t>& tokens, int n, absl::Span<float> log_probs) {
  const auto size = static_cast<int>(tokens.size());
  if (n == 0 || size < n) return;
  const auto tail = tokens.end() - (n - 1);
  for (int start = 0; start + n <= size; ++start) {
    if (std::equal(tail, tokens.end(), tokens.begin() + start)) log_probs[tokens[start + n - 1]] = kImpossible;
  }
}

}  // namespace idiolect
