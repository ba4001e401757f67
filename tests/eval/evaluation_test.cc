// The whole evaluation, on the small model of the fixtures.
#include "eval/evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "eval/profile_overlap.h"
#include "eval/scorer.h"
#include "model/dhap_model.h"
#include "tests/support/fixtures.h"
#include "text/tokenizer.h"

namespace idiolect {
namespace {

constexpr const char* kPosts[] = {"Did you sleep well?", "What shall we cook?", "Is it raining?",
                                  "Who broke the build?"};
constexpr const char* kHabits[] = {"like a stone", "soup, please", "haha, of course", "not me, honestly", "grand"};

class EvaluationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream out(dir_ + "/data.jsonl");
    for (int user = 0; user < 10; ++user) {
      for (int i = 0; i < 8; ++i) {
        out << nlohmann::json{{"user", absl::StrCat("u", user)},
                              {"post", absl::StrCat(kPosts[(i + user) % 4], " ", user * i)},
                              {"response", absl::StrCat(kHabits[user % 5], " ", user + 3 * i)},
                              {"time", i},
                              {"source", user < 8 ? "big" : "small"},
                              {"split", i < 6 ? "train" : "test"}}
                   .dump()
            << "\n";
      }
    }
    options_.model_dir = testing::TinyModelDir();
    options_.test_set.data = {dir_ + "/data.jsonl"};
    options_.history_lengths = {3, 1, 99};
    options_.resamples = 20;
  }

  static std::string Json(const absl::StatusOr<Evaluation>& evaluation) {
    EXPECT_TRUE(evaluation.ok()) << evaluation.status();
    return evaluation.ok() ? SummaryJson(evaluation->summary, evaluation->facts) : "";
  }

  absl::StatusOr<Evaluation> Run(const EvaluationOptions& options) {
    std::atomic<bool> stop = false;
    return Evaluate(options, stop, [](int64_t, int64_t) {});
  }

  const std::string dir_ = testing::MakeTempDir();
  EvaluationOptions options_;
};

TEST_F(EvaluationTest, ScoresAreTheModels) {
  const auto evaluation = Run(options_);
  ASSERT_TRUE(evaluation.ok()) << evaluation.status();
  ASSERT_EQ(evaluation->examples.size(), 20u);
  const auto model = *DhapModel::Load(options_.model_dir);
  const auto set = *TestSet::Load(options_.test_set);
  const auto exchanges = [&](size_t user, size_t end) {
    std::vector<Exchange> history;
    for (size_t i = 0; i < end; ++i) {
      const RawExchange& raw = set.users()[user].exchanges[i];
      history.push_back({0, raw.post, raw.response, "", raw.time, ""});
    }
    return history;
  };
  const auto score = [&](const std::vector<Exchange>& history, const std::string& post, const std::string& response) {
    return model
        ->Score(model->profiles({model->Tokenize(history)}, {}), {model->PostIds(post)},
                PadTokens({model->ResponseIds(response)}), {})
        .log_probs.sum()
        .item<double>();
  };
  const auto serving = *ServingModel::Pack(*model, Precision::kFloat32);
  Scorer scorer(*serving);
  const ProfilePtr nobody = scorer.Profiles({{}})[0];
  const StopWords stop_words = StopWords::English();
  for (const ExampleResult& e : evaluation->examples) {
    const auto user =
        std::find_if(set.users().begin(), set.users().end(), [&](const auto& u) { return u.name == e.user; }) -
        set.users().begin();
    EXPECT_NEAR(e.own, score(exchanges(user, e.index), e.post, e.response), 1e-3);
    EXPECT_NEAR(e.none, score({}, e.post, e.response), 1e-3);
    ASSERT_EQ(e.rivals.size(), e.source == "big" ? 7u : 1u);
    EXPECT_NEAR(e.rivals[0], score(exchanges(set.RivalUsers(user)[0], 6), e.post, e.response), 1e-3);
    EXPECT_NEAR(e.candidates.no_post[0], score(exchanges(user, e.index), "", e.response), 1e-3);
    EXPECT_NEAR(e.candidates.neither[0], score({}, "", e.response), 1e-3);
    EXPECT_EQ(e.candidates.own[0], e.own);
    const auto window = model->Tokenize(exchanges(user, e.index));
    const auto cached = scorer.ReplyWithCache(nobody, model->PostIds(e.post), UnigramCache(window.responses, 0.1));
    EXPECT_EQ(e.cache_reply.text, model->tokenizer().Decode(cached));
    std::vector<std::string> said;
    for (size_t i = e.index - e.history; i < static_cast<size_t>(e.index); ++i)
      said.push_back(set.users()[user].exchanges[i].response);
    EXPECT_EQ(e.cache_reply.p_f1, ProfileF1(e.cache_reply.text, said, stop_words));
    EXPECT_EQ(e.cache_reply.p_cover, ProfileCover(e.cache_reply.text, said));
    ASSERT_EQ(e.writers.response.size(), e.rivals.size() + 1);
    EXPECT_EQ(e.writers.response[0], e.candidates.words[0]);
    EXPECT_NE(e.writers.response[1], e.writers.response[0]);
    EXPECT_NE(e.writers.post[1], e.writers.post[0]);
    EXPECT_NEAR(e.posts[0], e.own, 1e-4);
    ASSERT_EQ(e.curve.size(), 2u);  // as long as the model's window is no cut
    EXPECT_EQ(e.curve[0].length, 1);
    auto newest = exchanges(user, e.index);
    EXPECT_NEAR(e.curve[0].own, score({newest.back()}, e.post, e.response), 1e-3);
  }
}

