// Where the true one comes among candidates, the first of the scores being its own.
#pragma once

#include <cstddef>
#include <vector>

namespace idiolect {

struct Rank {
  double first = 0;       // 1 where the true one is ahead of all, the share of it where it ties with others, else 0
  double reciprocal = 0;  // 1 / its place, the middle one of those that it ties for
};

// Higher scores are better; at least one score.
Rank RankOfFirst(const std::vector<double>& scores);

}  // namespace idiolect
