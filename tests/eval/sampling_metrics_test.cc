// Ranks, the unigram cache, and intervals by the bootstrap.
#include <gtest/gtest.h>

#include <cmath>

#include "eval/bootstrap.h"
#include "eval/ranking.h"
#include "eval/unigram_cache.h"

namespace idiolect {
namespace {

TEST(UnigramCacheTest, MixesTheUsersTokensIn) {
  // The history says 5 twice, 6 once and ends once (3): of 4 tokens.
  const UnigramCache cache({{5, 6, 5, 3}}, 0.2), empty({}, 0.2);
  EXPECT_NEAR(cache.LogProb(5, std::log(0.1)), std::log(0.8 * 0.1 + 0.2 * 0.5), 1e-12);
  EXPECT_NEAR(cache.LogProb(7, std::log(0.2)), std::log(0.8 * 0.2), 1e-12);
  EXPECT_NEAR(cache.LogProb(3, std::log(0.5)), std::log(0.8 * 0.5 + 0.2 * 0.25), 1e-12);
  EXPECT_NEAR(empty.LogProb(5, std::log(0.1)), std::log(0.1), 1e-12);
}

TEST(RankingTest, TheFirstAgainstTheOthers) {
  EXPECT_EQ(RankOfFirst({3, 1, 2}).first, 1);
  EXPECT_EQ(RankOfFirst({3, 1, 2}).reciprocal, 1);
  EXPECT_EQ(RankOfFirst({0, 1, 2}).first, 0);
  EXPECT_NEAR(RankOfFirst({0, 1, 2}).reciprocal, 1.0 / 3, 1e-12);
}

TEST(RankingTest, TiesAreShared) {
  EXPECT_EQ(RankOfFirst({1, 1, 0}).first, 0.5);
  EXPECT_NEAR(RankOfFirst({1, 1, 0}).reciprocal, 1 / 1.5, 1e-12);
  EXPECT_EQ(RankOfFirst({1, 2, 1}).first, 0);
}

std::vector<Statistic> Mean() {
  return {{"mean", [](const Sums& s) { return s["n"] > 0 ? s["x"] / s["n"] : std::nan(""); }}};
}

Sums User(double x, double n) {
  Sums sums;
  sums.Add("x", x);
  sums.Add("n", n);
  return sums;
}

TEST(BootstrapTest, TheIntervalIsThatOfTheMean) {
  std::vector<Sums> users;
  for (int i = 0; i < 200; ++i) users.push_back(User(i % 2, 1));
  const Interval interval = BootstrapIntervals(users, Mean(), 2000, 0.95, 1)[0];
  const double half = 1.96 * 0.5 / std::sqrt(200);
  EXPECT_NEAR(interval.low, 0.5 - half, 0.015);
  EXPECT_NEAR(interval.high, 0.5 + half, 0.015);
}

TEST(BootstrapTest, UsersAreDrawnWhole) {
  // One talks much more than the other three: with and without them the mean is another.
  const std::vector<Sums> users = {User(1000, 1000), User(0, 1), User(0, 1), User(0, 1)};
  const Interval interval = BootstrapIntervals(users, Mean(), 1000, 0.95, 1)[0];
  EXPECT_EQ(interval.low, 0);
  EXPECT_GT(interval.high, 0.99);
}

TEST(BootstrapTest, TheSeedDecides) {
  std::vector<Sums> users;
  for (int i = 0; i < 30; ++i) users.push_back(User(i, 1));
  const Interval one = BootstrapIntervals(users, Mean(), 100, 0.95, 1)[0];
  EXPECT_EQ(BootstrapIntervals(users, Mean(), 100, 0.95, 1)[0].low, one.low);
  EXPECT_NE(BootstrapIntervals(users, Mean(), 100, 0.95, 2)[0].low, one.low);
}

TEST(BootstrapTest, WhatCannotBeComputedHasNoInterval) {
  EXPECT_TRUE(std::isnan(BootstrapIntervals({User(1, 0)}, Mean(), 10, 0.95, 1)[0].low));
  EXPECT_TRUE(std::isnan(BootstrapIntervals({}, Mean(), 10, 0.95, 1)[0].low));
  EXPECT_TRUE(std::isnan(BootstrapIntervals({User(1, 1)}, Mean(), 0, 0.95, 1)[0].low));
}

}  // namespace
}  // namespace idiolect
