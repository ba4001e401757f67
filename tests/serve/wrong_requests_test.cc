// Every wrong request of docs/api.md gets INVALID_ARGUMENT and the names of the fields, reaches neither the engine nor
// the store, and is never quoted.
#include <functional>
#include <limits>

#include "tests/serve/server_fixture.h"

namespace idiolect::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string kLongText(16385, 'x');
const std::string kLongName(257, 'x');

struct WrongRequest {
  std::string what;
  std::string method;
  std::string bytes;
  std::vector<std::string> fields;
};

template <typename Request>
WrongRequest Wrong(std::string what, std::string method, std::vector<std::string> fields,
                   const std::function<void(Request&)>& spoil) {
  Request request;
  if constexpr (requires { request.set_user_id("ann"); }) request.set_user_id("ann");
  if constexpr (requires { request.mutable_exchange(); }) request.mutable_exchange()->set_response("fine");
  if constexpr (requires { request.add_candidates(""); }) request.add_candidates("fine");
  if constexpr (requires { request.set_exchange_id(1); }) request.set_exchange_id(1);
  spoil(request);
  return {std::move(what), "/idiolect.v1." + method, request.SerializeAsString(), std::move(fields)};
}

WrongRequest WrongDecoding(const std::string& field, const std::function<void(v1::DecodingOptions&)>& spoil) {
  return Wrong<v1::GenerateReplyRequest>(
      field, "DialogueService/GenerateReply", {"decoding." + field},
      [&](v1::GenerateReplyRequest& request) { spoil(*request.mutable_decoding()); });
}

std::vector<WrongRequest> WrongUserIds() {
  std::vector<WrongRequest> cases;
  for (const std::string& id : {std::string(), kLongName, std::string("a\nb"), std::string("a\x7F"),
                                std::string("nul\0", 4), std::string("c1\xC2\x85")}) {
    const auto spoil = [&](auto& request) { request.set_user_id(id); };
    const std::string what = "user id of " + std::to_string(id.size()) + " bytes";
    cases.push_back(Wrong<v1::GenerateReplyRequest>(what, "DialogueService/GenerateReply", {"user_id"}, spoil));
    cases.push_back(Wrong<v1::StreamReplyRequest>(what, "DialogueService/StreamReply", {"user_id"}, spoil));
    cases.push_back(Wrong<v1::ScoreRepliesRequest>(what, "DialogueService/ScoreReplies", {"user_id"}, spoil));
    cases.push_back(Wrong<v1::AppendExchangeRequest>(what, "HistoryService/AppendExchange", {"user_id"}, spoil));
    cases.push_back(Wrong<v1::ListExchangesRequest>(what, "HistoryService/ListExchanges", {"user_id"}, spoil));
    cases.push_back(Wrong<v1::GetExchangeRequest>(what, "HistoryService/GetExchange", {"user_id"}, spoil));
    cases.push_back(Wrong<v1::DeleteExchangeRequest>(what, "HistoryService/DeleteExchange", {"user_id"}, spoil));
    cases.push_back(Wrong<v1::ExportUserRequest>(what, "HistoryService/ExportUser", {"user_id"}, spoil));
    cases.push_back(Wrong<v1::EraseUserRequest>(what, "HistoryService/EraseUser", {"user_id"}, spoil));
    cases.push_back(Wrong<v1::GetProfileRequest>(what, "ProfileService/GetProfile", {"user_id"}, spoil));
    cases.push_back(Wrong<v1::QueryMemoryRequest>(what, "ProfileService/QueryMemory", {"user_id"}, spoil));
  }
  return cases;
}

