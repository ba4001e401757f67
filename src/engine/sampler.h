// Picking the next token from a distribution over the vocabulary.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "idiolect/reply.h"

namespace idiolect {

// The most probable id; of equals the smallest.
int32_t ArgMax(absl::Span<const float> log_probs);

// One id, by `options`' temperature, top_k and top_p in that order; `uniform` in [0, 1) is the luck. Greedy at
// temperature 0. Ids of log-probability -∞ are never drawn. No full sort: only the tokens that can be in the nucleus
// are.
int32_t Sample(absl::Span<const float> log_probs, const DecodingOptions& options, double uniform);

// The `count` most probable ids, best first; of equals the smaller id first. Fewer when fewer are possible.
std::vector<int32_t> TopIds(absl::Span<const float> log_probs, int count);

// Sets the log-probability of every token to -∞ that would complete an n-gram which `tokens` holds already.
void ForbidRepeatedNgrams(const std::vector<int32_t>& tokens, int n, absl::Span<float> log_probs);

}  // namespace idiolect
