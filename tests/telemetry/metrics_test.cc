#include "telemetry/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "telemetry/metrics_server.h"
#include "telemetry/observed_store.h"

namespace idiolect {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Reply SomeReply(int tokens) {
  Reply reply;
  ReplyCandidate& best = reply.candidates.emplace_back();
  best.tokens.assign(tokens, 5);
  reply.timing.first_token = absl::Milliseconds(20);
  reply.timing.total = absl::Milliseconds(20 + 2 * tokens);
  return reply;
}

TEST(MetricsTest, CountsCallsByMethodAndCode) {
  Metrics metrics;
  for (int i = 0; i < 3; ++i) metrics.OnCallStart();
  metrics.OnCallEnd("S.M", "OK", absl::Milliseconds(3));
  metrics.OnCallEnd("S.M", "UNAVAILABLE", absl::Milliseconds(3));
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("idiolect_requests_total{code=\"OK\",method=\"S.M\"} 1"));
  EXPECT_THAT(text, HasSubstr("idiolect_requests_total{code=\"UNAVAILABLE\",method=\"S.M\"} 1"));
  EXPECT_THAT(text, HasSubstr("idiolect_request_seconds_bucket{method=\"S.M\",le=\"0.005\"} 2"));
  EXPECT_THAT(text, HasSubstr("idiolect_requests_in_flight 1"));
}

TEST(MetricsTest, TellsWhatRepliesAreLike) {
  Metrics metrics;
  metrics.OnAnswer(SomeReply(4), 12);
  metrics.OnReply(4, 3);
  Reply stranger = SomeReply(0);
  stranger.cold_start = true;
  metrics.OnAnswer(stranger, 0);
  metrics.OnReply(0, 0);
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("idiolect_copy_share_sum 0.75"));
  EXPECT_THAT(text, HasSubstr("idiolect_copy_share_count 1")) << "an empty reply has no share";
  EXPECT_THAT(text, HasSubstr("idiolect_cold_starts_total 1"));
  EXPECT_THAT(text, HasSubstr("idiolect_history_exchanges_bucket{le=\"16\"} 2"));
  EXPECT_THAT(text, HasSubstr("idiolect_history_exchanges_bucket{le=\"8\"} 1"));
  EXPECT_THAT(text, HasSubstr("idiolect_first_token_seconds_count 2"));
  EXPECT_THAT(text, HasSubstr("idiolect_token_seconds_sum 0.002")) << "8 ms for three tokens and </s>";
}

TEST(MetricsTest, AsksTheEngineAtEachScrape) {
  Metrics metrics;
  EXPECT_THAT(metrics.Text(), Not(HasSubstr("idiolect_steps_total")));
  EngineStats stats;
  ModelInfo info;
  info.name = "m";
  info.content_hash = "abc";
  metrics.WatchEngine([&] { return stats; }, [&] { return info; });
  stats.steps = 7;
  stats.wasted_row_steps = 3;
  EXPECT_THAT(metrics.Text(), HasSubstr("idiolect_steps_total 7"));
  stats.steps = 8;
  EXPECT_THAT(metrics.Text(), HasSubstr("idiolect_steps_total 8"));
  EXPECT_THAT(metrics.Text(), HasSubstr("idiolect_wasted_row_steps_total 3"));
  EXPECT_THAT(metrics.Text(), HasSubstr("idiolect_model_info{name=\"m\",content_hash=\"abc\""));
}

TEST(MetricsTest, KnowsTheProcess) {
  const std::string text = Metrics().Text();
  for (const char* name : {"process_cpu_seconds_total ", "process_resident_memory_bytes ", "process_open_fds ",
                           "process_start_time_seconds "}) {
    EXPECT_THAT(text, HasSubstr(name));
  }
}

TEST(ObservedStoreTest, TimesOperationsAndCountsFaults) {
  Metrics metrics;
  const auto store = ObserveStore(OpenHistoryStore("memory:").value(), metrics);
  Exchange exchange;
  exchange.response = "hello";
  EXPECT_TRUE(store->Append({"t", "ann"}, exchange, "").ok());
  EXPECT_EQ(store->Get({"t", "ann"}, 9).status().code(), absl::StatusCode::kNotFound);
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("idiolect_store_seconds_count{operation=\"Append\"} 1"));
  EXPECT_THAT(text, HasSubstr("idiolect_store_seconds_count{operation=\"Get\"} 1"));
  EXPECT_THAT(text, Not(HasSubstr("idiolect_store_errors_total{operation=\"Get\"}"))) << "an answer, not a fault";
  EXPECT_THAT(text, Not(HasSubstr("ann")));
}

TEST(MetricsServerTest, RefusesWhatIsNoAddress) {
  const Metrics metrics;
  for (const char* address : {"", "9464", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000"}) {
    EXPECT_EQ(MetricsServer::Start(address, metrics).status().code(), absl::StatusCode::kInvalidArgument) << address;
  }
  const auto first = MetricsServer::Start("127.0.0.1:0", metrics);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(MetricsServer::Start((*first)->address(), metrics).status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace idiolect
