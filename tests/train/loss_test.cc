#include "train/loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "tests/support/fixtures.h"

namespace idiolect {
namespace {

// Two users with two targets each, on the small model of the fixtures.
class LossTest : public ::testing::Test {
 protected:
  void SetUp() override {
    model_ = *DhapModel::Load(testing::TinyModelDir());
    options_.dropout = 0;
    options_.history_contrast = 0.5;
    options_.post_contrast = 2;
    batch_.windows = {Window({"tea, always tea", "no sugar"}), Window({"coffee!"})};
    for (const char* post : {"what would you like?", "and then?", "late again?", "who is there?"})
      batch_.posts.push_back(model_->PostIds(post));
    for (const char* response : {"tea", "a walk, please", "coffee first", "me"})
      batch_.responses.push_back(model_->ResponseIds(response));
    batch_.real = {true, true, true, true};
    batch_.block = 2;
    batch_.users = {4, 9};
  }

  HistoryTokens Window(const std::vector<std::string>& responses) const {
    HistoryTokens window;
    for (const std::string& response : responses) {
      window.posts.push_back(model_->PostIds("well?"));
      window.responses.push_back(model_->ResponseIds(response));
    }
    return window;
  }

  // log P of one target under a window and a post, on its own.
  double LogProb(size_t row, size_t window, size_t post) const {
    return model_
        ->Score(model_->profiles({batch_.windows[window]}, {}), {batch_.posts[post]},
                PadTokens({batch_.responses[row]}), {})
        .log_probs.sum()
        .item<double>();
  }

  double Loss(Contrast contrast) const { return TrainingLoss(*model_, batch_, options_, contrast, {}).item<double>(); }

  double Tokens() const {
    size_t tokens = 0;
    for (size_t row = 0; row < batch_.responses.size(); ++row)
      tokens += batch_.real[row] ? batch_.responses[row].size() : 0;
    return static_cast<double>(tokens);
  }

  static double Softplus(double x) { return std::log1p(std::exp(x)); }

