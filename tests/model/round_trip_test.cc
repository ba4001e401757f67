// What goes out comes back: the model through its files, the configuration through JSON, profiles through plain
// numbers; and the probabilities of a step sum to 1.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "model/dhap_model.h"
#include "model/no_gradients.h"
#include "tests/support/fixtures.h"

namespace idiolect {
namespace {

using testing::FixtureCase;

std::unique_ptr<DhapModel> LoadOrDie(const std::string& dir) {
  auto model = DhapModel::Load(dir);
  EXPECT_TRUE(model.ok()) << model.status();
  return *std::move(model);
}

std::string TokenizerBytes() {
  std::ifstream in(testing::TinyModelDir() + "/tokenizer.model", std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// The log-probabilities of every fixture case, one batch.
at::Tensor ScoreAll(const DhapModel& model) {
  const NoGradients no_gradients;
  std::vector<HistoryTokens> windows;
  std::vector<std::vector<int32_t>> posts, responses;
  for (const FixtureCase& c : testing::FixtureCases("")) {
    windows.push_back(model.Tokenize(c.history));
    posts.push_back(model.PostIds(c.post));
    responses.push_back(model.ResponseIds(c.response));
  }
  return model.Score(model.profiles(windows, {}), posts, PadTokens(responses), {}).log_probs;
}

TEST(DhapModelTest, SavedAsFloat32ComesBackToTheBit) {
  const auto model = LoadOrDie(testing::TinyModelDir());
  const std::string dir = testing::MakeTempDir();
  ASSERT_TRUE(model->Save(dir, TensorType::kFloat32, TokenizerBytes()).ok());
  const auto again = LoadOrDie(dir);
  for (const auto& [name, tensor] : model->parameters().tensors())
    EXPECT_TRUE(tensor.equal(again->parameters().at(name))) << name;
  EXPECT_TRUE(ScoreAll(*model).equal(ScoreAll(*again)));
  EXPECT_EQ(again->content_hash().size(), 64u);
}

TEST(DhapModelTest, SavedAsFloat16SaysNearlyTheSame) {
  const auto model = LoadOrDie(testing::TinyModelDir());
  const std::string dir = testing::MakeTempDir();
  ASSERT_TRUE(model->Save(dir, TensorType::kFloat16, TokenizerBytes()).ok());
  const auto half = LoadOrDie(dir);
  EXPECT_LT((ScoreAll(*model) - ScoreAll(*half)).abs().max().item<double>(), 1e-2);
  EXPECT_FALSE(ScoreAll(*model).equal(ScoreAll(*half)));
  EXPECT_NE(half->content_hash(), model->content_hash());
  // What is rounded once stays: the same file comes out again.
  const std::string second = testing::MakeTempDir();
  ASSERT_TRUE(half->Save(second, TensorType::kFloat16, TokenizerBytes()).ok());
  EXPECT_EQ(LoadOrDie(second)->content_hash(), half->content_hash());
}

TEST(DhapModelTest, SavingWhereNothingCanBeWrittenSaysWhere) {
  const auto model = LoadOrDie(testing::TinyModelDir());
  const absl::Status status = model->Save("/nowhere/at/all", TensorType::kFloat32, TokenizerBytes());
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_NE(status.message().find("/nowhere/at/all/"), std::string::npos) << status;
}

TEST(ModelConfigTest, ComesBackFromJson) {
  for (const std::string& name : testing::FixtureModelNames()) {
    SCOPED_TRACE(name);
    const auto model = LoadOrDie(testing::MakeFixtureModel(name));
    ModelConfig config = model->config();
    config.layer_norm_epsilon = 0.1 + 0.2;  // no short decimal
    const auto again = ParseModelConfig(ToJson(config));
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(ToJson(*again), ToJson(config));
    EXPECT_EQ(again->layer_norm_epsilon, config.layer_norm_epsilon);
    EXPECT_EQ(again->tie_embeddings, config.tie_embeddings);
    EXPECT_EQ(again->source_count(), config.source_count());
  }
  const ModelConfig defaults;
  EXPECT_EQ(ToJson(*ParseModelConfig(ToJson(defaults))), ToJson(defaults));
}

class EveryModelTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { model_ = LoadOrDie(testing::MakeFixtureModel(GetParam())); }

  // Σ P(w) over the vocabulary at the step after `prefix`.
  double SumOfStep(const std::vector<Exchange>& history, const std::string& post, std::vector<int32_t> prefix) const {
    const NoGradients no_gradients;
    std::vector<std::vector<int32_t>> targets(model_->config().vocab_size, prefix);
    for (int32_t id = 0; id < model_->config().vocab_size; ++id) targets[id].push_back(id);
    TokenBatch batch = PadTokens(targets);
    batch.mask.narrow(1, 0, static_cast<int64_t>(prefix.size())).fill_(false);  // the last place alone
    const auto scores =
        model_->Score(model_->profiles({model_->Tokenize(history)}, {}), {model_->PostIds(post)}, batch, {});
    return scores.log_probs.to(at::kDouble).exp().sum().item<double>();
  }

  std::unique_ptr<DhapModel> model_;
};

TEST_P(EveryModelTest, ProbabilitiesOfAStepSumToOne) {
  const std::vector<FixtureCase> cases = testing::FixtureCases("");
  for (size_t i = 0; i < cases.size(); i += 3) {  // a sum costs as much as 400 replies
    SCOPED_TRACE(i);
    const FixtureCase& c = cases[i];
    std::vector<int32_t> prefix = model_->ResponseIds(c.response);
    prefix.resize(std::min<size_t>(prefix.size() - 1, 2));
    EXPECT_NEAR(SumOfStep(c.history, c.post, prefix), 1, 1e-5);
    EXPECT_NEAR(SumOfStep(c.history, "", {}), 1, 1e-5);
    EXPECT_NEAR(SumOfStep({}, c.post, {}), 1, 1e-5);
    EXPECT_NEAR(SumOfStep({}, "", prefix), 1, 1e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(EveryCombinationOfParts, EveryModelTest, ::testing::ValuesIn(testing::FixtureModelNames()),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace idiolect
