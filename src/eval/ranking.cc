#include "eval/ranking.h"

namespace idiolect {

Rank RankOfFirst(const std::vector<double>& scores) {
  int better = 0, equal = 0;
  for (std::size_t i = 1; i < scores.size(); ++i) {
    better += scores[i] > scores[0];
    equal += scores[i] == scores[0];
  }
  return {better == 0 ? 1.0 / (1 + equal) : 0.0, 1 / (1 + better + equal / 2.0)};
}

}  // namespace idiolect
