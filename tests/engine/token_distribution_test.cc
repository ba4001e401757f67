#include "engine/token_distribution.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <map>

#include "engine/random.h"

namespace idiolect {
namespace {

using ::testing::ElementsAre;

constexpr float kNever = -std::numeric_limits<float>::infinity();

// A row whose generated probabilities, copied words and gate are given.
class Row {
 public:
  explicit Row(const std::vector<double>& generated) : workspace_(static_cast<int>(generated.size())) {
    for (const double p : generated) logits_.push_back(p > 0 ? static_cast<float>(std::log(p)) + 3 : kNever);
    output_.logits = logits_.data();
    output_.largest_logit = *std::max_element(logits_.begin(), logits_.end());
    output_.log_gate[0] = 0;
    output_.log_gate[1] = output_.log_gate[2] = kNever;
    post_.ids = {0};
  }

  // The gate gives `share` to the words (id, weight).
  Row& Copying(double share, const std::vector<std::pair<int32_t, float>>& words) {
    for (const auto& [id, weight] : words) {
      profile_.word_ids.push_back(id);
      copy_weights_.push_back(weight);
    }
    output_.copy_weights = absl::MakeSpan(copy_weights_);
    output_.log_gate[0] = static_cast<float>(std::log1p(-share));
    output_.log_gate[1] = static_cast<float>(std::log(share));
    return *this;
  }

  void SetGate(float generate, float copy) {
    output_.log_gate[0] = generate;
    output_.log_gate[1] = copy;
  }

  TokenDistribution Distribution() { return TokenDistribution(row_, output_, workspace_); }

  // How often each id is drawn over many seeds.
  std::map<int32_t, double> Frequencies(const DecodingOptions& options, int draws = 20000) {
    std::map<int32_t, double> share;
    for (int i = 0; i < draws; ++i)
      share[Distribution().Sample(options, {static_cast<uint64_t>(i), 0, 1})] += 1.0 / draws;
    return share;
  }

