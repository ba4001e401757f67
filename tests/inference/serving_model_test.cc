// The serving form against the reference implementation's numbers, and against itself in other company.
#include "inference/serving_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "tests/support/fixtures.h"

namespace idiolect {
namespace {

using testing::FixtureCase;

ProfileInput InputOf(const ServingModel& model, const std::vector<Exchange>& history,
                     std::shared_ptr<const CompactProfile> previous = nullptr) {
  ProfileInput input{.tokens = model.texts().Tokenize(history),
                     .epoch = 1,
                     .revision = static_cast<int64_t>(history.size()),
                     .pair_sequences = {},
                     .previous = std::move(previous)};
  for (size_t i = history.size() - input.tokens.size(); i < history.size(); ++i)
    input.pair_sequences.push_back(static_cast<int64_t>(i) + 1);
  return input;
}

// log P(w) of one row, straight from the definition.
double LogProb(const ServingModel& model, const DecoderRow& row, const RowOutput& output, int32_t w) {
  double total = 0;
  for (int i = 0; i < model.config().vocab_size; ++i) total += std::exp(output.logits[i] - output.largest_logit);
  double p = std::exp(output.log_gate[0]) * std::exp(output.logits[w] - output.largest_logit) / total;
  for (size_t j = 0; j < output.copy_weights.size(); ++j) {
    if (row.profile->word_ids[j] == w) p += std::exp(output.log_gate[1]) * output.copy_weights[j];
  }
  for (size_t j = 0; j < output.post_weights.size(); ++j) {
    if (row.post->ids[j] == w) p += std::exp(output.log_gate[2]) * output.post_weights[j];
  }
  return std::log(p);
}

std::string TestName(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

class ReferenceTest : public ::testing::TestWithParam<std::string> {};

TEST_P(ReferenceTest, Float32AgreesInEveryLogProbability) {
  const auto model = ServingModel::Load(testing::MakeFixtureModel(GetParam()), Precision::kFloat32);
  ASSERT_TRUE(model.ok()) << model.status();
  Scratch scratch;
  ServingDecoder::Workspace work;
  for (const FixtureCase& c : testing::FixtureCases(GetParam())) {
    const auto profile = (*model)->profiles({InputOf(**model, c.history)}, scratch)[0];
    const auto post = (*model)->posts({{(*model)->texts().PostIds(c.post), profile.get()}}, scratch)[0];
    std::vector<float> state = post->initial_state;
    int32_t previous = kBos;
    const std::vector<int32_t> ids = (*model)->texts().ResponseIds(c.response);
    for (size_t t = 0; t < ids.size(); ++t) {
      const DecoderRow row{profile.get(), post.get(), previous, state.data()};
      (*model)->decoder.Step({&row, 1}, work, scratch);
      const RowOutput& output = work.outputs[0];
      ASSERT_NEAR(LogProb(**model, row, output, ids[t]), c.score["logprobs"][t].get<double>(), 1e-4);
      ASSERT_NEAR(std::exp(output.log_gate[1]), c.score["copy_probability"][t].get<double>(), 1e-4);
      const auto memory = c.score["memory"][t].get<std::vector<double>>();
      for (size_t n = 0; n < memory.size(); ++n) ASSERT_NEAR(output.memory_weights[n], memory[n], 1e-4);
      previous = ids[t];
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EveryCombinationOfParts, ReferenceTest, ::testing::ValuesIn(testing::FixtureModelNames()),
                         [](const auto& info) { return TestName(info.param); });

class CompanyTest : public ::testing::TestWithParam<Precision> {
 protected:
  void SetUp() override {
    auto model = ServingModel::Load(testing::TinyModelDir(), GetParam());
    ASSERT_TRUE(model.ok()) << model.status();
    model_ = *std::move(model);
    cases_ = testing::FixtureCases("untied-3-general-memory-copy-post_copy");
  }

  std::shared_ptr<const CompactProfile> Profile(const std::vector<Exchange>& history,
                                                std::shared_ptr<const CompactProfile> previous = nullptr) {
    return model_->profiles({InputOf(*model_, history, std::move(previous))}, scratch_)[0];
  }

  static void ExpectSame(const CompactProfile& a, const CompactProfile& b) {
    EXPECT_EQ(a.general, b.general);
    EXPECT_EQ(a.keys.ToFloats(), b.keys.ToFloats());
    EXPECT_EQ(a.values.ToFloats(), b.values.ToFloats());
    EXPECT_EQ(a.words.ToFloats(), b.words.ToFloats());
    EXPECT_EQ(a.word_ids, b.word_ids);
    EXPECT_EQ(a.word_pairs, b.word_pairs);
    EXPECT_EQ(a.pair_sequences, b.pair_sequences);
  }

  std::unique_ptr<ServingModel> model_;
  std::vector<FixtureCase> cases_;
  Scratch scratch_;
};

TEST_P(CompanyTest, AProfileIsTheSameBuiltAloneAndWithOthers) {
  std::vector<ProfileInput> inputs;
  for (const FixtureCase& c : cases_) inputs.push_back(InputOf(*model_, c.history));
  const auto together = model_->profiles(inputs, scratch_);
  for (size_t i = 0; i < cases_.size(); ++i) {
    SCOPED_TRACE(i);
    ExpectSame(*together[i], *Profile(cases_[i].history));
  }
}

TEST_P(CompanyTest, AProfileIsTheSameBuiltAfterAnEarlierOne) {
  const std::vector<Exchange>& history = cases_.back().history;  // longer than the window
  std::shared_ptr<const CompactProfile> earlier;
  for (size_t length = 1; length <= history.size(); ++length) {
    const std::vector<Exchange> so_far(history.begin(), history.begin() + static_cast<std::ptrdiff_t>(length));
    const auto grown = Profile(so_far, earlier);
    ExpectSame(*grown, *Profile(so_far));
    earlier = grown;
  }
}

TEST_P(CompanyTest, APostIsTheSameEncodedAloneAndWithOthers) {
  const auto profile = Profile(cases_[20].history), other = Profile(cases_[5].history);
  std::vector<PostInput> inputs;
  for (size_t i = 0; i < cases_.size(); ++i)
    inputs.push_back({model_->texts().PostIds(cases_[i].post), i % 2 == 0 ? profile.get() : other.get()});
  const auto together = model_->posts(inputs, scratch_);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto alone = model_->posts({inputs[i]}, scratch_)[0];
    EXPECT_EQ(together[i]->initial_state, alone->initial_state);
    for (int token = 0; token < alone->length(); ++token) {
      ASSERT_EQ(std::memcmp(together[i]->states.row(token), alone->states.row(token),
                            sizeof(float) * alone->states.columns()),
                0);
    }
  }
}

TEST_P(CompanyTest, ARowOfAStepIsTheSameAloneAndAmongStrangers) {
  std::vector<std::shared_ptr<const CompactProfile>> profiles;
  std::vector<std::shared_ptr<const EncodedPost>> posts;
  std::vector<std::vector<float>> states;
  for (const FixtureCase& c : cases_) {
    profiles.push_back(Profile(c.history));
    posts.push_back(model_->posts({{model_->texts().PostIds(c.post), profiles.back().get()}}, scratch_)[0]);
    states.push_back(posts.back()->initial_state);
  }
  std::vector<std::vector<float>> states_alone = states;
  std::vector<DecoderRow> rows;
  for (size_t i = 0; i < cases_.size(); ++i)
    rows.push_back({profiles[i].get(), posts[i].get(), static_cast<int32_t>(20 + i), states[i].data()});
  ServingDecoder::Workspace work, work_alone;
  for (int step = 0; step < 3; ++step) {
    model_->decoder.Step(rows, work, scratch_);
    for (size_t i = 0; i < rows.size(); ++i) {
      DecoderRow alone = rows[i];
      alone.state = states_alone[i].data();
      model_->decoder.Step({&alone, 1}, work_alone, scratch_);
      ASSERT_EQ(std::memcmp(work.outputs[i].logits, work_alone.outputs[0].logits,
                            sizeof(float) * model_->config().vocab_size),
                0);
      for (int source = 0; source < 3; ++source)
        ASSERT_EQ(work.outputs[i].log_gate[source], work_alone.outputs[0].log_gate[source]);
      ASSERT_EQ(states[i], states_alone[i]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Precisions, CompanyTest,
                         ::testing::Values(Precision::kFloat32, Precision::kBfloat16, Precision::kInt8),
                         [](const auto& info) { return std::string(PrecisionName(info.param)); });

TEST(PrecisionTest, SmallerPrecisionsStayNearFloat32) {
  const std::string name = "untied-3-general-memory-copy-post_copy";
  for (const auto& [precision, tolerance] : {std::pair{Precision::kBfloat16, 0.05}, std::pair{Precision::kInt8, 0.1}}) {
    const auto model = ServingModel::Load(testing::TinyModelDir(), precision);
    ASSERT_TRUE(model.ok()) << model.status();
    Scratch scratch;
    ServingDecoder::Workspace work;
    double difference = 0, tokens = 0;
    for (const FixtureCase& c : testing::FixtureCases(name)) {
      const auto profile = (*model)->profiles({InputOf(**model, c.history)}, scratch)[0];
      const auto post = (*model)->posts({{(*model)->texts().PostIds(c.post), profile.get()}}, scratch)[0];
      std::vector<float> state = post->initial_state;
      int32_t previous = kBos;
      const std::vector<int32_t> ids = (*model)->texts().ResponseIds(c.response);
      for (size_t t = 0; t < ids.size(); ++t, ++tokens) {
        const DecoderRow row{profile.get(), post.get(), previous, state.data()};
        (*model)->decoder.Step({&row, 1}, work, scratch);
        difference += std::abs(LogProb(**model, row, work.outputs[0], ids[t]) - c.score["logprobs"][t].get<double>());
        previous = ids[t];
      }
    }
    EXPECT_LT(difference / tokens, tolerance) << PrecisionName(precision);
    EXPECT_GT(difference / tokens, 1e-6) << PrecisionName(precision) << " is no other precision at all";
  }
}

TEST(CompactProfileTest, BytesAreAQuarterOfFloats) {
  const auto int8 = ServingModel::Load(testing::TinyModelDir(), Precision::kInt8);
  const auto float32 = ServingModel::Load(testing::TinyModelDir(), Precision::kFloat32);
  ASSERT_TRUE(int8.ok() && float32.ok());
  Scratch scratch;
  const auto history = testing::FixtureCases("untied-3-general-memory-copy-post_copy").back().history;
  const auto small = (*int8)->profiles({InputOf(**int8, history)}, scratch)[0];
  const auto large = (*float32)->profiles({InputOf(**float32, history)}, scratch)[0];
  EXPECT_LT(small->words.byte_size(), large->words.byte_size() / 2);
  EXPECT_EQ(small->ToUserProfile().word_states.size(), large->ToUserProfile().word_states.size());
}

TEST(WordsTest, AModelThatDoesNotCopyKnowsWhichWereSaid) {
  const auto model = *ServingModel::Load(testing::MakeFixtureModel("tied-2"), Precision::kFloat32);
  const FixtureCase c = testing::FixtureCases("tied-2").back();
  Scratch scratch;
  const auto profile = model->profiles({InputOf(*model, c.history)}, scratch)[0];
  std::vector<int32_t> said;
  for (const std::vector<int32_t>& response : model->texts().Tokenize(c.history).responses)
    said.insert(said.end(), response.begin(), response.end() - 1);
  EXPECT_FALSE(said.empty());
  EXPECT_EQ(profile->word_ids, said);
  EXPECT_EQ(profile->word_pairs.size(), said.size());
  EXPECT_EQ(profile->words.rows(), 0);
  EXPECT_TRUE(profile->ToUserProfile().word_ids.empty()) << "there is no personal vocabulary to copy from";
}

}  // namespace
}  // namespace idiolect
