#include <future>
#include <thread>

#include "tests/serve/server_fixture.h"

namespace idiolect::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::SizeIs;

class DialogueServiceTest : public ServerFixture {
 protected:
  struct Streamed {
    grpc::Status status;
    std::vector<std::string> pieces;
    std::vector<v1::GenerateReplyResponse> summaries;

    std::string text() const {
      std::string all;
      for (const std::string& piece : pieces) all += piece;
      return all;
    }
  };

  Streamed Stream(const v1::StreamReplyRequest& request) {
    grpc::ClientContext context;
    auto reader = dialogue_->StreamReply(&context, request);
    Streamed streamed;
    for (v1::StreamReplyResponse message; reader->Read(&message);) {
      EXPECT_EQ(streamed.summaries.size(), 0u) << "a message after the summary";
      if (message.has_summary()) {
        EXPECT_EQ(message.text(), "");
        streamed.summaries.push_back(message.summary());
      } else {
        streamed.pieces.push_back(message.text());
      }
    }
    streamed.status = reader->Finish();
    return streamed;
  }

  grpc::Status Generate(const std::string& user) {
    v1::GenerateReplyRequest request;
    request.set_user_id(user);
    v1::GenerateReplyResponse response;
    return Call(&v1::DialogueService::Stub::GenerateReply, *dialogue_, request, response);
  }
};

TEST_F(DialogueServiceTest, RepliesInTheUsersOwnWords) {
  Append("ann", "hi", "moin");
  const v1::GenerateReplyResponse reply = Reply("ann", "how are you?");
  ASSERT_THAT(reply.candidates(), SizeIs(1));
  EXPECT_EQ(reply.candidates(0).text(), "moin moin moin moin moin moin moin moin");
  EXPECT_EQ(reply.candidates(0).token_count(), 8);
  EXPECT_EQ(reply.candidates(0).finish_reason(), v1::FINISH_REASON_END_OF_TEXT);
  EXPECT_EQ(reply.candidates(0).log_probability(), -4);
  EXPECT_EQ(reply.profile_revision(), 1);
  EXPECT_FALSE(reply.cold_start());
}

TEST_F(DialogueServiceTest, AStrangerStartsCold) {
  const v1::GenerateReplyResponse reply = Reply("nobody", "hi");
  EXPECT_TRUE(reply.cold_start());
  EXPECT_EQ(reply.profile_revision(), 0);
  EXPECT_NE(reply.candidates(0).text(), "");
}

TEST_F(DialogueServiceTest, AnotherUsersHistoryChangesNothing) {
  Append("ann", "hi", "moin zusammen");
  const std::string before = Reply("ann", "well?", 7).SerializeAsString();
  for (int i = 0; i < 10; ++i) Append("ben", "hi", "something else " + std::to_string(i));
  EXPECT_EQ(Reply("ann", "well?", 7).SerializeAsString(), before);
}

TEST_F(DialogueServiceTest, OptionsReachTheEngine) {
  v1::GenerateReplyRequest request;
  request.set_user_id("ann");
  request.mutable_decoding()->set_temperature(1);
  request.mutable_decoding()->set_candidate_count(3);
  request.mutable_decoding()->set_max_tokens(2);
  v1::GenerateReplyResponse response;
  ASSERT_TRUE(Call(&v1::DialogueService::Stub::GenerateReply, *dialogue_, request, response).ok());
  ASSERT_THAT(response.candidates(), SizeIs(3));
  EXPECT_EQ(response.candidates(2).token_count(), 2);
  EXPECT_EQ(response.candidates(2).finish_reason(), v1::FINISH_REASON_MAX_TOKENS);
}

TEST_F(DialogueServiceTest, ExplainsOnRequestOnly) {
  Append("ann", "hi", "moin");
  EXPECT_THAT(Reply("ann", "x").candidates(0).explanation(), SizeIs(0));
  v1::GenerateReplyRequest request;
  request.set_user_id("ann");
  request.set_explain(true);
  v1::GenerateReplyResponse response;
  ASSERT_TRUE(Call(&v1::DialogueService::Stub::GenerateReply, *dialogue_, request, response).ok());
  ASSERT_THAT(response.candidates(0).explanation(), SizeIs(8));
  const v1::TokenExplanation& token = response.candidates(0).explanation(0);
  EXPECT_EQ(token.text(), "moin");
  EXPECT_EQ(token.copy_probability(), 0.75);
  ASSERT_THAT(token.sources(), SizeIs(1));
  EXPECT_EQ(token.sources(0).exchange_id(), 1);
  EXPECT_EQ(token.sources(0).weight(), 0.5);
}

