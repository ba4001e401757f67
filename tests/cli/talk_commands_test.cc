// chat, ask, rank and status against a server, and how errors read.
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/cli/command_fixture.h"

namespace idiolect {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

grpc::Status WithDetail(grpc::StatusCode code, const std::string& message, const google::protobuf::Message& detail) {
  google::rpc::Status rich;
  rich.set_code(code);
  rich.set_message(message);
  rich.add_details()->PackFrom(detail);
  return grpc::Status(code, message, rich.SerializeAsString());
}

class TalkCommandsTest : public CommandFixture {
 protected:
  TalkCommandsTest() {
    v1::Exchange& exchange = server_.histories["ann"].emplace_back();
    exchange.set_exchange_id(1);
    exchange.set_post("when?");
    exchange.set_response("soon enough");
    v1::TokenExplanation token;
    token.set_text("▁soon");
    token.add_sources()->set_exchange_id(1);
    token.mutable_sources(0)->set_weight(0.75);
    server_.explanation = {token};
  }
};

TEST_F(TalkCommandsTest, PipedChatGivesALineForALine) {
  EXPECT_EQ(Run({"chat", "--user", "ann"}, "one\r\n\ntwo\n/user ben\nthree"), 0);
  EXPECT_EQ(out_, "ann hears one\nann hears two\nben hears three\n");
  EXPECT_EQ(server_.decodings[0].temperature(), 0.7);
  EXPECT_EQ(server_.decodings[0].top_p(), 0.9);
  EXPECT_NE(server_.decodings[0].seed(), server_.decodings[1].seed());
}

TEST_F(TalkCommandsTest, WhyNamesTheSources) {
  EXPECT_EQ(Run({"chat", "--user", "ann"}, "one\n/why\n"), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("  soon[1]\n"), HasSubstr("0.8 of 1 tokens copied"), HasSubstr("› soon enough\n")));
}

TEST_F(TalkCommandsTest, NothingIsLearntButByKeep) {
  EXPECT_EQ(Run({"chat", "--user", "ann"}, "one\n"), 0);
  EXPECT_EQ(server_.histories["ann"].size(), 1u);
  EXPECT_EQ(Run({"chat", "--user", "ann"}, "one\n/keep\n/keep\ntwo\n/keep what I really say\nthree\n"), 0) << err_;
  ASSERT_EQ(server_.histories["ann"].size(), 3u);
  EXPECT_EQ(server_.histories["ann"][1].post(), "one");
  EXPECT_EQ(server_.histories["ann"][1].response(), "ann hears one");
  EXPECT_EQ(server_.histories["ann"][1].source(), "chat");
  EXPECT_EQ(server_.histories["ann"][2].response(), "what I really say");
  EXPECT_THAT(out_, HasSubstr("was kept already"));
  EXPECT_THAT(server_.min_revisions, ElementsAre(0, 0, 2, 3));
}

TEST_F(TalkCommandsTest, AMistakeEndsAPipedChat) {
  EXPECT_EQ(Run({"chat", "--user", "ann"}, "/why\none\n"), 1);
  EXPECT_EQ(err_, "idiolect chat: there is no reply yet to explain\n");
  EXPECT_EQ(Run({"chat", "--user", "ann"}, "/whatever\n"), 1);
  EXPECT_THAT(err_, HasSubstr("none of /why, /keep"));
}

TEST_F(TalkCommandsTest, AskIsGreedyAndPrintsTheReplyAlone) {
  EXPECT_EQ(Run({"ask", "--user", "ann", "--", "-how"}), 0) << err_;
  EXPECT_EQ(out_, "ann hears -how\n");
  EXPECT_EQ(server_.decodings[0].temperature(), 0);
  EXPECT_FALSE(server_.decodings[0].has_top_p());
}

TEST_F(TalkCommandsTest, DecodingOptionsReachTheServer) {
  EXPECT_EQ(Run({"ask",
                 "--user",
                 "ann",
                 "hm",
                 "--temperature",
                 "1.5",
                 "--top-p",
                 "0.5",
                 "--top-k",
                 "7",
                 "--seed",
                 "18446744073709551615",
                 "--max-tokens",
                 "9",
                 "--no-repeat-ngram",
                 "3",
                 "--guidance",
                 "0.5",
                 "--candidates",
                 "2"}),
            0)
      << err_;
  EXPECT_EQ(server_.decodings[0].ShortDebugString(),
            "max_tokens: 9 temperature: 1.5 top_p: 0.5 top_k: 7 seed: 18446744073709551615 beam_size: 1 "
            "no_repeat_ngram_size: 3 candidate_count: 2 guidance: 0.5 word_guidance: 0.35");
  EXPECT_THAT(out_, AllOf(HasSubstr(" 1. ann hears hm  -1.00\n"), HasSubstr(" 2. ann hears hm!  -2.00\n")));
  EXPECT_EQ(Run({"chat", "--user", "ann", "--beam-size", "4", "--length-penalty", "-1"}, "hm\n"), 0) << err_;
  EXPECT_EQ(server_.decodings[1].temperature(), 0) << "beam search excludes sampling";
  EXPECT_EQ(server_.decodings[1].length_penalty(), -1);
  EXPECT_EQ(server_.decodings[1].word_guidance(), 0) << "and word guidance";
  EXPECT_EQ(Run({"ask", "--user", "ann", "hm", "--word-guidance", "0"}), 0) << err_;
  EXPECT_EQ(server_.decodings[2].word_guidance(), 0);
}