TEST_F(EvaluationTest, ThreadsAndSamplesChangeNothing) {
  const std::string one = Json(Run(options_));
  options_.threads = 3;
  EXPECT_EQ(Json(Run(options_)), one);
  const auto whole = *Run(options_);
  options_.test_set.users = 4;
  const auto few = *Run(options_);
  EXPECT_EQ(few.examples.size(), 8u);
  for (const ExampleResult& e : few.examples) {
    const auto same = std::find_if(whole.examples.begin(), whole.examples.end(),
                                   [&](const auto& w) { return w.user == e.user && w.index == e.index; });
    ASSERT_NE(same, whole.examples.end());
    EXPECT_EQ(ToJsonLine(*same), ToJsonLine(e));
  }
}

TEST_F(EvaluationTest, GuidanceChangesRepliesAlone) {
  const auto plain = Run(options_);
  EXPECT_EQ(plain->facts.word_guidance, kUsualWordGuidance);
  options_.guidance = 3;
  options_.word_guidance = 0;
  const auto guided = Run(options_);
  ASSERT_TRUE(plain.ok() && guided.ok()) << guided.status();
  EXPECT_EQ(guided->facts.guidance, 3);
  EXPECT_EQ(guided->facts.word_guidance, 0);
  ASSERT_EQ(guided->examples.size(), plain->examples.size());
  int changed = 0;
  for (size_t i = 0; i < plain->examples.size(); ++i) {
    EXPECT_EQ(guided->examples[i].own, plain->examples[i].own);
    EXPECT_EQ(guided->examples[i].rivals, plain->examples[i].rivals);
    changed += guided->examples[i].reply.text != plain->examples[i].reply.text;
  }
  EXPECT_GT(changed, 0);
}