std::vector<WrongRequest> WrongDecodings() {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  return {
      WrongDecoding("max_tokens", [](auto& o) { o.set_max_tokens(-1); }),
      WrongDecoding("max_tokens", [](auto& o) { o.set_max_tokens(49); }),
      WrongDecoding("temperature", [](auto& o) { o.set_temperature(-0.1); }),
      WrongDecoding("temperature", [](auto& o) { o.set_temperature(10.5); }),
      WrongDecoding("temperature", [=](auto& o) { o.set_temperature(nan); }),
      WrongDecoding("top_p", [](auto& o) { o.set_top_p(0); }),
      WrongDecoding("top_p", [](auto& o) { o.set_top_p(1.01); }),
      WrongDecoding("top_p", [=](auto& o) { o.set_top_p(nan); }),
      WrongDecoding("top_k", [](auto& o) { o.set_top_k(-1); }),
      WrongDecoding("top_k", [](auto& o) { o.set_top_k(1'000'001); }),
      WrongDecoding("beam_size", [](auto& o) { o.set_beam_size(17); }),
      WrongDecoding("beam_size", [](auto& o) { o.set_beam_size(-1); }),
      WrongDecoding("length_penalty", [](auto& o) { o.set_length_penalty(5.5); }),
      WrongDecoding("length_penalty", [=](auto& o) { o.set_length_penalty(nan); }),
      WrongDecoding("no_repeat_ngram_size", [](auto& o) { o.set_no_repeat_ngram_size(17); }),
      WrongDecoding("guidance", [](auto& o) { o.set_guidance(5.5); }),
      WrongDecoding("guidance", [=](auto& o) { o.set_guidance(nan); }),
      WrongDecoding("guidance",
                    [](auto& o) {
                      o.set_guidance(1);
                      o.set_beam_size(2);
                    }),
      WrongDecoding("word_guidance", [](auto& o) { o.set_word_guidance(-0.1); }),
      WrongDecoding("word_guidance", [=](auto& o) { o.set_word_guidance(nan); }),
      WrongDecoding("word_guidance",
                    [](auto& o) {
                      o.set_word_guidance(1);
                      o.set_beam_size(2);
                    }),
      WrongDecoding("candidate_count",
                    [](auto& o) {
                      o.set_candidate_count(17);
                      o.set_temperature(1);
                    }),
      WrongDecoding("candidate_count", [](auto& o) { o.set_candidate_count(2); }),  // greedy has one
      WrongDecoding("candidate_count",
                    [](auto& o) {
                      o.set_beam_size(2);
                      o.set_candidate_count(3);
                    }),
      WrongDecoding("temperature",
                    [](auto& o) {
                      o.set_beam_size(2);
                      o.set_temperature(1);
                    }),
  };
}

std::vector<WrongRequest> WrongDialogues() {
  using Reply = v1::GenerateReplyRequest;
  using Stream = v1::StreamReplyRequest;
  using Score = v1::ScoreRepliesRequest;
  return {
      Wrong<Reply>("long post", "DialogueService/GenerateReply", {"post"}, [](auto& r) { r.set_post(kLongText); }),
      Wrong<Reply>("negative revision", "DialogueService/GenerateReply", {"min_revision"},
                   [](auto& r) { r.set_min_revision(-1); }),
      Wrong<Reply>("everything at once", "DialogueService/GenerateReply",
                   {"user_id", "post", "decoding.temperature", "decoding.top_k", "min_revision"},
                   [](auto& r) {
                     r.set_user_id("");
                     r.set_post(kLongText);
                     r.mutable_decoding()->set_temperature(11);
                     r.mutable_decoding()->set_top_k(-1);
                     r.set_min_revision(-1);
                   }),
      Wrong<Stream>("long post", "DialogueService/StreamReply", {"post"}, [](auto& r) { r.set_post(kLongText); }),
      Wrong<Stream>("top_p", "DialogueService/StreamReply", {"decoding.top_p"},
                    [](auto& r) { r.mutable_decoding()->set_top_p(2); }),
      Wrong<Score>("no candidates", "DialogueService/ScoreReplies", {"candidates"},
                   [](auto& r) { r.clear_candidates(); }),
      Wrong<Score>("65 candidates", "DialogueService/ScoreReplies", {"candidates"},
                   [](auto& r) {
                     while (r.candidates_size() < 65) r.add_candidates("fine");
                   }),
      Wrong<Score>("long candidate", "DialogueService/ScoreReplies", {"candidates[1]", "candidates[3]"},
                   [](auto& r) {
                     for (const std::string& text : {kLongText, std::string(), kLongText}) r.add_candidates(text);
                   }),
      Wrong<Score>("unknown scoring", "DialogueService/ScoreReplies", {"scoring", "normalization"},
                   [](auto& r) {
                     r.set_scoring(static_cast<v1::Scoring>(9));
                     r.set_normalization(static_cast<v1::Normalization>(-1));
                   }),
      Wrong<v1::QueryMemoryRequest>("long post", "ProfileService/QueryMemory", {"post", "min_revision"},
                                    [](auto& r) {
                                      r.set_post(kLongText);
                                      r.set_min_revision(-5);
                                    }),
      Wrong<v1::GetProfileRequest>("numbers", "ProfileService/GetProfile", {"min_revision", "vocabulary_size"},
                                   [](auto& r) {
                                     r.set_min_revision(-1);
                                     r.set_vocabulary_size(-1);
                                   }),
      Wrong<v1::ListUsersRequest>("page size", "ProfileService/ListUsers", {"page_size"},
                                  [](auto& r) { r.set_page_size(-1); }),
      Wrong<v1::ListUsersRequest>("page token", "ProfileService/ListUsers", {"page_token"},
                                  [](auto& r) { r.set_page_token("made up"); }),
  };
}

