#include "inference/word_evidence.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <utility>

namespace idiolect {
namespace {

// Everybody's shares of the tokens 4, 5 and 6: 0.5, 0.4 and 0.1; the biases may lie anywhere.
WordEvidence Evidence() {
  const float nothing = -200;
  return WordEvidence({nothing, nothing, nothing, nothing, static_cast<float>(std::log(0.5)) + 7,
                       static_cast<float>(std::log(0.4)) + 7, static_cast<float>(std::log(0.1)) + 7});
}

using Ids = std::vector<int32_t>;

// Of pairs of post and response, oldest first.
UserWords WordsOf(const std::vector<std::pair<Ids, Ids>>& exchanges) {
  UserWords words;
  for (const auto& [post, response] : exchanges) words.Add(post, response);
  return words;
}

TEST(WordEvidenceTest, IsTheLogOfTheInterpolatedShareOverEverybodys) {
  // Of four response tokens three are 6; of two post tokens one is 5. With one exchange both ways of counting agree.
  const UserWords user = WordsOf({{{5, 4}, {6, 6, 4, 6}}});
  const WordEvidence evidence = Evidence();
  const double four = std::log(0.35 + (0.6 * 0.25 + 0.05 * 0.5) / 0.5), five = std::log(0.35 + 0.05 * 0.5 / 0.4);
  const double six = std::log(0.35 + 0.6 * 0.75 / 0.1);
  EXPECT_NEAR(evidence.Of({4}, user), four, 1e-6);
  EXPECT_NEAR(evidence.Of({6, 5}, user), six + five, 1e-6);
  EXPECT_NEAR(evidence.Of({6, 5, 6, 6}, user), six + five, 1e-6);  // said again, it tells nothing new
  EXPECT_GT(six, 0);
  EXPECT_LT(five, 0);  // the user has never said it
  EXPECT_EQ(evidence.Of({}, user), 0);
}

TEST(WordEvidenceTest, WhatTheUserTalksAboutNowCountsBesideHowTheUserTalks) {
  const UserWords user = WordsOf({{{}, {4}}, {{}, {6}}});
  EXPECT_NEAR(Evidence().Of({4}, user), std::log(0.4 + (0.2 * 0.8 / 1.8 + 0.4 / 2) / 0.5), 1e-6);
  EXPECT_NEAR(Evidence().Of({6}, user), std::log(0.4 + (0.2 / 1.8 + 0.4 / 2) / 0.1), 1e-6);
}

TEST(WordEvidenceTest, OfAPostWhatTheUserHearsCountsMore) {
  const UserWords user = WordsOf({{{5, 4}, {6, 6, 4, 6}}});
  EXPECT_NEAR(Evidence().Of({5}, user, WordEvidence::kOfPost), std::log(0.35 + 0.5 * 0.5 / 0.4), 1e-6);
  EXPECT_NEAR(Evidence().Of({6}, user, WordEvidence::kOfPost), std::log(0.35 + 0.15 * 0.75 / 0.1), 1e-6);
}

TEST(WordEvidenceTest, AmongTheRecentAnOlderExchangeCountsFourFifthsOfTheNext) {
  const UserWords user = WordsOf({{{}, {4, 4}}, {{5}, {5}}, {{6}, {6}}});
  EXPECT_NEAR(user.Of(4).recent_responses, 2 * 0.64 / (2 * 0.64 + 0.8 + 1), 1e-6);
  EXPECT_NEAR(user.Of(5).recent_responses, 0.8 / (2 * 0.64 + 0.8 + 1), 1e-6);
  EXPECT_NEAR(user.Of(6).recent_posts, 1 / 1.8, 1e-6);
  EXPECT_EQ(user.Of(4).responses, 0.5);
  EXPECT_EQ(user.Of(5).responses, 0.25);
  EXPECT_EQ(user.Of(6).posts, 0.5);
}

TEST(WordEvidenceTest, TheLongestHistoryStaysInRange) {
  const UserWords user = WordsOf(std::vector<std::pair<Ids, Ids>>(kCountedExchanges, {{4, 5}, {6}}));
  EXPECT_NEAR(user.Of(6).recent_responses, 1, 1e-6);
  EXPECT_NEAR(user.Of(5).recent_posts, 0.5, 1e-6);
  EXPECT_EQ(user.Of(5).posts, 0.5);
}

TEST(WordEvidenceTest, WhatAHistoryHasNoneOfHasNoWeight) {
  const WordEvidence evidence = Evidence();
  EXPECT_EQ(evidence.Of({4, 5, 6}, UserWords()), 0);
  EXPECT_EQ(evidence.Of({4}, WordsOf({{{}, {}}})), 0);
  EXPECT_NEAR(evidence.Of({6}, WordsOf({{{}, {6}}})), std::log(0.4 + 0.6 / 0.1), 1e-6);
  EXPECT_NEAR(evidence.Of({6}, WordsOf({{{6}, {}}})), std::log(0.95 + 0.05 / 0.1), 1e-6);
}

TEST(WordEvidenceTest, ALiftIsWhatAWordAddsOverOneThatTheUserNeverSaid) {
  const UserWords user = WordsOf({{{5}, {6, 4}}, {{}, {6}}});
  const WordEvidence evidence = Evidence();
  for (const int32_t id : {4, 5, 6})
    EXPECT_NEAR(evidence.Lift(id, user), evidence.Of({id}, user) - std::log(0.35), 1e-6) << id;
  EXPECT_EQ(evidence.Lift(3, user), 0);
  EXPECT_EQ(evidence.Lift(6, UserWords()), 0);
}

TEST(WordEvidenceTest, StaysANumberForWhatNobodySays) {
  std::vector<float> bias(7, 0);
  bias[5] = -std::numeric_limits<float>::max();
  EXPECT_TRUE(std::isfinite(WordEvidence(bias).Of({5}, WordsOf({{{4}, {5}}}))));
}

}  // namespace
}  // namespace idiolect
