#include "telemetry/trace_context.h"

#include <gtest/gtest.h>

#include <set>

#include "absl/strings/escaping.h"

namespace idiolect {
namespace {

constexpr char kTrace[] = "0af7651916cd43dd8448eb211c80319c", kSpan[] = "b7ad6b7169203331";

std::string Header(const std::string& version, const std::string& trace, const std::string& span,
                   const std::string& rest) {
  return version + "-" + trace + "-" + span + "-" + rest;
}

TEST(TraceContextTest, ReadsTheCallersSpan) {
  const auto context = ParseTraceparent(Header("00", kTrace, kSpan, "01"));
  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(absl::BytesToHexString(context->trace_id), kTrace);
  EXPECT_EQ(absl::BytesToHexString(context->span_id), kSpan);
  EXPECT_TRUE(context->sampled);
  EXPECT_FALSE(ParseTraceparent(Header("00", kTrace, kSpan, "00"))->sampled);
  EXPECT_TRUE(ParseTraceparent(Header("00", kTrace, kSpan, "03"))->sampled) << "other flags are for others";
}

TEST(TraceContextTest, ReadsTheBeginningOfLaterVersions) {
  EXPECT_TRUE(ParseTraceparent(Header("01", kTrace, kSpan, "01-more")).has_value());
  EXPECT_TRUE(ParseTraceparent(Header("01", kTrace, kSpan, "01")).has_value());
  EXPECT_FALSE(ParseTraceparent(Header("01", kTrace, kSpan, "01more")).has_value());
}

TEST(TraceContextTest, TakesNothingMalformed) {
  const std::string good = Header("00", kTrace, kSpan, "01");
  for (size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(ParseTraceparent(good.substr(0, length)).has_value()) << length;
  }
  for (const std::string& bad :
       {good + "-", Header("ff", kTrace, kSpan, "01"), Header("00", std::string(32, '0'), kSpan, "01"),
        Header("00", kTrace, std::string(16, '0'), "01"), Header("00", "0AF7651916CD43DD8448EB211C80319C", kSpan, "01"),
        Header("00", kTrace, kSpan, "0x"), std::string(55, '-')}) {
    EXPECT_FALSE(ParseTraceparent(bad).has_value()) << bad;
  }
}

TEST(TraceContextTest, IdsAreUnique) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(RandomId(16));
  EXPECT_EQ(ids.size(), 1000u);
  EXPECT_EQ(RandomId(8).size(), 8u);
}

}  // namespace
}  // namespace idiolect