  TrainOptions options_;
  std::unique_ptr<DhapModel> model_;
  TrainBatch batch_;
};

TEST_F(LossTest, WithoutContrastItIsTheMeanOverTokens) {
  double nats = 0;
  for (size_t row = 0; row < 4; ++row) nats -= LogProb(row, row / 2, row);
  EXPECT_NEAR(Loss(Contrast::kNone), nats / Tokens(), 1e-4);
  batch_.real[3] = false;
  EXPECT_NEAR(Loss(Contrast::kNone), (nats + LogProb(3, 1, 3)) / Tokens(), 1e-4);
}

TEST_F(LossTest, HistoryContrastJudgesBetweenTwoUsers) {
  double contrast = 0;
  for (size_t row = 0; row < 4; ++row)
    contrast += Softplus(LogProb(row, 1 - row / 2, row) - LogProb(row, row / 2, row));
  EXPECT_NEAR(Loss(Contrast::kHistory) - Loss(Contrast::kNone), 0.5 * contrast / Tokens(), 1e-4);
}

TEST_F(LossTest, PostContrastJudgesBetweenTwoPosts) {
  double contrast = 0;
  for (size_t row = 0; row < 4; ++row)
    contrast += Softplus(LogProb(row, row / 2, (row + 2) % 4) - LogProb(row, row / 2, row));
  EXPECT_NEAR(Loss(Contrast::kPost) - Loss(Contrast::kNone), 2 * contrast / Tokens(), 1e-4);
}

TEST_F(LossTest, WhatIsEmptyIsComparedWithNothing) {
  batch_.windows[1] = {};
  EXPECT_EQ(Loss(Contrast::kHistory), Loss(Contrast::kNone));
  batch_.posts[2] = {3};  // </s> alone
  const double last = Softplus(LogProb(3, 1, 1) - LogProb(3, 1, 3)) + Softplus(LogProb(1, 0, 3) - LogProb(1, 0, 1));
  EXPECT_NEAR(Loss(Contrast::kPost) - Loss(Contrast::kNone), 2 * last / Tokens(), 1e-4);
  batch_.users = {4, 4};
  EXPECT_EQ(Loss(Contrast::kPost), Loss(Contrast::kNone));
}

TEST_F(LossTest, JointContrastJudgesBetweenTwoContexts) {
  options_.joint_contrast = 1;
  double contrast = 0;
  for (size_t row = 0; row < 4; ++row)
    contrast += Softplus(LogProb(row, 1 - row / 2, (row + 2) % 4) - LogProb(row, row / 2, row));
  EXPECT_NEAR(Loss(Contrast::kJoint) - Loss(Contrast::kNone), contrast / Tokens(), 1e-4);
}

// What the context of one row adds to the response of another, a token, times the mean length.
TEST_F(LossTest, ReplyContrastJudgesBetweenTwoResponses) {
  batch_.windows.push_back({});
  batch_.posts.push_back({3});
  const auto gain = [&](Contrast contrast, size_t row, size_t other) {
    const size_t window = contrast == Contrast::kPost ? row / 2 : other / 2;
    const size_t post = contrast == Contrast::kHistory ? row : other;
    const double without =
        LogProb(row, contrast == Contrast::kPost ? row / 2 : 2, contrast == Contrast::kHistory ? row : 4);
    return (LogProb(row, window, post) - without) * Tokens() / 4 / static_cast<double>(batch_.responses[row].size());
  };
  std::map<Contrast, double> expected;
  for (const Contrast contrast : {Contrast::kHistory, Contrast::kPost, Contrast::kJoint}) {
    for (size_t row = 0; row < 4; ++row)
      expected[contrast] += 3 * Softplus(gain(contrast, (row + 2) % 4, row) - gain(contrast, row, row)) / Tokens();
  }
  batch_.windows.pop_back();
  batch_.posts.pop_back();
  options_.joint_contrast = 1;
  for (const auto& [contrast, difference] : expected) {
    options_.reply_contrast = 0;
    const double without = Loss(contrast);
    options_.reply_contrast = 3;
    EXPECT_NEAR(Loss(contrast) - without, difference, 1e-4);
  }
}

TEST_F(LossTest, OnlyTheFirstTargetsOfAWindowAreCompared) {
  options_.contrast_targets = 1;
  double contrast = 0, tokens = 0;
  for (const size_t row : {0, 2}) {
    contrast += Softplus(LogProb(row, 1 - row / 2, row) - LogProb(row, row / 2, row));
    tokens += static_cast<double>(batch_.responses[row].size());
  }
  EXPECT_NEAR(Loss(Contrast::kHistory) - Loss(Contrast::kNone), 0.5 * contrast / tokens, 1e-4);
}

TEST_F(LossTest, AContrastOfThreeWindowsIsBetweenThree) {
  batch_.windows.push_back(Window({"me? never", "who says so?"}));
  for (const char* post : {"did you call?", "are you there?"}) batch_.posts.push_back(model_->PostIds(post));
  for (const char* response : {"me? never", "walk on"}) batch_.responses.push_back(model_->ResponseIds(response));
  batch_.real = {true, true, true, true, true, false};
  batch_.users = {4, 9, 2};
  batch_.block = 3;
  double contrast = 0;
  for (size_t row = 0; row < 5; ++row) {
    double others = 0;
    for (size_t window = 0; window < 3; ++window) {
      if (batch_.real[window * 2 + row % 2]) others += std::exp(LogProb(row, window, row));
    }
    contrast += std::log(others) - LogProb(row, row / 2, row);
  }
  EXPECT_NEAR(Loss(Contrast::kHistory) - Loss(Contrast::kNone), 0.5 * contrast / Tokens(), 1e-4);
}

TEST_F(LossTest, TheContrastsTakeTurns) {
  EXPECT_EQ(ContrastOf(options_, 0), Contrast::kHistory);
  EXPECT_EQ(ContrastOf(options_, 1), Contrast::kPost);
  options_.history_contrast = 0;
  EXPECT_EQ(ContrastOf(options_, 0), Contrast::kPost);
  options_.post_contrast = 0;
  EXPECT_EQ(ContrastOf(options_, 1), Contrast::kNone);
  options_.history_contrast = options_.joint_contrast = 1;
  EXPECT_EQ(ContrastOf(options_, 2), Contrast::kHistory);
  EXPECT_EQ(ContrastOf(options_, 3), Contrast::kJoint);
}

}  // namespace
}  // namespace idiolect