std::vector<WrongRequest> WrongHistories() {
  using Append = v1::AppendExchangeRequest;
  using List = v1::ListExchangesRequest;
  return {
      Wrong<Append>("no exchange", "HistoryService/AppendExchange", {"exchange"}, [](auto& r) { r.clear_exchange(); }),
      Wrong<Append>("no response", "HistoryService/AppendExchange", {"exchange.response"},
                    [](auto& r) { r.mutable_exchange()->clear_response(); }),
      Wrong<Append>("long texts", "HistoryService/AppendExchange",
                    {"exchange.post", "exchange.response", "exchange.post_user", "exchange.source", "request_id"},
                    [](auto& r) {
                      r.mutable_exchange()->set_post(kLongText);
                      r.mutable_exchange()->set_response(kLongText);
                      r.mutable_exchange()->set_post_user(kLongName);
                      r.mutable_exchange()->set_source(kLongName);
                      r.set_request_id(std::string(129, 'x'));
                    }),
      Wrong<Append>("time", "HistoryService/AppendExchange", {"exchange.time.seconds", "exchange.time.nanos"},
                    [](auto& r) {
                      r.mutable_exchange()->mutable_time()->set_seconds(std::numeric_limits<int64_t>::max());
                      r.mutable_exchange()->mutable_time()->set_nanos(-1);
                    }),
      Wrong<List>("numbers", "HistoryService/ListExchanges", {"page_size", "order", "min_revision"},
                  [](auto& r) {
                    r.set_page_size(-1);
                    r.set_order(static_cast<v1::ExchangeOrder>(3));
                    r.set_min_revision(-1);
                  }),
      Wrong<List>("page token", "HistoryService/ListExchanges", {"page_token"},
                  [](auto& r) { r.set_page_token("made up"); }),
      Wrong<v1::GetExchangeRequest>("id", "HistoryService/GetExchange", {"exchange_id"},
                                    [](auto& r) { r.set_exchange_id(0); }),
      Wrong<v1::DeleteExchangeRequest>("ids", "HistoryService/DeleteExchange", {"exchange_id", "request_id"},
                                       [](auto& r) {
                                         r.set_exchange_id(-3);
                                         r.set_request_id(std::string(129, 'x'));
                                       }),
      Wrong<v1::EraseUserRequest>("request id", "HistoryService/EraseUser", {"request_id"},
                                  [](auto& r) { r.set_request_id(std::string(129, 'x')); }),
  };
}

// Bytes that no protobuf library would write into a string field, on the wire all the same.
std::string WithBrokenText(std::string bytes) {
  for (size_t at; (at = bytes.find("BROKEN")) != std::string::npos;) bytes.replace(at, 6, "\xFF\xC3(\xED\xA0\x80");
  return bytes;
}

