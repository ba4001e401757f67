#include "engine/sampler.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <map>

#include "engine/random.h"

namespace idiolect {
namespace {

using ::testing::ElementsAre;

constexpr float kNever = -std::numeric_limits<float>::infinity();

std::vector<float> Logs(std::vector<double> probabilities) {
  std::vector<float> logs;
  for (double p : probabilities) logs.push_back(p > 0 ? static_cast<float>(std::log(p)) : kNever);
  return logs;
}

// How often each id is drawn by `options` over an even spread of luck.
std::map<int32_t, double> Frequencies(const std::vector<float>& logs, const DecodingOptions& options) {
  constexpr int kDraws = 2000;
  std::map<int32_t, double> share;
  for (int i = 0; i < kDraws; ++i) share[Sample(logs, options, (i + 0.5) / kDraws)] += 1.0 / kDraws;
  return share;
}

TEST(SamplerTest, GreedyTakesTheSmallestIdOfEquals) {
  EXPECT_EQ(ArgMax(Logs({0.2, 0.4, 0.4})), 1);
  EXPECT_EQ(Sample(Logs({0.2, 0.4, 0.4}), {}, 0.99), 1);
}

TEST(SamplerTest, DrawsInProportion) {
  DecodingOptions options;
  options.temperature = 1;
  auto share = Frequencies(Logs({0.5, 0, 0.3, 0.2}), options);
  EXPECT_NEAR(share[0], 0.5, 0.002);
  EXPECT_EQ(share.count(1), 0u);
  EXPECT_NEAR(share[2], 0.3, 0.002);
  EXPECT_NEAR(share[3], 0.2, 0.002);
}

TEST(SamplerTest, TemperatureSharpensAndFlattens) {
  DecodingOptions cold, hot;
  cold.temperature = 0.5;
  hot.temperature = 2;
  const auto logs = Logs({0.8, 0.2});
  EXPECT_NEAR(Frequencies(logs, cold)[0], 0.64 / (0.64 + 0.04), 0.002);
  EXPECT_NEAR(Frequencies(logs, hot)[0], std::sqrt(0.8) / (std::sqrt(0.8) + std::sqrt(0.2)), 0.002);
}

TEST(SamplerTest, TopKKeepsTheBestK) {
  DecodingOptions options;
  options.temperature = 1;
  options.top_k = 2;
  auto share = Frequencies(Logs({0.1, 0.4, 0.3, 0.2}), options);
  EXPECT_EQ(share.size(), 2u);
  EXPECT_NEAR(share[1], 4.0 / 7, 0.002);
}

TEST(SamplerTest, NucleusKeepsTheFewestThatReachTopP) {
  DecodingOptions options;
  options.temperature = 1;
  const auto logs = Logs({0.1, 0.4, 0.3, 0.2});
  const std::pair<double, size_t> cases[] = {{0.01, 1}, {0.39, 1}, {0.41, 2}, {0.69, 2}, {0.71, 3}, {0.95, 4}};
  for (auto [top_p, kept] : cases) {
    options.top_p = top_p;
    EXPECT_EQ(Frequencies(logs, options).size(), kept) << "top_p " << top_p;
  }
}

TEST(SamplerTest, NucleusOverALongTailLosesNothingThatBelongsToIt) {
  std::vector<double> p(10000, 0.5 / 9999);
  p[1234] = 0.5;
  DecodingOptions options;
  options.temperature = 1;
  options.top_p = 0.75;  // the head and half of the tail
  auto share = Frequencies(Logs(p), options);
  EXPECT_NEAR(share[1234], 0.5 / 0.75, 0.002);
}

TEST(SamplerTest, TopIdsAreOrderedAndPossible) {
  EXPECT_THAT(TopIds(Logs({0.1, 0.4, 0, 0.4, 0.1}), 3), ElementsAre(1, 3, 0));
  EXPECT_THAT(TopIds(Logs({0, 1, 0}), 3), ElementsAre(1));
}

TEST(SamplerTest, ForbidsWhatWouldRepeatAnNgram) {
  std::vector<float> logs(8, 0.0f);
  ForbidRepeatedNgrams({1, 2, 3, 1, 2}, 3, absl::MakeSpan(logs));
  for (int id = 0; id < 8; ++id) EXPECT_EQ(logs[id] == kNever, id == 3) << id;
  logs.assign(8, 0.0f);
  ForbidRepeatedNgrams({5, 6}, 1, absl::MakeSpan(logs));
  for (int id = 0; id < 8; ++id) EXPECT_EQ(logs[id] == kNever, id == 5 || id == 6) << id;
  logs.assign(8, 0.0f);
  ForbidRepeatedNgrams({1, 2, 1}, 0, absl::MakeSpan(logs));
  EXPECT_THAT(logs, ::testing::Each(0.0f));
}

TEST(RandomTest, IsAFunctionOfSeedCandidateAndStep) {
  EXPECT_EQ(UniformAt(1, 2, 3), UniformAt(1, 2, 3));
  EXPECT_NE(UniformAt(1, 2, 3), UniformAt(2, 2, 3));
  EXPECT_NE(UniformAt(1, 2, 3), UniformAt(1, 3, 3));
  EXPECT_NE(UniformAt(1, 2, 3), UniformAt(1, 2, 4));
  double sum = 0;
  for (int i = 0; i < 10000; ++i) sum += UniformAt(7, i % 16, i / 16);
  EXPECT_NEAR(sum / 10000, 0.5, 0.01);
}

}  // namespace
}  // namespace idiolect
