#include "inference/word_evidence.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "text/tokenizer.h"

namespace idiolect {
namespace {

// Everybody's shares of the tokens 4, 5 and 6: 0.5, 0.4 and 0.1; the biases may lie anywhere.
WordEvidence Evidence() {
  const float nothing = -200;
  return WordEvidence({nothing, nothing, nothing, nothing, static_cast<float>(std::log(0.5)) + 7,
                       static_cast<float>(std::log(0.4)) + 7, static_cast<float>(std::log(0.1)) + 7});
}

HistoryTokens Window(std::vector<std::vector<int32_t>> posts, std::vector<std::vector<int32_t>> responses) {
  HistoryTokens window;
  window.posts = std::move(posts);
  window.responses = std::move(responses);
  return window;
}

TEST(WordEvidenceTest, IsTheLogOfTheInterpolatedShareOverEverybodys) {
  // Of four response tokens three are 6; of two post tokens one is 5. The end mark counts nowhere.
  const WindowWords window(Window({{5, 4, kEos}, {kEos}}, {{6, 6, kEos}, {4, 6, kEos}}));
  const double four = std::log(0.75 + (0.2 * 0.25 + 0.05 * 0.5) / 0.5), five = std::log(0.75 + 0.05 * 0.5 / 0.4);
  const double six = std::log(0.75 + 0.2 * 0.75 / 0.1);
  const WordEvidence evidence = Evidence();
  EXPECT_NEAR(evidence.Of({4, kEos}, window), four, 1e-6);
  EXPECT_NEAR(evidence.Of({6, 5, 6, kEos}, window), 2 * six + five, 1e-6);
  EXPECT_GT(six, 0);
  EXPECT_LT(five, 0);  // the user has never said it
  EXPECT_EQ(evidence.Of({kEos}, window), 0);
}

TEST(WordEvidenceTest, WhatAWindowHasNoneOfHasNoWeight) {
  const WordEvidence evidence = Evidence();
  EXPECT_EQ(evidence.Of({4, 5, 6, kEos}, WindowWords(Window({}, {}))), 0);
  EXPECT_EQ(evidence.Of({4, kEos}, WindowWords(Window({{kEos}}, {{kEos}}))), 0);
  EXPECT_NEAR(evidence.Of({6, kEos}, WindowWords(Window({{kEos}}, {{6, kEos}}))), std::log(0.8 + 0.2 / 0.1), 1e-6);
  EXPECT_NEAR(evidence.Of({6, kEos}, WindowWords(Window({{6, kEos}}, {{kEos}}))), std::log(0.95 + 0.05 / 0.1), 1e-6);
}

TEST(WordEvidenceTest, StaysANumberForWhatNobodySays) {
  std::vector<float> bias(7, 0);
  bias[5] = -std::numeric_limits<float>::max();
  EXPECT_TRUE(std::isfinite(WordEvidence(bias).Of({5, kEos}, WindowWords(Window({{4, kEos}}, {{5, kEos}})))));
}

}  // namespace
}  // namespace idiolect