TEST_F(DialogueServiceTest, MinRevisionReadsYourOwnWrite) {
  const int64_t revision = Append("ann", "hi", "moin");
  v1::GenerateReplyRequest request;
  request.set_user_id("ann");
  request.set_min_revision(revision);
  v1::GenerateReplyResponse response;
  EXPECT_TRUE(Call(&v1::DialogueService::Stub::GenerateReply, *dialogue_, request, response).ok());
  request.set_min_revision(revision + 1);
  EXPECT_EQ(Call(&v1::DialogueService::Stub::GenerateReply, *dialogue_, request, response).error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(DialogueServiceTest, StreamIsTheSameReplyInPieces) {
  Start({.step = absl::Milliseconds(5)}, {});
  v1::StreamReplyRequest request;
  request.set_user_id("nobody");
  request.set_post("hi");
  const Streamed streamed = Stream(request);
  ASSERT_TRUE(streamed.status.ok()) << streamed.status.error_message();
  EXPECT_THAT(streamed.pieces, SizeIs(Gt(1u)));
  ASSERT_THAT(streamed.summaries, SizeIs(1));
  EXPECT_EQ(streamed.text(), streamed.summaries[0].candidates(0).text());
  EXPECT_EQ(streamed.summaries[0].SerializeAsString(), Reply("nobody", "hi").SerializeAsString());
}

TEST_F(DialogueServiceTest, StreamOfSeveralCandidatesBringsTheBestAtTheEnd) {
  v1::StreamReplyRequest request;
  request.set_user_id("nobody");
  request.mutable_decoding()->set_temperature(1);
  request.mutable_decoding()->set_candidate_count(2);
  const Streamed streamed = Stream(request);
  ASSERT_TRUE(streamed.status.ok());
  ASSERT_THAT(streamed.summaries, SizeIs(1));
  EXPECT_THAT(streamed.pieces, ElementsAre(streamed.summaries[0].candidates(0).text()));
}

TEST_F(DialogueServiceTest, ManyStreamsAtOnceKeepTheirTextsApart) {
  for (int user = 0; user < 8; ++user) Append("u" + std::to_string(user), "hi", "word" + std::to_string(user));
  std::vector<std::future<std::string>> texts;
  for (int i = 0; i < 64; ++i) {
    texts.push_back(std::async(std::launch::async, [this, i] {
      v1::StreamReplyRequest request;
      request.set_user_id("u" + std::to_string(i % 8));
      return Stream(request).text();
    }));
  }
  for (int i = 0; i < 64; ++i) {
    const std::string word = "word" + std::to_string(i % 8);
    EXPECT_EQ(texts[i].get(),
              word + " " + word + " " + word + " " + word + " " + word + " " + word + " " + word + " " + word);
  }
}

TEST_F(DialogueServiceTest, ScoresAndRanksCandidates) {
  Append("ann", "hi", "moin");
  v1::ScoreRepliesRequest request;
  request.set_user_id("ann");
  request.add_candidates("good day");
  request.add_candidates("moin");
  request.set_normalization(v1::NORMALIZATION_TOTAL);
  v1::ScoreRepliesResponse response;
  ASSERT_TRUE(Call(&v1::DialogueService::Stub::ScoreReplies, *dialogue_, request, response).ok());
  ASSERT_THAT(response.replies(), SizeIs(2));
  EXPECT_EQ(response.replies(0).index(), 1);
  EXPECT_EQ(response.replies(0).score(), -2);
  EXPECT_EQ(response.replies(1).score(), -11);
  ASSERT_THAT(response.replies(1).tokens(), SizeIs(3));
  EXPECT_EQ(response.replies(1).tokens(2).text(), "</s>");
  EXPECT_EQ(response.profile_revision(), 1);
  const auto best_score = [&](v1::Normalization normalization, v1::Scoring scoring) {
    request.set_normalization(normalization);
    request.set_scoring(scoring);
    EXPECT_TRUE(Call(&v1::DialogueService::Stub::ScoreReplies, *dialogue_, request, response).ok());
    return response.replies(0).score();
  };
  EXPECT_EQ(best_score(v1::NORMALIZATION_PER_TOKEN, v1::SCORING_PERSONAL), -1);
  EXPECT_EQ(best_score(v1::NORMALIZATION_UNSPECIFIED, v1::SCORING_PERSONAL), -2);  // in total
  EXPECT_EQ(best_score(v1::NORMALIZATION_UNSPECIFIED, v1::SCORING_UNSPECIFIED), -2);
  EXPECT_EQ(best_score(v1::NORMALIZATION_UNSPECIFIED, v1::SCORING_LIKELIHOOD), -1);  // per token
}

// The engine of these tests takes for the user's own what the history that it is given has.
TEST_F(DialogueServiceTest, WordsAreCountedBeyondWhatTheModelReads) {
  Append("ann", "hi", "moin");
  for (int i = 0; i < 30; ++i) Append("ann", "hi", "hello");
  v1::ScoreRepliesRequest request;
  request.set_user_id("ann");
  request.add_candidates("moin");
  const auto score = [&](v1::Scoring scoring) {
    request.set_scoring(scoring);
    v1::ScoreRepliesResponse response;
    EXPECT_TRUE(Call(&v1::DialogueService::Stub::ScoreReplies, *dialogue_, request, response).ok());
    return response.replies(0).score();
  };
  EXPECT_EQ(score(v1::SCORING_PERSONAL_AND_WORDS), score(v1::SCORING_UNSPECIFIED));
  EXPECT_GT(score(v1::SCORING_PERSONAL_AND_WORDS), score(v1::SCORING_PERSONAL));
}

TEST_F(DialogueServiceTest, AFullQueueSaysWhenToTryAgain) {
  Start({.max_queue = 1}, {});
  engine_->Pause();
  std::future<grpc::Status> waiting = std::async(std::launch::async, [this] { return Generate("ann"); });
  ASSERT_TRUE(Eventually([&] { return engine_->submitted() == 1; }));
  store_->after_recent = [] { ADD_FAILURE() << "read a history for a request that is refused anyway"; };
  for (const char* method : {"GenerateReply", "StreamReply"}) {
    v1::GenerateReplyRequest request;
    request.set_user_id("ben");
    const grpc::Status refused =
        RawCall(channel_, std::string("/idiolect.v1.DialogueService/") + method, {request.SerializeAsString()}).status;
    EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_EQ(RetryDelayMs(refused), 1250) << "as the engine reckons";
  }
  store_->after_recent = nullptr;
  engine_->Resume();
  EXPECT_TRUE(waiting.get().ok());
}

TEST_F(DialogueServiceTest, AnOptionThatTheEngineRefusesNamesItsField) {
  engine_->FailNext(absl::InvalidArgumentError("decoding.top_p: must be smaller still"));
  const grpc::Status status = Generate("ann");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(ViolationsOf(status), ElementsAre("decoding.top_p: must be smaller still"));
}

TEST_F(DialogueServiceTest, TheClientsDeadlineReachesTheEngine) {
  const absl::Time deadline = absl::Now() + absl::Seconds(25);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(deadline));
  v1::GenerateReplyRequest request;
  request.set_user_id("ann");
  v1::GenerateReplyResponse response;
  ASSERT_TRUE(dialogue_->GenerateReply(&context, request, &response).ok());
  EXPECT_LT(absl::AbsDuration(engine_->last_deadline() - deadline), absl::Seconds(2));
}

TEST_F(DialogueServiceTest, WithoutADeadlineTheEngineHasAllTheTime) {
  grpc::ClientContext context;
  v1::GenerateReplyRequest request;
  request.set_user_id("ann");
  v1::GenerateReplyResponse response;
  ASSERT_TRUE(dialogue_->GenerateReply(&context, request, &response).ok());
  EXPECT_EQ(engine_->last_deadline(), absl::InfiniteFuture());
}

TEST_F(DialogueServiceTest, APassedDeadlineEndsTheWork) {
  Start({.tokens_per_reply = 1000, .step = absl::Milliseconds(10)}, {});
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
  v1::GenerateReplyRequest request;
  request.set_user_id("ann");
  v1::GenerateReplyResponse response;
  EXPECT_EQ(dialogue_->GenerateReply(&context, request, &response).error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  // The next request is served long before the 10 s that the first would have taken.
  const absl::Time start = absl::Now();
  v1::GenerateReplyRequest next;
  next.set_user_id("ann");
  next.mutable_decoding()->set_max_tokens(1);
  EXPECT_TRUE(Call(&v1::DialogueService::Stub::GenerateReply, *dialogue_, next, response).ok());
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
}

TEST_F(DialogueServiceTest, ACancelledCallIsCancelledInTheEngine) {
  Start({.tokens_per_reply = 1000, .step = absl::Milliseconds(10)}, {});
  grpc::ClientContext context;
  std::future<grpc::Status> call = std::async(std::launch::async, [&] {
    v1::GenerateReplyRequest request;
    request.set_user_id("ann");
    v1::GenerateReplyResponse response;
    return dialogue_->GenerateReply(&context, request, &response);
  });
  ASSERT_TRUE(Eventually([&] { return engine_->submitted() == 1; }));
  context.TryCancel();
  EXPECT_EQ(call.get().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(Eventually([&] { return engine_->cancelled() == 1; }));
}

TEST_F(DialogueServiceTest, AStreamThatNobodyReadsOnIsCancelledInTheEngine) {
  Start({.tokens_per_reply = 1000, .step = absl::Milliseconds(10)}, {});
  grpc::ClientContext context;
  v1::StreamReplyRequest request;
  request.set_user_id("ann");
  auto reader = dialogue_->StreamReply(&context, request);
  v1::StreamReplyResponse message;
  ASSERT_TRUE(reader->Read(&message));
  context.TryCancel();
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(Eventually([&] { return engine_->cancelled() == 1; }));
}

TEST_F(DialogueServiceTest, AnErrorEndsTheStream) {
  engine_->FailNext(absl::InternalError("the model is ill"));
  v1::StreamReplyRequest request;
  request.set_user_id("ann");
  EXPECT_EQ(Stream(request).status.error_code(), grpc::StatusCode::INTERNAL);
}

TEST_F(DialogueServiceTest, AnUnreachableStoreIsUnavailable) {
  store_->unreachable = true;
  EXPECT_EQ(Generate("ann").error_code(), grpc::StatusCode::UNAVAILABLE);
  v1::StreamReplyRequest request;
  request.set_user_id("ann");
  EXPECT_EQ(Stream(request).status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(engine_->submitted(), 0);
}

}  // namespace
}  // namespace idiolect::testing
