// The model agrees with the reference implementation in every log-probability, alone and in a batch.
#include <gtest/gtest.h>

#include "model/dhap_model.h"
#include "model/no_gradients.h"
#include "tests/support/fixtures.h"

namespace idiolect {
namespace {

using testing::FixtureCase;

constexpr double kTolerance = 1e-4;

class OracleTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    auto model = DhapModel::Load(testing::MakeFixtureModel(GetParam()));
    ASSERT_TRUE(model.ok()) << model.status();
    model_ = *std::move(model);
    cases_ = testing::FixtureCases(GetParam());
    ASSERT_FALSE(cases_.empty());
  }

  // Scores the cases [begin, end) as one batch and compares each token with the reference.
  void CheckBatch(size_t begin, size_t end) {
    const NoGradients no_gradients;
    std::vector<HistoryTokens> windows;
    std::vector<std::vector<int32_t>> posts, responses;
    for (size_t i = begin; i < end; ++i) {
      windows.push_back(model_->Tokenize(cases_[i].history));
      posts.push_back(model_->PostIds(cases_[i].post));
      responses.push_back(model_->ResponseIds(cases_[i].response));
    }
    const TokenBatch targets = PadTokens(responses);
    const auto scores = model_->Score(model_->profiles(windows, {}), posts, targets, {});
    int64_t at = 0;
    for (size_t i = begin; i < end; ++i)
      at = CheckCase(i, responses[i - begin], scores, static_cast<int64_t>(i - begin), at);
    EXPECT_EQ(at, scores.log_probs.size(0));
  }

  int64_t CheckCase(size_t i, const std::vector<int32_t>& ids, const CopyDecoder::TargetScores& scores, int64_t row,
                    int64_t at) {
    SCOPED_TRACE(::testing::Message() << "case " << i);
    const auto& expected = cases_[i].score;
    EXPECT_EQ(ids, expected["tokens"].get<std::vector<int32_t>>());
    for (size_t t = 0; t < ids.size(); ++t, ++at) {
      EXPECT_NEAR(scores.log_probs[at].item<double>(), expected["logprobs"][t].get<double>(), kTolerance);
      EXPECT_NEAR(scores.copy_probability[at].item<double>(), expected["copy_probability"][t].get<double>(),
                  kTolerance);
      const auto memory = expected["memory"][t].get<std::vector<double>>();
      for (size_t n = 0; n < memory.size(); ++n) {
        EXPECT_NEAR(scores.memory_weights[row][static_cast<int64_t>(t)][static_cast<int64_t>(n)].item<double>(),
                    memory[n], kTolerance);
      }
    }
    return at;
  }

  std::unique_ptr<DhapModel> model_;
  std::vector<FixtureCase> cases_;
};

TEST_P(OracleTest, AgreesOneAtATime) {
  for (size_t i = 0; i < cases_.size(); ++i) CheckBatch(i, i + 1);
}

TEST_P(OracleTest, AgreesInABatchOfAllLengths) { CheckBatch(0, cases_.size()); }

INSTANTIATE_TEST_SUITE_P(EveryCombinationOfParts, OracleTest, ::testing::ValuesIn(testing::FixtureModelNames()),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace idiolect