// Token by token the best of the whole vocabulary, by the definition.
TEST_F(EvaluationTest, TheCachesReplyIsTheMostProbableOfTheMixture) {
  const auto model = *ServingModel::Load(options_.model_dir, Precision::kFloat32);
  Scorer scorer(*model);
  const ProfilePtr nobody = scorer.Profiles({{}})[0];
  const std::vector<int32_t> post = model->texts().PostIds(kPosts[0]);
  const auto most_probable = [&](const UnigramCache& cache, const std::vector<int32_t>& said) {
    std::vector<std::vector<int32_t>> responses(model->config().vocab_size, said);
    std::vector<ScoreItem> items;
    for (size_t id = 0; id < responses.size(); ++id) {
      responses[id].push_back(static_cast<int32_t>(id));
      items.push_back({nobody.get(), &post, &responses[id]});
    }
    std::vector<double> scores;
    for (const auto& log_probs : scorer.TokenLogProbs(items))
      scores.push_back(cache.LogProb(static_cast<int32_t>(scores.size()), log_probs.back()));
    return static_cast<int32_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
  };
  std::vector<std::vector<int32_t>> replies;
  for (const double weight : {0.0, 0.2, 0.9}) {
    const UnigramCache cache({model->texts().ResponseIds("soup, soup, soup")}, weight);
    replies.push_back(scorer.ReplyWithCache(nobody, post, cache));
    std::vector<int32_t> said;
    for (const int32_t id : replies.back()) {
      EXPECT_EQ(most_probable(cache, said), id);
      said.push_back(id);
      if (said.size() == 4) break;
    }
    const bool ended = said.size() == replies.back().size();
    if (ended) {
      EXPECT_EQ(most_probable(cache, said), kEos);
    }
  }
  EXPECT_NE(replies[0], replies[2]);
  EXPECT_EQ(replies[0], scorer.Reply(nobody, post, nobody, {}).tokens) << "without a cache the greedy reply";
}

TEST_F(EvaluationTest, StoppedItGoesOn) {
  const std::string whole = Json(Run(options_));
  options_.examples_file = dir_ + "/examples.jsonl";
  std::atomic<bool> stop = false;
  const auto stopped = Evaluate(options_, stop, [&](int64_t done, int64_t) { stop = done >= 6; });
  EXPECT_TRUE(absl::IsCancelled(stopped.status())) << stopped.status();
  std::ofstream(options_.examples_file, std::ios::app) << "{\"source\": \"big\", \"us";  // a line cut short
  int64_t first = 0;
  stop = false;
  const auto resumed = Evaluate(options_, stop, [&](int64_t done, int64_t) { first = first == 0 ? done : first; });
  EXPECT_EQ(Json(resumed), whole);
  EXPECT_EQ(first, 2);  // the first user's examples, found in the file
  EXPECT_EQ(Json(Run(options_)), whole);

  EXPECT_FALSE(std::filesystem::exists(options_.examples_file + ".part"));
  const auto expect_refused = [&] {
    const absl::Status other = Run(options_).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(other)) << other;
    EXPECT_THAT(std::string(other.message()), ::testing::HasSubstr(options_.examples_file));
  };
  options_.test_set.seed = 2;
  expect_refused();
  options_.test_set.seed = EvaluationOptions().test_set.seed;
  std::ofstream(options_.test_set.data[0], std::ios::app) << "\n";
  expect_refused();  // the data are no longer the same
  std::ofstream(options_.examples_file) << "\nsomebody's notes\n";
  expect_refused();
  std::ifstream notes(options_.examples_file);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(notes), {}), "\nsomebody's notes\n");
}

TEST_F(EvaluationTest, FaultsAreNamed) {
  options_.model_dir = dir_;
  EXPECT_THAT(std::string(Run(options_).status().message()), ::testing::HasSubstr(dir_ + "/config.json"));
  options_.model_dir = testing::TinyModelDir();
  options_.stop_words = dir_ + "/none";
  EXPECT_TRUE(absl::IsNotFound(Run(options_).status()));
}

TEST_F(EvaluationTest, AReplyTellsWhereItsWordsComeFrom) {
  const auto evaluation = Run(options_);
  ASSERT_TRUE(evaluation.ok());
  double copied = 0;
  for (const ExampleResult& e : evaluation->examples) {
    EXPECT_EQ(e.reply.copied_from.size(), static_cast<size_t>(e.history));
    for (const double mass : e.reply.copied_from) {
      EXPECT_GE(mass, 0);
      copied += mass;
    }
    EXPECT_LE(e.reply.copied_known, e.reply.copied);
    EXPECT_LE(e.reply.copied, e.reply.tokens);
  }
  EXPECT_GT(copied, 0);
}

}  // namespace
}  // namespace idiolect
