#include "telemetry/span_exporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "telemetry/call_trace.h"
#include "tests/support/fake_collector.h"

namespace idiolect::testing {
namespace {

using ::testing::HasSubstr;

Span SomeSpan(const std::string& name) {
  Span span;
  span.trace_id = RandomId(16);
  span.span_id = RandomId(8);
  span.name = name;
  span.start = absl::FromUnixNanos(1'000'000'007);
  span.end = absl::FromUnixNanos(1'000'000'107);
  span.attributes = {{"text", "a"}, {"whole", int64_t{7}}, {"real", 0.5}, {"flag", true}};
  return span;
}

std::string Dropped(const Metrics& metrics) {
  const std::string text = metrics.Text();
  const size_t at = text.find("\nidiolect_spans_dropped_total ") + 1;
  return text.substr(at, text.find('\n', at) - at);
}

class SpanExporterTest : public ::testing::Test {
 protected:
  FakeCollector collector_;
  std::shared_ptr<Metrics> metrics_ = std::make_shared<Metrics>();
};

TEST_F(SpanExporterTest, SendsSpansWithAllThatBelongsToThem) {
  SpanExporter exporter("http://" + collector_.address(), "1.2.3", metrics_);
  Span sent = SomeSpan("work");
  sent.parent_span_id = RandomId(8);
  sent.failed = true;
  exporter.Export({sent});
  const auto spans = collector_.Await(1);
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0].trace_id(), sent.trace_id);
  EXPECT_EQ(spans[0].span_id(), sent.span_id);
  EXPECT_EQ(spans[0].parent_span_id(), sent.parent_span_id);
  EXPECT_EQ(spans[0].name(), "work");
  EXPECT_EQ(spans[0].start_time_unix_nano(), 1'000'000'007u);
  EXPECT_EQ(spans[0].end_time_unix_nano(), 1'000'000'107u);
  EXPECT_EQ(spans[0].status().code(), otlp::Status::STATUS_CODE_ERROR);
  ASSERT_EQ(spans[0].attributes_size(), 4);
  EXPECT_EQ(spans[0].attributes(0).value().string_value(), "a");
  EXPECT_EQ(spans[0].attributes(1).value().int_value(), 7);
  EXPECT_EQ(spans[0].attributes(2).value().double_value(), 0.5);
  EXPECT_TRUE(spans[0].attributes(3).value().bool_value());
  EXPECT_THAT(collector_.resource().DebugString(), HasSubstr("idiolect"));
  EXPECT_THAT(collector_.resource().DebugString(), HasSubstr("1.2.3"));
}

TEST_F(SpanExporterTest, SendsWhatIsLeftWhenItEnds) {
  {
    SpanExporter exporter(collector_.address(), "1", metrics_);
    for (int i = 0; i < 100; ++i) exporter.Export({SomeSpan("last")});
  }
  EXPECT_EQ(collector_.spans().size(), 100u);
  EXPECT_EQ(Dropped(*metrics_), "idiolect_spans_dropped_total 0");
}

TEST_F(SpanExporterTest, CountsWhatTheCollectorRejects) {
  collector_.Reject(2);
  { SpanExporter(collector_.address(), "1", metrics_).Export({SomeSpan("a"), SomeSpan("b"), SomeSpan("c")}); }
  EXPECT_EQ(Dropped(*metrics_), "idiolect_spans_dropped_total 2");
}

TEST_F(SpanExporterTest, NeverWaitsForACollectorThatIsAway) {
  const absl::Time start = absl::Now();
  {
    SpanExporter exporter("127.0.0.1:1", "1", metrics_);
    for (int i = 0; i < 10'000; ++i) exporter.Export({SomeSpan("lost")});
    EXPECT_LT(absl::Now() - start, absl::Seconds(2));
  }
  EXPECT_LT(absl::Now() - start, absl::Seconds(20));
  EXPECT_EQ(Dropped(*metrics_), "idiolect_spans_dropped_total 10000");
}

TEST_F(SpanExporterTest, ACallAndItsPartsAreOneTrace) {
  const auto exporter = std::make_shared<SpanExporter>(collector_.address(), "1", metrics_);
  const auto trace = std::make_shared<CallTrace>(exporter, "S.M", std::nullopt, absl::Now());
  {
    const CallTrace::Scope scope(trace);
    CallTrace::Current()->Add("part", absl::Now(), absl::Now());
  }
  EXPECT_EQ(CallTrace::Current(), nullptr);
  trace->End(absl::Now(), false, {});
  trace->Add("late", absl::Now(), absl::Now());
  trace->End(absl::Now(), true, {});
  const auto spans = collector_.Await(2);
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_EQ(spans[0].parent_span_id(), spans[1].span_id());
  EXPECT_EQ(spans[0].trace_id(), spans[1].trace_id());
  EXPECT_EQ(spans[1].kind(), otlp::Span::SPAN_KIND_SERVER);
  EXPECT_EQ(spans[1].parent_span_id(), "");
}

TEST_F(SpanExporterTest, TheCallerDecidesElseTheShare) {
  const std::string known = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0";
  const Tracing none, all{std::make_shared<SpanExporter>(collector_.address(), "1", metrics_), 1}, few{all.exporter, 0};
  EXPECT_EQ(none.Start("S.M", known + "1", absl::Now()), nullptr);
  EXPECT_NE(few.Start("S.M", known + "1", absl::Now()), nullptr);
  EXPECT_EQ(all.Start("S.M", known + "0", absl::Now()), nullptr);
  EXPECT_NE(all.Start("S.M", "", absl::Now()), nullptr);
  EXPECT_EQ(few.Start("S.M", "nonsense", absl::Now()), nullptr);
}

}  // namespace
}  // namespace idiolect::testing
