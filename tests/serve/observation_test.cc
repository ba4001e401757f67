// What a server's operator gets to see of its calls: request ids, log lines, metrics.
#include <spdlog/sinks/ostream_sink.h>

#include <map>
#include <sstream>

#include "absl/strings/escaping.h"
#include "telemetry/log.h"
#include "tests/serve/server_fixture.h"
#include "tests/support/fake_collector.h"

namespace idiolect::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class ObservationTest : public ServerFixture {
 protected:
  ObservationTest() {
    spdlog::set_default_logger(
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log_)));
    spdlog::default_logger()->set_level(spdlog::level::debug);
    ServerOptions options;
    options.metrics = metrics_;
    Start({}, options);
  }
  ~ObservationTest() override {
    Stop();
    EXPECT_TRUE(StartLog("text", "info").ok());
  }

  // The request id that comes back with a call of which `sent`, if not empty, was the id.
  std::string IdOfReply(const std::string& sent, const std::string& user = "ann") {
    grpc::ClientContext context;
    if (!sent.empty()) context.AddMetadata("x-request-id", sent);
    v1::GenerateReplyRequest request;
    request.set_user_id(user);
    request.set_post("marked-post");
    v1::GenerateReplyResponse response;
    static_cast<void>(dialogue_->GenerateReply(&context, request, &response));
    const auto found = context.GetServerTrailingMetadata().find("x-request-id");
    return found == context.GetServerTrailingMetadata().end() ? ""
                                                              : std::string(found->second.data(), found->second.size());
  }

  // All that was logged, once every call is through.
  std::string Logged() {
    Stop();
    return log_.str();
  }

  std::ostringstream log_;
  std::shared_ptr<Metrics> metrics_ = std::make_shared<Metrics>();
};

TEST_F(ObservationTest, ReturnsTheRequestIdThatItWasGiven) {
  EXPECT_EQ(IdOfReply("web-7/42:a"), "web-7/42:a");
  EXPECT_EQ(IdOfReply("failed-one", ""), "failed-one") << "with errors too";
  EXPECT_THAT(Logged(), HasSubstr("request_id=web-7/42:a"));
}

TEST_F(ObservationTest, MakesARequestIdWhereNoneFitsALog) {
  const std::string first = IdOfReply(""), second = IdOfReply("");
  EXPECT_THAT(first, MatchesRegex("[0-9a-f]{32}"));
  EXPECT_NE(first, second);
  EXPECT_THAT(IdOfReply("two words"), MatchesRegex("[0-9a-f]{32}"));
  EXPECT_THAT(IdOfReply(std::string(129, 'x')), MatchesRegex("[0-9a-f]{32}"));
}

TEST_F(ObservationTest, LogsEveryCallWithoutItsTexts) {
  Append("marked-user", "marked-post", "marked-response");
  Reply("marked-user", "marked-post");
  engine_->FailNext(absl::InternalError("broken"));
  EXPECT_NE(IdOfReply("", "marked-user"), "");
  const std::string log = Logged();
  EXPECT_THAT(log, HasSubstr("[debug] call ended method=HistoryService.AppendExchange code=OK"));
  EXPECT_THAT(log, HasSubstr("[warning] call failed method=DialogueService.GenerateReply code=INTERNAL"));
  EXPECT_THAT(log, Not(HasSubstr("marked")));
}

TEST_F(ObservationTest, CountsCallsAndReplies) {
  Append("ann", "hi", "hello");
  Reply("ann", "hi");
  Reply("marked-user", "hi");
  EXPECT_EQ(IdOfReply("x", ""), "x");
  Stop();  // a call is counted when gRPC is through with it
  const std::string text = metrics_->Text();
  EXPECT_THAT(text, HasSubstr("idiolect_requests_total{code=\"OK\",method=\"DialogueService.GenerateReply\"} 2"));
  EXPECT_THAT(
      text, HasSubstr("idiolect_requests_total{code=\"INVALID_ARGUMENT\",method=\"DialogueService.GenerateReply\"} 1"));
  EXPECT_THAT(text, HasSubstr("idiolect_cold_starts_total 1"));
  EXPECT_THAT(text, HasSubstr("idiolect_history_exchanges_sum 1"));
  EXPECT_THAT(text, HasSubstr("idiolect_requests_in_flight 0"));
  EXPECT_THAT(text, HasSubstr("idiolect_ready 0")) << "stopped";
  EXPECT_THAT(text, Not(HasSubstr("marked")));
}

TEST_F(ObservationTest, TracesACallWithItsParts) {
  FakeCollector collector;
  ServerOptions options;
  options.tracing = {std::make_shared<SpanExporter>(collector.address(), "1", metrics_), 0};
  Start({}, options);
  grpc::ClientContext context;
  context.AddMetadata("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  v1::GenerateReplyRequest request;
  request.set_user_id("marked-user");
  request.set_post("marked-post");
  v1::GenerateReplyResponse response;
  ASSERT_TRUE(dialogue_->GenerateReply(&context, request, &response).ok());
  Reply("ann", "not traced");
  std::map<std::string, otlp::Span> spans;
  for (const otlp::Span& span : collector.Await(4)) spans[span.name()] = span;
  ASSERT_THAT(spans, ::testing::SizeIs(4));
  const otlp::Span& call = spans.at("DialogueService.GenerateReply");
  EXPECT_EQ(absl::BytesToHexString(call.trace_id()), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(absl::BytesToHexString(call.parent_span_id()), "b7ad6b7169203331");
  for (const char* part : {"queue", "profile", "decode"}) {
    EXPECT_EQ(spans.at(part).parent_span_id(), call.span_id()) << part;
    EXPECT_EQ(spans.at(part).trace_id(), call.trace_id()) << part;
    EXPECT_THAT(spans.at(part).DebugString(), Not(HasSubstr("marked")));
  }
  EXPECT_THAT(call.DebugString(), Not(HasSubstr("marked")));
}

TEST_F(ObservationTest, IsReadyWhileItServes) { EXPECT_THAT(metrics_->Text(), HasSubstr("idiolect_ready 1")); }

}  // namespace
}  // namespace idiolect::testing
