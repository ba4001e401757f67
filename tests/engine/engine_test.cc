// The engine as its callers see it, with the reference's tiny model.
#include "idiolect/engine.h"

#include <gmock/gmock.h>

#include <cmath>
#include <future>
#include <new>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "tests/support/fixtures.h"

namespace idiolect {
namespace {

using testing::FixtureCase;
using testing::FixtureCases;

constexpr char kTinyModel[] = "untied-3-general-memory-copy-post_copy";

// Collects one reply. With `hold`, OnText blocks until Release: the engine is kept busy.
class Collector : public ReplyObserver {
 public:
  bool wants_text() const override { return true; }
  void OnText(std::string_view piece) override {
    text += piece;
    ++pieces;
    if (hold) {
      first_text.Notify();
      hold = false;
      released.WaitForNotification();
    }
  }
  void OnDone(absl::StatusOr<Reply> reply) override { done_.set_value(std::move(reply)); }
  absl::StatusOr<Reply> Wait() { return done_.get_future().get(); }

  std::string text;
  int pieces = 0;
  bool hold = false;
  absl::Notification first_text, released;

 private:
  std::promise<absl::StatusOr<Reply>> done_;
};

class EngineTest : public ::testing::Test {
 protected:
  // One thread, so that a test knows who waits for whom; the reference's precision.
  void SetUp() override { Start({}); }
  void Start(EngineOptions options) {
    if (options.engines == 0) options.engines = 1;
    options.precision = Precision::kFloat32;
    auto engine = StartEngine(testing::TinyModelDir(), options);
    ASSERT_TRUE(engine.ok()) << engine.status();
    engine_ = *std::move(engine);
  }

  static ReplyRequest RequestOf(const FixtureCase& c, const std::string& user = "ann") {
    ReplyRequest request;
    request.user = {"t", user};
    request.history.exchanges = c.history;
    request.history.revision = static_cast<int64_t>(c.history.size());
    request.history.epoch = 1;
    request.post = c.post;
    return request;
  }

  Scores Score(const ScoreRequest& request) {
    std::promise<absl::StatusOr<Scores>> done;
    EXPECT_TRUE(engine_->SubmitScore(request, [&](auto scores) { done.set_value(std::move(scores)); }).ok());
    auto scores = done.get_future().get();
    EXPECT_TRUE(scores.ok()) << scores.status();
    return *std::move(scores);
  }

  Reply Decode(const ReplyRequest& request) {
    auto observer = std::make_shared<Collector>();
    const auto ticket = engine_->SubmitReply(request, observer);
    EXPECT_TRUE(ticket.ok()) << ticket.status();
    auto reply = observer->Wait();
    EXPECT_TRUE(reply.ok()) << reply.status();
    return *std::move(reply);
  }

