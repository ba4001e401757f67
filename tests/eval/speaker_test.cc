// The evaluation of a Speaker model, which is trained here; and that nothing else takes one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>

#include "eval/evaluation.h"
#include "eval/scorer.h"
#include "idiolect/engine.h"
#include "inference/serving_model.h"
#include "model/dhap_model.h"
#include "tests/train/tiny_corpus.h"
#include "train/trainer.h"

namespace idiolect {
namespace {

using ::testing::HasSubstr;

class SpeakerEvaluationTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    options_ = testing::TinyTraining();
    ModelConfig& m = options_.model;
    m.general = m.memory = m.copy = m.post_copy = false;
    m.speaker = true;
    m.d_model = m.readout_size = 48;
    m.hidden_size = 64;
    options_.steps = 150;
    options_.validate_every = 150;
    std::atomic<bool> stop = false;
    const absl::Status trained = Train(options_, stop, [](const TrainProgress&) {});
    ASSERT_TRUE(trained.ok()) << trained;
  }

  static absl::StatusOr<Evaluation> Run(const std::string& data) {
    EvaluationOptions options;
    options.model_dir = options_.out;
    options.test_set.data = {data};
    options.history_lengths = {1};
    options.resamples = 20;
    std::atomic<bool> stop = false;
    return Evaluate(options, stop, [](int64_t, int64_t) {});
  }

  static TrainOptions options_;
};

TrainOptions SpeakerEvaluationTest::options_;

TEST_F(SpeakerEvaluationTest, TheOwnRowBeatsAnotherUsers) {
  const auto evaluation = Run(options_.data[0]);
  ASSERT_TRUE(evaluation.ok()) << evaluation.status();
  ASSERT_EQ(evaluation->examples.size(), 6u * 3u);
  double own = 0, other = 0, none = 0;
  for (const ExampleResult& e : evaluation->examples) {
    own += e.own;
    other += e.rivals.at(0);
    none += e.none;
    EXPECT_EQ(e.curve.at(0).own, e.own);  // the row is the same, however short the history
    EXPECT_EQ(e.history, 4);
    EXPECT_EQ(e.reply.copied, 0);
  }
  EXPECT_GT(own, other + 18 * 0.3);
  EXPECT_GT(own, none + 18 * 0.3);
}

TEST_F(SpeakerEvaluationTest, TheServingFormAgreesWithTheModel) {
  const auto evaluation = Run(options_.data[0]);
  ASSERT_TRUE(evaluation.ok()) << evaluation.status();
  const auto model = *DhapModel::Load(options_.out);
  const auto score = [&](int32_t speaker, const ExampleResult& e) {
    HistoryTokens window;
    window.speaker = speaker;
    return model
        ->Score(model->profiles({window}, {}), {model->PostIds(e.post)}, PadTokens({model->ResponseIds(e.response)}),
                {})
        .log_probs.sum()
        .item<double>();
  };
  for (const ExampleResult& e : evaluation->examples) {
    EXPECT_NEAR(e.own, score(model->speakers().RowOf(e.source, e.user), e), 1e-3);
    EXPECT_NEAR(e.none, score(0, e), 1e-3);
  }
}

// For word guidance, which is the only use it has for a history.
TEST_F(SpeakerEvaluationTest, AProfileHoldsTheHistorysWords) {
  const auto model = *ServingModel::Pack(**DhapModel::Load(options_.out), Precision::kFloat32);
  std::vector<Exchange> history(2);
  history[0].response = "tea, please";
  history[1].response = "no";
  const HistoryTokens window = model->texts().Tokenize(history);
  const ProfilePtr profile = Scorer(*model).Profiles({window})[0];
  std::vector<int32_t> said = window.responses[0];
  said.pop_back();
  said.insert(said.end(), window.responses[1].begin(), window.responses[1].end() - 1);
  EXPECT_EQ(profile->word_ids, said);
}

TEST_F(SpeakerEvaluationTest, WhoWasNotTrainedOnIsNobody) {
  const std::string path = options_.work + "/strangers.jsonl";
  std::ifstream in(options_.data[0]);
  std::ofstream out(path);
  for (std::string line; std::getline(in, line);) {
    line.replace(line.find("synthetic"), 9, "elsewhere");
    out << line << "\n";
  }
  out.close();
  const auto evaluation = Run(path);
  ASSERT_TRUE(evaluation.ok()) << evaluation.status();
  for (const ExampleResult& e : evaluation->examples) {
    EXPECT_EQ(e.own, e.none);
    EXPECT_EQ(e.rivals.at(0), e.none);
  }
}

TEST_F(SpeakerEvaluationTest, NothingElseTakesSuchAModel) {
  for (const absl::Status& status : {StartEngine(options_.out, EngineOptions{}).status(),
                                     ServingModel::Load(options_.out, Precision::kFloat32).status()}) {
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(options_.out + "/config.json: parts: "));
    EXPECT_THAT(std::string(status.message()), HasSubstr("idiolect eval"));
  }
}

}  // namespace
}  // namespace idiolect