 private:
  std::vector<float> logits_, copy_weights_;
  CompactProfile profile_;
  EncodedPost post_;
  RowOutput output_;
  DecoderRow row_{&profile_, &post_, 0, nullptr};
  TokenDistribution::Workspace workspace_;
};

DecodingOptions Sampling(double temperature = 1, double top_p = 1, int top_k = 0) {
  DecodingOptions options;
  options.temperature = temperature;
  options.top_p = top_p;
  options.top_k = top_k;
  return options;
}

TEST(TokenDistributionTest, GreedyTakesTheSmallestIdOfEquals) {
  Row row({0.2, 0.4, 0.4});
  EXPECT_EQ(row.Distribution().MostProbable(), 1);
  EXPECT_EQ(row.Distribution().Sample(Sampling(0), {7, 0, 1}), 1);
}

TEST(TokenDistributionTest, ProbabilitiesOfAllSourcesSumToOne) {
  Row row({0.5, 0, 0.3, 0.2});
  row.Copying(0.25, {{1, 0.5f}, {2, 0.3f}, {1, 0.2f}});
  const TokenDistribution distribution = row.Distribution();
  const double expected[] = {0.75 * 0.5, 0.25 * 0.7, 0.75 * 0.3 + 0.25 * 0.3, 0.75 * 0.2};
  for (int id = 0; id < 4; ++id) EXPECT_NEAR(distribution.LogProb(id), std::log(expected[id]), 1e-5) << id;
}

TEST(TokenDistributionTest, OneDistributionLeavesNothingToTheNext) {
  Row row({0.5, 0, 0.3, 0.2});
  row.Copying(0.25, {{1, 1.0f}});
  const double first = row.Distribution().LogProb(1);
  EXPECT_EQ(row.Distribution().LogProb(1), first);
}

TEST(TokenDistributionTest, DrawsInProportion) {
  Row row({0.5, 0, 0.3, 0.2});
  row.Copying(0.5, {{1, 0.5f}, {3, 0.5f}});
  auto share = row.Frequencies(Sampling());
  EXPECT_NEAR(share[0], 0.25, 0.015);
  EXPECT_NEAR(share[1], 0.25, 0.015);
  EXPECT_NEAR(share[2], 0.15, 0.015);
  EXPECT_NEAR(share[3], 0.35, 0.015);
}

TEST(TokenDistributionTest, WhatIsImpossibleIsNeverDrawn) {
  Row row({0.5, 0, 0.5});
  auto share = row.Frequencies(Sampling(5));
  EXPECT_EQ(share.count(1), 0u);
}

// Weights P^2 / P_anybody: 0.16 / 0.8, 0.09 / 0.1, 0.0225 / 0.05 and, implausible, 0.0225 of 0.0001.
TEST(TokenDistributionTest, GuidanceWeighsWhatAnybodySaysLessAndKeepsToWhatIsPlausible) {
  Row row({0.4, 0.3, 0.15, 0.03}), anybody({0.8, 0.1, 0.05, 0.0001});
  TokenDistribution greedy = row.Distribution();
  greedy.Guide(anybody.Distribution(), 1);
  EXPECT_EQ(greedy.MostProbable(), 1);
  EXPECT_THAT(greedy.MostProbable(4), ElementsAre(1, 2, 0));
  EXPECT_NEAR(greedy.LogProb(1), std::log(0.3 / 0.88), 1e-5) << "the model's, as before";
}

TEST(TokenDistributionTest, GuidedDrawsAreInProportion) {
  Row row({0.4, 0.3, 0, 0.3}), anybody({0.8, 0.1, 0, 0.1});
  row.Copying(0.5, {{2, 1.0f}});      // 0.2, 0.15, 0.5, 0.15
  anybody.Copying(0.5, {{2, 1.0f}});  // 0.4, 0.05, 0.5, 0.05
  const double weights[] = {0.1, 0.45, 0.5, 0.45}, roots[] = {0.316, 0.671, 0.707, 0.671};
  const auto frequencies = [&](double temperature) {
    std::map<int32_t, double> share;
    for (uint64_t i = 0; i < 20000; ++i) {
      TokenDistribution distribution = row.Distribution();
      distribution.Guide(anybody.Distribution(), 1);
      share[distribution.Sample(Sampling(temperature), {i, 0, 1})] += 1.0 / 20000;
    }
    return share;
  };
  std::map<int32_t, double> share = frequencies(1), flat = frequencies(2);
  for (int id = 0; id < 4; ++id) {
    EXPECT_NEAR(share[id], weights[id] / 1.5, 0.015) << id;
    EXPECT_NEAR(flat[id], roots[id] / 2.365, 0.015) << id;
  }
}

TEST(TokenDistributionTest, WhatIsForbiddenStaysSoUnderGuidance) {
  Row row({0.6, 0.3, 0.1}), anybody({0.3, 0.3, 0.4});
  TokenDistribution distribution = row.Distribution();
  distribution.Forbid(0);
  distribution.Guide(anybody.Distribution(), 1);
  EXPECT_EQ(distribution.MostProbable(), 1);
  EXPECT_THAT(distribution.MostProbable(3), ElementsAre(1, 2));
}

TEST(TokenDistributionTest, LiftsRaiseWhatIsPlausibleAndNotSaidYet) {
  Row row({0.5, 0.3, 0.15, 0.04, 0.01});
  const std::vector<Lift> lifts = {{1, 2}, {2, 5}, {3, 100}};  // 0.5, 0.6, 0.75 and, implausible, 0.04
  TokenDistribution fresh = row.Distribution();
  fresh.Raise(lifts, {});
  EXPECT_THAT(fresh.MostProbable(5), ElementsAre(2, 1, 0, 3, 4));
  EXPECT_NEAR(fresh.LogProb(2), std::log(0.15), 1e-5) << "the model's, as before";
  TokenDistribution repeating = row.Distribution();
  repeating.Raise(lifts, {4, 2});
  EXPECT_THAT(repeating.MostProbable(5), ElementsAre(1, 0, 2, 3, 4));
}

TEST(TokenDistributionTest, RaisedDrawsAreInProportionAtAnyTemperatureAndWithGuidance) {
  Row row({0.4, 0.3, 0, 0.3}), anybody({0.4, 0.3, 0, 0.3});
  row.Copying(0.5, {{2, 1.0f}});  // 0.2, 0.15, 0.5, 0.15
  anybody.Copying(0.5, {{2, 1.0f}});
  const double weights[] = {0.2, 0.6, 1, 0.15}, roots[] = {0.447, 0.775, 1, 0.387};
  for (const bool guided : {false, true}) {
    const auto frequencies = [&](double temperature) {
      std::map<int32_t, double> share;
      for (uint64_t i = 0; i < 20000; ++i) {
        TokenDistribution distribution = row.Distribution();
        if (guided) distribution.Guide(anybody.Distribution(), 1);  // by itself: as it was
        distribution.Raise(std::vector<Lift>{{1, 4}, {2, 2}}, {});
        share[distribution.Sample(Sampling(temperature), {i, 0, 1})] += 1.0 / 20000;
      }
      return share;
    };
    std::map<int32_t, double> share = frequencies(1), flat = frequencies(2);
    for (int id = 0; id < 4; ++id) {
      EXPECT_NEAR(share[id], weights[id] / 1.95, 0.015) << id << guided;
      EXPECT_NEAR(flat[id], roots[id] / 2.609, 0.015) << id << guided;
    }
  }
}

TEST(TokenDistributionTest, WhatIsForbiddenIsNotRaised) {
  Row row({0.6, 0.3, 0.1});
  TokenDistribution distribution = row.Distribution();
  distribution.Forbid(0);
  distribution.Raise(std::vector<Lift>{{0, 1e6F}, {2, 4}}, {});
  EXPECT_THAT(distribution.MostProbable(3), ElementsAre(2, 1));
}

TEST(TokenDistributionTest, TheLargestLiftStaysInRange) {
  Row row({0.5, 0.5});
  row.Copying(0.5, {{1, 1.0f}});
  row.SetGate(-80, 0);
  TokenDistribution distribution = row.Distribution();
  distribution.Raise(std::vector<Lift>{{1, static_cast<float>(kLargestLift)}}, {});
  EXPECT_EQ(distribution.Sample(Sampling(0.1), {1, 0, 1}), 1);
}

TEST(TokenDistributionTest, TemperatureSharpensAndFlattensEverySource) {
  Row row({0.8, 0.2, 0});
  EXPECT_NEAR(row.Frequencies(Sampling(0.5))[0], 0.64 / (0.64 + 0.04), 0.01);
  EXPECT_NEAR(row.Frequencies(Sampling(2))[0], std::sqrt(0.8) / (std::sqrt(0.8) + std::sqrt(0.2)), 0.015);
  Row copying({0.8, 0.2, 0});
  copying.Copying(0.5, {{2, 1.0f}});  // 0.4, 0.1, 0.5
  auto share = copying.Frequencies(Sampling(0.5));
  EXPECT_NEAR(share[2], 0.25 / (0.16 + 0.01 + 0.25), 0.015);
  EXPECT_NEAR(share[1], 0.01 / (0.16 + 0.01 + 0.25), 0.01);
}

TEST(TokenDistributionTest, TopKKeepsTheBestK) {
  auto share = Row({0.1, 0.4, 0.3, 0.2}).Frequencies(Sampling(1, 1, 2));
  EXPECT_EQ(share.size(), 2u);
  EXPECT_NEAR(share[1], 4.0 / 7, 0.015);
  EXPECT_EQ(Row({0.25, 0.25, 0.25, 0.25}).Frequencies(Sampling(1, 1, 3)).count(3), 0u) << "of equals the last goes";
}

TEST(TokenDistributionTest, NucleusKeepsTheFewestThatReachTopP) {
  const std::pair<double, size_t> cases[] = {{0.01, 1}, {0.39, 1}, {0.41, 2}, {0.69, 2}, {0.71, 3}, {0.95, 4}};
  for (const auto& [top_p, kept] : cases) {
    Row row({0.1, 0.4, 0.3, 0.2});
    auto share = row.Frequencies(Sampling(1, top_p));
    EXPECT_EQ(share.size(), kept) << "top_p " << top_p;
    if (kept == 2) {
      EXPECT_NEAR(share[1], 4.0 / 7, 0.015);
    }
  }
}

TEST(TokenDistributionTest, TopPIsOfWhatTopKLeaves) {
  // Of {0.4, 0.3} the first has 4/7, so a top_p of a half keeps it alone.
  EXPECT_EQ(Row({0.1, 0.4, 0.3, 0.2}).Frequencies(Sampling(1, 0.5, 2)).size(), 1u);
}

TEST(TokenDistributionTest, NucleusOverALongTailLosesNothingThatBelongsToIt) {
  std::vector<double> p(10000, 0.5 / 9999);
  p[1234] = 0.5;
  auto share = Row(p).Frequencies(Sampling(1, 0.75), 4000);  // the head and half of the tail
  EXPECT_NEAR(share[1234], 0.5 / 0.75, 0.03);
  EXPECT_LE(std::prev(share.end())->first, 5001) << "of the equal ones the smaller ids belong to it";
}

TEST(TokenDistributionTest, ATinyTopPIsTheBestTokenAlone) {
  std::vector<double> p(5000, 0.9 / 4999);
  p[77] = 0.1;
  auto share = Row(p).Frequencies(Sampling(1, 0.001), 2000);
  EXPECT_EQ(share.size(), 1u);
  EXPECT_EQ(share.begin()->first, 77);
}

TEST(TokenDistributionTest, TheMostProbableAreOrderedAndPossible) {
  EXPECT_THAT(Row({0.1, 0.4, 0, 0.4, 0.1}).Distribution().MostProbable(3), ElementsAre(1, 3, 0));
  EXPECT_THAT(Row({0, 1, 0}).Distribution().MostProbable(3), ElementsAre(1));
}

TEST(TokenDistributionTest, TheForbiddenIsNotChosenAndKeepsItsProbability) {
  Row row({0.6, 0.3, 0.1});
  TokenDistribution distribution = row.Distribution();
  distribution.Forbid(0);
  EXPECT_EQ(distribution.MostProbable(), 1);
  EXPECT_NEAR(distribution.LogProb(0), std::log(0.6), 1e-5);
  for (uint64_t seed = 0; seed < 200; ++seed) {
    TokenDistribution again = row.Distribution();
    again.Forbid(0);
    EXPECT_NE(again.Sample(Sampling(1.5), {seed, 0, 1}), 0);
  }
}

TEST(TokenDistributionTest, WhereEverythingIsForbiddenTheReplyEnds) {
  Row row({0.5, 0.5, 0, 0, 0});
  TokenDistribution distribution = row.Distribution();
  distribution.Forbid(0);
  distribution.Forbid(1);
  EXPECT_EQ(distribution.Sample(Sampling(), {1, 0, 1}), 3 /* </s> */);
}

TEST(TokenDistributionTest, AGateThatNeverGeneratesStillGivesProbabilities) {
  for (const float gate : {-50.0f, -100.0f, -1000.0f}) {
    Row extreme({0.5, 0.5, 0});
    extreme.Copying(0.5, {{2, 1.0f}});
    extreme.SetGate(gate, 0);
    TokenDistribution distribution = extreme.Distribution();
    EXPECT_NEAR(distribution.LogProb(2), 0, 1e-5);
    EXPECT_NEAR(distribution.LogProb(0), gate + std::log(0.5), 1e-3);
    EXPECT_EQ(distribution.Sample(Sampling(1.5), {3, 0, 1}), 2);
  }
}

TEST(RandomTest, IsAFunctionOfSeedCandidateStepAndDraw) {
  EXPECT_EQ(UniformAt(1, 2, 3), UniformAt(1, 2, 3));
  EXPECT_NE(UniformAt(1, 2, 3), UniformAt(2, 2, 3));
  EXPECT_NE(UniformAt(1, 2, 3), UniformAt(1, 3, 3));
  EXPECT_NE(UniformAt(1, 2, 3), UniformAt(1, 2, 4));
  EXPECT_NE(UniformAt(1, 2, 3), UniformAt(1, 2, 3, 1));
  EXPECT_NE(UniformAt(1, 2, 3, 1), UniformAt(1, 2, 3, 2));
  double sum = 0;
  for (int i = 0; i < 10000; ++i) sum += UniformAt(7, i % 16, i / 16, i % 3);
  EXPECT_NEAR(sum / 10000, 0.5, 0.01);
}

}  // namespace
}  // namespace idiolect