  std::unique_ptr<Engine> engine_;
  std::vector<FixtureCase> cases_ = FixtureCases(kTinyModel);
};

TEST_F(EngineTest, GreedyRepliesAreThoseOfTheReference) {
  for (const FixtureCase& c : cases_) {
    const Reply reply = Decode(RequestOf(c, std::to_string(c.history.size())));
    ASSERT_EQ(reply.candidates.size(), 1u);
    EXPECT_EQ(reply.candidates[0].tokens, c.reply["tokens"].get<std::vector<int32_t>>());
    EXPECT_EQ(reply.candidates[0].text, c.reply["text"].get<std::string>());
    EXPECT_NEAR(reply.candidates[0].logprob, c.reply["logprob"].get<double>(), 1e-3);
    EXPECT_EQ(reply.cold_start, c.history.empty());
  }
}

TEST_F(EngineTest, StreamedTextIsTheReplyAndIsNeverTakenBack) {
  for (double temperature : {0.0, 1.0, 3.0}) {
    for (const FixtureCase& c : cases_) {
      ReplyRequest request = RequestOf(c);
      request.decoding.temperature = temperature;
      request.decoding.seed = 11;
      auto observer = std::make_shared<Collector>();
      ASSERT_TRUE(engine_->SubmitReply(request, observer).ok());
      const auto reply = observer->Wait();
      ASSERT_TRUE(reply.ok());
      EXPECT_EQ(observer->text, reply->candidates[0].text);
    }
  }
}

TEST_F(EngineTest, TheSameSeedGivesTheSameBytesAmongStrangers) {
  ReplyRequest request = RequestOf(cases_[20]);
  request.decoding.temperature = 1.2;
  request.decoding.top_p = 0.9;
  request.decoding.seed = 42;
  const Reply alone = Decode(request);
  std::mt19937 random(5);
  std::vector<std::shared_ptr<Collector>> strangers;
  auto observer = std::make_shared<Collector>();
  for (int i = 0; i < 40; ++i) {
    if (i == 17) {
      ASSERT_TRUE(engine_->SubmitReply(request, observer).ok());
    }
    ReplyRequest other = RequestOf(cases_[random() % cases_.size()], "stranger" + std::to_string(i % 9));
    other.decoding.temperature = 1;
    other.decoding.seed = random();
    other.decoding.candidate_count = 1 + static_cast<int>(random() % 4);
    strangers.push_back(std::make_shared<Collector>());
    ASSERT_TRUE(engine_->SubmitReply(other, strangers.back()).ok());
  }
  const auto among = observer->Wait();
  ASSERT_TRUE(among.ok());
  EXPECT_EQ(among->candidates[0].tokens, alone.candidates[0].tokens);
  EXPECT_EQ(among->candidates[0].logprob, alone.candidates[0].logprob);
  for (auto& stranger : strangers) EXPECT_TRUE(stranger->Wait().ok());
}

TEST_F(EngineTest, GuidanceChangesOnlyWhatUserOrPostAddTo) {
  int changed = 0;
  for (const FixtureCase& c : cases_) {
    ReplyRequest request = RequestOf(c, std::to_string(c.history.size()));
    if (c.history.empty()) request.post = "";  // then there is nothing to be guided by
    request.explain = true;
    const ReplyCandidate plain = Decode(request).candidates[0];
    request.decoding.guidance = 2;
    const ReplyCandidate guided = Decode(request).candidates[0];
    if (c.history.empty())
      EXPECT_EQ(guided.tokens, plain.tokens);
    else
      changed += guided.tokens != plain.tokens;
    // Each token stays plausible: the first one has at least a tenth of the most probable one's probability.
    ASSERT_FALSE(plain.explanation.empty());
    if (!guided.explanation.empty()) {
      EXPECT_GE(guided.explanation[0].logprob, plain.explanation[0].logprob + std::log(0.1) - 1e-5);
    }
  }
  EXPECT_GT(changed, 0);
}

TEST_F(EngineTest, WordGuidanceTakesUpTheUsersOwnWords) {
  int changed = 0;
  for (const FixtureCase& c : cases_) {
    ReplyRequest request = RequestOf(c, std::to_string(c.history.size()));
    request.explain = true;
    const ReplyCandidate plain = Decode(request).candidates[0];
    request.decoding.word_guidance = 0.5;
    const ReplyCandidate guided = Decode(request).candidates[0];
    if (c.history.empty()) {
      EXPECT_EQ(guided.tokens, plain.tokens) << "a stranger has no words";
    }
    changed += guided.tokens != plain.tokens;
    ASSERT_FALSE(plain.explanation.empty());
    if (!guided.explanation.empty()) {
      EXPECT_GE(guided.explanation[0].logprob, plain.explanation[0].logprob + std::log(0.1) - 1e-5);
    }
  }
  EXPECT_GT(changed, 0);
}

TEST_F(EngineTest, DifferentSeedsGiveDifferentReplies) {
  ReplyRequest request = RequestOf(cases_[20]);
  request.decoding.temperature = 2;
  std::set<std::vector<int32_t>> distinct;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    request.decoding.seed = seed;
    distinct.insert(Decode(request).candidates[0].tokens);
  }
  EXPECT_GE(distinct.size(), 9u);
}

TEST_F(EngineTest, BeamSearchFindsAtLeastWhatGreedyFinds) {
  for (size_t i = 0; i < cases_.size(); i += 5) {
    ReplyRequest request = RequestOf(cases_[i]);
    const double greedy = Decode(request).candidates[0].logprob;
    request.decoding.beam_size = 8;
    request.decoding.candidate_count = 8;
    const Reply beams = Decode(request);
    ASSERT_EQ(beams.candidates.size(), 8u);
    EXPECT_GE(beams.candidates[0].logprob, greedy - 1e-4);
    std::set<std::vector<int32_t>> distinct;
    for (size_t k = 0; k < beams.candidates.size(); ++k) {
      distinct.insert(beams.candidates[k].tokens);
      if (k > 0) {
        EXPECT_LE(beams.candidates[k].logprob, beams.candidates[k - 1].logprob);
      }
    }
    EXPECT_EQ(distinct.size(), 8u);
  }
}

TEST_F(EngineTest, AHighLengthPenaltyPrefersLongerReplies) {
  ReplyRequest request = RequestOf(cases_[20]);
  request.decoding.beam_size = 6;
  request.decoding.length_penalty = -3;
  const size_t short_length = Decode(request).candidates[0].tokens.size();
  request.decoding.length_penalty = 4;
  EXPECT_GE(Decode(request).candidates[0].tokens.size(), short_length);
}

TEST_F(EngineTest, NoNgramIsRepeatedWhereThatIsForbidden) {
  for (int n = 1; n <= 3; ++n) {
    for (const FixtureCase& c : cases_) {
      ReplyRequest request = RequestOf(c);
      request.decoding.no_repeat_ngram_size = n;
      const std::vector<int32_t> tokens = Decode(request).candidates[0].tokens;
      std::set<std::vector<int32_t>> seen;
      for (size_t i = 0; i + n <= tokens.size(); ++i)
        EXPECT_TRUE(seen.insert({tokens.begin() + i, tokens.begin() + i + n}).second);
    }
  }
}

TEST_F(EngineTest, MaxTokensEndsTheReply) {
  ReplyRequest request = RequestOf(cases_[20]);
  request.decoding.max_tokens = 3;
  const Reply reply = Decode(request);
  EXPECT_LE(reply.candidates[0].tokens.size(), 3u);
  EXPECT_EQ(reply.candidates[0].finish_reason == FinishReason::kMaxTokens, reply.candidates[0].tokens.size() == 3);
}

TEST_F(EngineTest, ExplanationsNameExchangesThatHoldTheWord) {
  int sources = 0;
  for (const FixtureCase& c : cases_) {
    ReplyRequest request = RequestOf(c);
    request.explain = true;
    const ReplyCandidate candidate = Decode(request).candidates[0];
    ASSERT_EQ(candidate.explanation.size(), candidate.tokens.size());
    double total = 0;
    for (const TokenExplanation& token : candidate.explanation) {
      double weight = 0;
      for (const CopySource& source : token.sources) {
        weight += source.weight;
        ++sources;
        EXPECT_GE(source.sequence, std::max<int64_t>(1, static_cast<int64_t>(c.history.size()) - 5));
        EXPECT_LE(source.sequence, static_cast<int64_t>(c.history.size()));
      }
      EXPECT_LE(weight, 1.0 + 1e-4);
      if (c.history.empty()) {
        EXPECT_EQ(token.copy_probability, 0);
      }
      total += token.logprob;
    }
    if (candidate.finish_reason == FinishReason::kMaxTokens) {
      EXPECT_NEAR(total, candidate.logprob, 1e-4);
    }
  }
  EXPECT_GT(sources, 0);
}

TEST_F(EngineTest, ScoresAreThoseOfTheReference) {
  for (size_t i = 0; i < cases_.size(); i += 3) {
    const FixtureCase& c = cases_[i];
    ScoreRequest request{{"t", "ann"}, RequestOf(c).history, c.post, {c.response}, Scoring::kLikelihood, false};
    const Scores scores = Score(request);
    const auto expected = c.score["logprobs"].get<std::vector<double>>();
    EXPECT_THAT(scores.ranked[0].token_logprobs, ::testing::Pointwise(::testing::DoubleNear(1e-4), expected));
  }
}

TEST_F(EngineTest, EachScoreIsTheDifferenceThatItsNameSays) {
  const FixtureCase& c = cases_[20];
  const auto score = [&](const History& history, const std::string& post, Scoring scoring) {
    ScoreRequest request{{"t", "ann"}, history, post, {"Soup, please", "Haha, no way :)", ""}, scoring, false};
    std::vector<double> by_index(3);
    const Scores scores = Score(request);
    for (size_t k = 0; k < 3; ++k) {
      by_index[scores.ranked[k].index] = scores.ranked[k].score;
      if (k > 0) {
        EXPECT_GE(scores.ranked[k - 1].score, scores.ranked[k].score);
      }
    }
    return by_index;
  };
  const History own = RequestOf(c).history, nobody;
  const auto full = score(own, c.post, Scoring::kLikelihood);
  const auto no_user = score(nobody, c.post, Scoring::kLikelihood), no_post = score(own, "", Scoring::kLikelihood);
  const auto neither = score(nobody, "", Scoring::kLikelihood);
  const auto personal = score(own, c.post, Scoring::kPersonal), relevance = score(own, c.post, Scoring::kRelevance);
  const auto joint = score(own, c.post, Scoring::kJoint);
  for (int k = 0; k < 3; ++k) {
    EXPECT_NEAR(personal[k], full[k] - no_user[k], 1e-5);
    EXPECT_NEAR(relevance[k], full[k] - no_post[k], 1e-5);
    EXPECT_NEAR(joint[k], full[k] - neither[k], 1e-5);
  }
}

TEST_F(EngineTest, WordsCountBeyondWhatTheModelReads) {
  const FixtureCase& c = cases_[20];
  const std::string said = RequestOf(c).history.exchanges.back().response;
  std::string lengthy;
  for (int i = 0; i < 64; ++i) lengthy += "x ";
  ScoreRequest request{{"t", "ann"}, RequestOf(c).history, c.post, {lengthy, lengthy + said}};
  const Scores scores = Score(request);
  const ScoredCandidate &first = scores.ranked[0], &second = scores.ranked[1];
  EXPECT_TRUE(first.truncated && second.truncated);
  EXPECT_NEAR(first.logprob, second.logprob, 1e-4);
  EXPECT_NE(first.words, second.words);
}

TEST_F(EngineTest, WordsCountInMoreExchangesThanTheModelReads) {
  const FixtureCase& c = cases_.back();  // 40 pairs, a window of 6
  const History whole = RequestOf(c).history;
  const auto score = [&](size_t exchanges) {
    History newest = whole;
    newest.exchanges.erase(newest.exchanges.begin(), newest.exchanges.end() - static_cast<std::ptrdiff_t>(exchanges));
    ScoreRequest request{{"t", "ann"}, newest, c.post, {whole.exchanges.front().response}};
    return Score(request).ranked[0];
  };
  EXPECT_EQ(score(40).logprob, score(39).logprob);
  EXPECT_GT(score(40).words, score(39).words);  // the first exchange is the one that has said it
}

TEST_F(EngineTest, WordsAddToTheScoreWhereTheScoringCountsThem) {
  const FixtureCase& c = cases_[20];
  const std::string said = RequestOf(c).history.exchanges.back().response;
  const auto score = [&](const History& history, Scoring scoring) {
    ScoreRequest request{{"t", "ann"}, history, c.post, {said}, scoring, false};
    return Score(request).ranked[0];
  };
  const History own = RequestOf(c).history;
  const ScoredCandidate personal = score(own, Scoring::kPersonalAndWords), joint = score(own, Scoring::kJointAndWords);
  EXPECT_NE(personal.words, 0);
  EXPECT_EQ(joint.words, personal.words);
  EXPECT_NEAR(personal.score, score(own, Scoring::kPersonal).score + 0.5 * personal.words, 1e-5);
  EXPECT_NEAR(joint.score, score(own, Scoring::kJoint).score + 0.5 * joint.words, 1e-5);
  EXPECT_EQ(score(own, Scoring::kJoint).words, 0);
  EXPECT_EQ(score(History(), Scoring::kPersonalAndWords).words, 0);
}

TEST_F(EngineTest, MemoryWeightsSumToOneAndNameTheWindow) {
  const FixtureCase& c = cases_.back();  // 40 pairs, a window of 6
  std::promise<absl::StatusOr<MemoryReading>> done;
  ASSERT_TRUE(engine_
                  ->SubmitMemoryQuery({"t", "ann"}, RequestOf(c).history, "what shall we cook?", absl::InfiniteFuture(),
                                      [&](auto reading) { done.set_value(std::move(reading)); })
                  .ok());
  const auto reading = done.get_future().get();
  ASSERT_TRUE(reading.ok());
  double sum = 0;
  std::set<int64_t> sequences;
  for (const auto& entry : reading->entries) sum += entry.weight, sequences.insert(entry.sequence);
  EXPECT_NEAR(sum, 1, 1e-5);
  EXPECT_THAT(sequences, ::testing::ElementsAre(35, 36, 37, 38, 39, 40));
  EXPECT_EQ(reading->dynamic_profile.size(), static_cast<size_t>(engine_->model_info().d_model));
}

TEST_F(EngineTest, ProfilesAreBuiltOnceARevisionAndForgotten) {
  const ReplyRequest request = RequestOf(cases_[20]);
  Decode(request);
  Decode(request);
  EngineStats stats = engine_->stats();
  EXPECT_EQ(stats.profiles_built, 1);
  EXPECT_EQ(stats.profile_cache_hits, 1);
  EXPECT_GT(stats.profile_cache_bytes, 0);
  engine_->Forget(request.user);
  EXPECT_EQ(engine_->stats().profile_cache_bytes, 0);
}

TEST_F(EngineTest, TheWordsOfARankingAreForgottenToo) {
  const ReplyRequest request = RequestOf(cases_[20]);
  const auto bytes_after = [&](Scoring scoring) {
    Score({request.user, request.history, request.post, {"well"}, scoring});
    return engine_->stats().profile_cache_bytes;
  };
  const int64_t profile = bytes_after(Scoring::kPersonal);
  EXPECT_GT(bytes_after(Scoring::kPersonalAndWords), profile);
  engine_->Forget(request.user);
  EXPECT_EQ(engine_->stats().profile_cache_bytes, 0);
}

TEST_F(EngineTest, ACancelledRequestEndsAtTheNextStep) {
  auto observer = std::make_shared<Collector>();
  observer->hold = true;
  ReplyRequest request = RequestOf(cases_[20]);
  request.decoding.temperature = 1;
  const auto ticket = engine_->SubmitReply(request, observer);
  ASSERT_TRUE(ticket.ok());
  observer->first_text.WaitForNotification();
  (*ticket)->Cancel();
  observer->released.Notify();
  EXPECT_EQ(observer->Wait().status().code(), absl::StatusCode::kCancelled);
  Decode(RequestOf(cases_[3]));  // the engine goes on
  EXPECT_GT(engine_->stats().wasted_row_steps, 0);
}

// Throws where others tell of text, as memory that runs out does.
class Thrower : public Collector {
 public:
  void OnText(std::string_view piece) override { throw std::bad_alloc(); }
};

TEST_F(EngineTest, WhatThrowsInAStepEndsTheJobsOfTheStepAndNeverTheEngine) {
  auto busy = std::make_shared<Collector>();
  busy->hold = true;
  ReplyRequest request = RequestOf(cases_[20], "busy");
  request.decoding.temperature = 1;
  ASSERT_TRUE(engine_->SubmitReply(request, busy).ok());
  busy->first_text.WaitForNotification();
  // All in one batch. In whichever step the last one throws, some of the others end and some go on.
  std::vector<std::shared_ptr<Collector>> all = {busy};
  for (int tokens = 1; tokens <= engine_->model_info().max_response_tokens; ++tokens) {
    request.user.user_id = absl::StrCat("of ", tokens);
    request.decoding.max_tokens = tokens;
    all.push_back(std::make_shared<Collector>());
    ASSERT_TRUE(engine_->SubmitReply(request, all.back()).ok());
  }
  all.push_back(std::make_shared<Thrower>());
  request.user.user_id = "thrower";
  ASSERT_TRUE(engine_->SubmitReply(request, all.back()).ok());
  busy->released.Notify();
  int answered = 0;
  for (const auto& observer : all) {
    const auto reply = observer->Wait();
    answered += reply.ok();
    if (!reply.ok()) {
      EXPECT_EQ(reply.status().code(), absl::StatusCode::kInternal) << reply.status();
    }
    if (observer == all.back()) {
      EXPECT_FALSE(reply.ok());
    }
  }
  EXPECT_GT(answered, 0);
  Decode(RequestOf(cases_[3]));
  // The stats of a step come after the replies that it ends.
  for (int i = 0; i < 1000 && engine_->stats().running_rows > 0; ++i) absl::SleepFor(absl::Milliseconds(10));
  EXPECT_EQ(engine_->stats().running_rows, 0);
}

TEST_F(EngineTest, APastDeadlineEndsARunningAndAWaitingRequest) {
  ReplyRequest request = RequestOf(cases_[20]);
  request.deadline = absl::Now() - absl::Seconds(1);
  auto waiting = std::make_shared<Collector>();
  ASSERT_TRUE(engine_->SubmitReply(request, waiting).ok());
  EXPECT_EQ(waiting->Wait().status().code(), absl::StatusCode::kDeadlineExceeded);
  auto running = std::make_shared<Collector>();
  running->hold = true;
  request.deadline = absl::Now() + absl::Milliseconds(300);
  request.decoding.temperature = 1;
  ASSERT_TRUE(engine_->SubmitReply(request, running).ok());
  running->first_text.WaitForNotification();
  absl::SleepFor(absl::Milliseconds(400));
  running->released.Notify();
  EXPECT_EQ(running->Wait().status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(EngineTest, AFullQueueRefusesAndShutdownFailsTheRest) {
  EngineOptions options;
  options.max_queue = 2;
  options.max_batch_rows = 1;
  Start(options);
  auto busy = std::make_shared<Collector>();
  busy->hold = true;
  ReplyRequest request = RequestOf(cases_[20]);
  request.decoding.temperature = 1;
  ASSERT_TRUE(engine_->SubmitReply(request, busy).ok());
  busy->first_text.WaitForNotification();
  auto first = std::make_shared<Collector>(), second = std::make_shared<Collector>(),
       third = std::make_shared<Collector>();
  ASSERT_TRUE(engine_->SubmitReply(request, first).ok());
  ASSERT_TRUE(engine_->SubmitReply(request, second).ok());
  EXPECT_EQ(engine_->SubmitReply(request, third).status().code(), absl::StatusCode::kResourceExhausted);
  std::thread stop([&] { engine_.reset(); });
  absl::SleepFor(absl::Milliseconds(100));
  busy->released.Notify();
  stop.join();
  EXPECT_EQ(second->Wait().status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(EngineTest, ARequestGoesToTheThreadThatHasLeastToDo) {
  EngineOptions options;
  options.engines = 2;
  Start(options);
  auto held = std::make_shared<Collector>();
  held->hold = true;
  ReplyRequest request = RequestOf(cases_[20]);
  request.decoding.temperature = 1;  // some text comes for sure
  ASSERT_TRUE(engine_->SubmitReply(request, held).ok());
  held->first_text.WaitForNotification();
  // Whichever thread it was, it answers nobody now; the same user is answered by the other one, from the profile that
  // the first has built.
  EXPECT_FALSE(Decode(request).timing.profile_built);
  held->released.Notify();
  EXPECT_TRUE(held->Wait().ok());
}

TEST_F(EngineTest, OptionsOutOfRangeAreRefusedByName) {
  ReplyRequest request = RequestOf(cases_[0]);
  request.decoding.top_p = 0;
  const auto ticket = engine_->SubmitReply(request, std::make_shared<Collector>());
  EXPECT_EQ(ticket.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(ticket.status().message()), ::testing::HasSubstr("decoding.top_p"));
}

TEST_F(EngineTest, RareWordsSurpriseMore) {
  EXPECT_GT(engine_->Surprisal("keyboard"), engine_->Surprisal("the"));
  EXPECT_GT(engine_->Surprisal("the"), 0);
}

}  // namespace
}  // namespace idiolect