std::vector<WrongRequest> WrongEncodings() {
  std::vector<WrongRequest> cases = {
      Wrong<v1::GenerateReplyRequest>("UTF-8", "DialogueService/GenerateReply", {"user_id", "post"},
                                      [](auto& r) {
                                        r.set_user_id("BROKEN");
                                        r.set_post("some BROKEN text");
                                      }),
      Wrong<v1::StreamReplyRequest>("UTF-8", "DialogueService/StreamReply", {"post"},
                                    [](auto& r) { r.set_post("BROKEN"); }),
      Wrong<v1::ScoreRepliesRequest>("UTF-8", "DialogueService/ScoreReplies", {"candidates[2]"},
                                     [](auto& r) {
                                       r.add_candidates("fine");
                                       r.add_candidates("BROKEN");
                                     }),
      Wrong<v1::AppendExchangeRequest>("UTF-8", "HistoryService/AppendExchange",
                                       {"exchange.post", "exchange.response", "exchange.source", "request_id"},
                                       [](auto& r) {
                                         r.mutable_exchange()->set_post("BROKEN");
                                         r.mutable_exchange()->set_response("BROKEN");
                                         r.mutable_exchange()->set_source("BROKEN");
                                         r.set_request_id("BROKEN");
                                       }),
      Wrong<v1::ExportUserRequest>("UTF-8", "HistoryService/ExportUser", {"user_id"},
                                   [](auto& r) { r.set_user_id("BROKEN"); }),
      Wrong<v1::ListUsersRequest>("UTF-8", "ProfileService/ListUsers", {"page_token"},
                                  [](auto& r) { r.set_page_token("BROKEN"); }),
  };
  for (WrongRequest& wrong : cases) wrong.bytes = WithBrokenText(wrong.bytes);
  return cases;
}

using WrongRequestsTest = ServerFixture;

TEST_F(WrongRequestsTest, GetFieldViolationsAndChangeNothing) {
  std::vector<WrongRequest> cases;
  for (const auto& some : {WrongUserIds(), WrongDecodings(), WrongDialogues(), WrongHistories(), WrongEncodings()}) {
    cases.insert(cases.end(), some.begin(), some.end());
  }
  for (const WrongRequest& wrong : cases) {
    SCOPED_TRACE(wrong.method + ": " + wrong.what);
    const RawAnswer answer = RawCall(channel_, wrong.method, {wrong.bytes});
    EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << answer.status.error_message();
    EXPECT_THAT(FieldsOf(answer.status), ElementsAreArray(wrong.fields));
    EXPECT_THAT(answer.messages, IsEmpty());
    EXPECT_THAT(answer.status.error_message(), Not(HasSubstr("xxx")));
  }
  EXPECT_EQ(engine_->submitted(), 0);
  EXPECT_THAT(memory_->ListUsers("default", 10, "")->users, IsEmpty());
}

TEST_F(WrongRequestsTest, BytesThatAreNoMessageAreInvalid) {
  for (const char* method : {"DialogueService/GenerateReply", "DialogueService/StreamReply",
                             "HistoryService/AppendExchange", "HistoryService/ExportUser"}) {
    const RawAnswer answer = RawCall(channel_, std::string("/idiolect.v1.") + method, {"\x0A\xFFgarbage"});
    EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << method;
  }
}

TEST_F(WrongRequestsTest, ManyViolationsStillFitIntoHeaders) {
  v1::ScoreRepliesRequest request;
  for (int i = 0; i < 64; ++i) request.add_candidates(kLongText);
  const RawAnswer answer =
      RawCall(channel_, "/idiolect.v1.DialogueService/ScoreReplies", {request.SerializeAsString()});
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(FieldsOf(answer.status).size(), 20u);
  EXPECT_THAT(answer.status.error_message(), HasSubstr("and 64 more"));
}

TEST_F(WrongRequestsTest, LimitsThemselvesAreFine) {
  v1::AppendExchangeRequest append;
  append.set_user_id(std::string(256, 'u'));
  append.mutable_exchange()->set_post(std::string(16384, 'p'));
  append.mutable_exchange()->set_response(std::string(16384, 'r'));
  append.set_request_id(std::string(128, 'i'));
  EXPECT_TRUE(
      RawCall(channel_, "/idiolect.v1.HistoryService/AppendExchange", {append.SerializeAsString()}).status.ok());

  v1::GenerateReplyRequest reply;
  reply.set_user_id("名前 with space");
  v1::DecodingOptions& decoding = *reply.mutable_decoding();
  decoding.set_max_tokens(48);
  decoding.set_temperature(10);
  decoding.set_top_p(1);
  decoding.set_top_k(1'000'000);
  decoding.set_length_penalty(-5);
  decoding.set_no_repeat_ngram_size(16);
  decoding.set_guidance(5);
  decoding.set_word_guidance(5);
  decoding.set_candidate_count(16);
  EXPECT_TRUE(RawCall(channel_, "/idiolect.v1.DialogueService/GenerateReply", {reply.SerializeAsString()}).status.ok());
}

}  // namespace
}  // namespace idiolect::testing
