#include "train/unigram_bias.h"

#include <gtest/gtest.h>

#include <cmath>

namespace idiolect {
namespace {

TEST(UnigramLogShares, CountsTheResponsesThatMayBeTrainedOn) {
  UserCorpus user;
  user.pairs = {{{5, 3}, {6, 6, 3}, 2}, {{6, 3}, {7, 3}, 1}, {{6, 3}, {9, 3}, 1}};
  user.train_end = 2;
  user.valid_end = 3;
  Corpus corpus;
  corpus.Add(user);
  const at::Tensor shares = UnigramLogShares(corpus, 10).exp();
  // 5 tokens, and one more of each of 10 ids.
  const std::vector<double> counts = {1, 1, 1, 3, 1, 1, 3, 2, 1, 1};
  ASSERT_EQ(shares.numel(), 10);
  for (int64_t id = 0; id < 10; ++id) EXPECT_NEAR(shares[id].item<double>(), counts[id] / 15, 1e-6) << id;
}

TEST(UnigramLogShares, OfNothingAreEven) {
  const at::Tensor shares = UnigramLogShares({}, 4);
  for (int64_t id = 0; id < 4; ++id) EXPECT_NEAR(shares[id].item<double>(), -std::log(4.0), 1e-6);
}

}  // namespace
}  // namespace idiolect
