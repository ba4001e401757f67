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
WindowWords Window(const std::vector<std::pair<Ids, Ids>>& exchanges) {
  WindowWords words;
  for (const auto& [post, response] : exchanges) words.Add(post, response);
  return words;
}

TEST(WordEvidenceTest, IsTheLogOfTheInterpolatedShareOverEverybodys) {
  // Of four response tokens three are 6; of two post tokens one is 5.
  const WindowWords window = Window({{{5, 4}, {6, 6, 4, 6}}});
  const WordEvidence evidence = Evidence();
  const double four = std::log(0.7 + (0.25 * 0.25 + 0.05 * 0.5) / 0.5), five = std::log(0.7 + 0.05 * 0.5 / 0.4);
  const double six = std::log(0.7 + 0.25 * 0.75 / 0.1);
  EXPECT_NEAR(evidence.Of({4}, window), four, 1e-6);
  EXPECT_NEAR(evidence.Of({6, 5}, window), six + five, 1e-6);
  EXPECT_NEAR(evidence.Of({6, 5, 6, 6}, window), six + five, 1e-6);  // said again, it tells nothing new
  EXPECT_GT(six, 0);
  EXPECT_LT(five, 0);  // the user has never said it
  EXPECT_EQ(evidence.Of({}, window), 0);
}

TEST(WordEvidenceTest, OfAPostWhatTheUserHearsCountsMore) {
  const WindowWords window = Window({{{5, 4}, {6, 6, 4, 6}}});
  EXPECT_NEAR(Evidence().Of({5}, window, WordEvidence::kOfPost), std::log(0.85 + 0.1 * 0.5 / 0.4), 1e-6);
  EXPECT_NEAR(Evidence().Of({6}, window, WordEvidence::kOfPost), std::log(0.85 + 0.05 * 0.75 / 0.1), 1e-6);
}

TEST(WordEvidenceTest, AnOlderExchangeCountsFourFifthsOfTheNext) {
  const WindowWords window = Window({{{}, {4, 4}}, {{5}, {5}}, {{6}, {6}}});
  EXPECT_NEAR(window.ResponseShare(4), 2 * 0.64 / (2 * 0.64 + 0.8 + 1), 1e-12);
  EXPECT_NEAR(window.ResponseShare(5), 0.8 / (2 * 0.64 + 0.8 + 1), 1e-12);
  EXPECT_NEAR(window.PostShare(6), 1 / 1.8, 1e-12);
}

TEST(WordEvidenceTest, TheLongestWindowStaysInRange) {
  const WindowWords window = Window(std::vector<std::pair<Ids, Ids>>(1024, {{4, 5}, {6}}));
  EXPECT_NEAR(window.ResponseShare(6), 1, 1e-9);
  EXPECT_NEAR(window.PostShare(5), 0.5, 1e-9);
}

TEST(WordEvidenceTest, WhatAWindowHasNoneOfHasNoWeight) {
  const WordEvidence evidence = Evidence();
  EXPECT_EQ(evidence.Of({4, 5, 6}, WindowWords()), 0);
  EXPECT_EQ(evidence.Of({4}, Window({{{}, {}}})), 0);
  EXPECT_NEAR(evidence.Of({6}, Window({{{}, {6}}})), std::log(0.75 + 0.25 / 0.1), 1e-6);
  EXPECT_NEAR(evidence.Of({6}, Window({{{6}, {}}})), std::log(0.95 + 0.05 / 0.1), 1e-6);
}

TEST(WordEvidenceTest, StaysANumberForWhatNobodySays) {
  std::vector<float> bias(7, 0);
  bias[5] = -std::numeric_limits<float>::max();
  EXPECT_TRUE(std::isfinite(WordEvidence(bias).Of({5}, Window({{{4}, {5}}}))));
}

}  // namespace
}  // namespace idiolect
