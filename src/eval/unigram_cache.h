// The simplest thing that personalises: a model without a profile, mixed with how often the user has said each token. A
// profile that is worth its cost does better.
#pragma once

#include <cstdint>
#include <vector>

namespace idiolect {

// log P of the tokens where each has the probability (1 - weight) · e^log_prob + weight · its share of the tokens of
// `history`, the responses of the window with their </s>. `log_probs` are those without the profile, one a token of
// `response`; without history they count alone. weight: [0, 1).
double CacheLogProb(const std::vector<int32_t>& response, const std::vector<double>& log_probs,
                    const std::vector<std::vector<int32_t>>& history, double weight);

}  // namespace idiolect