TEST_F(TalkCommandsTest, RankPrintsBestFirstAndLeavesCandidatesAlone) {
  EXPECT_EQ(Run({"rank", "--user", "ann", "--post", "hm", "[laughs, loudly]", "ok", "--scoring", "joint"}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr(" 1    1.500     -7.00  ok\n 2    0.500     -7.00  [laughs, loudly]\n"));
}

TEST_F(TalkCommandsTest, LoadSaysWhichModelServesNow) {
  EXPECT_EQ(Run({"load", "tiny-2"}), 0) << err_;
  EXPECT_EQ(out_, "serving tiny-2, content 0123456789ab, loaded in 0.84 s\n");
  EXPECT_EQ(Run({"load", "tiny-2", "--json"}), 0);
  EXPECT_THAT(out_, HasSubstr(R"("content_hash": "0123456789abcdef")"));
  EXPECT_EQ(Run({"load", "tiny-3"}), 1);
  EXPECT_THAT(err_, HasSubstr("there is no such model"));
}

TEST_F(TalkCommandsTest, StatusNamesModelAndHealth) {
  EXPECT_EQ(Run({"status", "--wait", "10"}), 0) << err_;
  EXPECT_THAT(out_, AllOf(StartsWith(server_.address() + "  serving, version 9.8.7\n"),
                          HasSubstr("  HistoryService   serving\n"), HasSubstr("model   tiny (1,234,567 parameters")));
  EXPECT_EQ(Run({"status", "--json"}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr(R"("health": "serving")"), HasSubstr(R"("name": "tiny")")));
}

TEST_F(TalkCommandsTest, StatusAsksForOneHealthOnly) {
  EXPECT_EQ(Run({"status", "--health", "server"}), 0) << err_;
  EXPECT_EQ(out_, "server is serving\n");
  EXPECT_EQ(Run({"status", "--health", "idiolect.v1.HistoryService"}), 0) << err_;
  EXPECT_EQ(Run({"status", "--health", "idiolect.v1.NoService"}), 1);
}

TEST_F(TalkCommandsTest, FieldViolationsReadAsOneLine) {
  google::rpc::BadRequest bad_request;
  for (const char* field : {"decoding.top_p", "post"}) {
    auto& violation = *bad_request.add_field_violations();
    violation.set_field(field);
    violation.set_description("out of\nrange");
  }
  server_.next_reply_status = WithDetail(grpc::StatusCode::INVALID_ARGUMENT, "bad", bad_request);
  EXPECT_EQ(Run({"ask", "--user", "ann", "hm"}), 1);
  EXPECT_EQ(err_, "idiolect ask: decoding.top_p: out of range; post: out of range\n");
}

TEST_F(TalkCommandsTest, BusyServerSaysWhenToTryAgain) {
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_nanos(500000000);
  server_.next_reply_status = WithDetail(grpc::StatusCode::RESOURCE_EXHAUSTED, "the queue is full", retry);
  EXPECT_EQ(Run({"chat", "--user", "ann"}, "hm\n"), 1);
  EXPECT_EQ(err_, "idiolect chat: the queue is full; try again in 500ms\n");
}

TEST_F(TalkCommandsTest, UnavailableStoreIsNotAMissingServer) {
  server_.next_reply_status = grpc::Status(grpc::StatusCode::UNAVAILABLE, "the store is away");
  EXPECT_EQ(Run({"ask", "--user", "ann", "hm"}), 1);
  EXPECT_EQ(err_, "idiolect ask: the store is away\n");
}

TEST_F(TalkCommandsTest, MissingServerGivesAHint) {
  EXPECT_EQ(RunAlone({"idiolect", "status", "--server", "127.0.0.1:1"}), 1);
  EXPECT_EQ(err_,
            "idiolect status: can't reach a server at 127.0.0.1:1; `idiolect serve` starts one, --server or "
            "IDIOLECT_SERVER names another\n");
}

TEST_F(TalkCommandsTest, ServerComesFromTheEnvironment) {
  setenv("IDIOLECT_SERVER", server_.address().c_str(), 1);
  EXPECT_EQ(RunAlone({"idiolect", "ask", "--user", "ann", "hm"}), 0) << err_;
  unsetenv("IDIOLECT_SERVER");
}

}  // namespace
}  // namespace idiolect
