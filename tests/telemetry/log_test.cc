#include "telemetry/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nlohmann/json.hpp"

namespace idiolect {
namespace {

using ::testing::HasSubstr;
using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

class LogTest : public ::testing::Test {
 protected:
  ~LogTest() override { EXPECT_TRUE(StartLog("text", "info").ok()); }

  // What `log` writes.
  template <typename Log>
  static std::string Written(const std::string& format, const std::string& level, const Log& log) {
    CaptureStderr();
    EXPECT_TRUE(StartLog(format, level).ok());
    log();
    return GetCapturedStderr();
  }
};

TEST_F(LogTest, JsonLinesHaveTheFieldsAsValues) {
  const std::string line = Written("json", "info", [] {
    LogEvent(spdlog::level::warn, "call failed", {{"code", "INTERNAL"}, {"ms", 1.5}, {"count", int64_t{3}}});
  });
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json["level"], "warning");
  EXPECT_EQ(json["message"], "call failed");
  EXPECT_EQ(json["code"], "INTERNAL");
  EXPECT_EQ(json["ms"], 1.5);
  EXPECT_EQ(json["count"], 3);
  EXPECT_THAT(json["time"].get<std::string>(), ::testing::ContainsRegex("^20..-..-..T..:..:..\\.......Z$"));
}

TEST_F(LogTest, FieldsStayWithTheirLine) {
  const std::string lines = Written("json", "info", [] {
    LogEvent(spdlog::level::info, "one", {{"key", "value"}});
    spdlog::info("two");
  });
  EXPECT_FALSE(nlohmann::json::parse(lines.substr(lines.find('\n') + 1)).contains("key"));
}

TEST_F(LogTest, WhateverIsLoggedIsOneJsonLine) {
  const std::string line = Written("json", "info", [] { spdlog::info("a \"quote\", a\nline, a byte \xff"); });
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_EQ(nlohmann::json::parse(line)["message"], "a \"quote\", a\nline, a byte \xef\xbf\xbd");
}

TEST_F(LogTest, TextLinesHaveThemBehindTheEvent) {
  EXPECT_THAT(Written("text", "info",
                      [] {
                        LogEvent(spdlog::level::info, "call ended", {{"code", "OK"}, {"ms", 0.25}});
                      }),
              HasSubstr("call ended code=OK ms=0.25\n"));
}

TEST_F(LogTest, EmptyFieldsAreLeftOut) {
  const auto log = [] { LogEvent(spdlog::level::info, "call ended", {{"trace_id", ""}}); };
  EXPECT_THAT(Written("text", "info", log), HasSubstr("call ended\n"));
  EXPECT_FALSE(nlohmann::json::parse(Written("json", "info", log)).contains("trace_id"));
}

TEST_F(LogTest, TheLevelIsTheLeastThatIsLogged) {
  const auto log = [] {
    LogEvent(spdlog::level::debug, "small", {});
    LogEvent(spdlog::level::err, "large", {});
  };
  EXPECT_THAT(Written("text", "debug", log), HasSubstr("small"));
  EXPECT_THAT(Written("text", "error", log), ::testing::Not(HasSubstr("small")));
  EXPECT_THAT(Written("text", "error", log), HasSubstr("large"));
}

TEST_F(LogTest, RefusesUnknownFormatsAndLevels) {
  EXPECT_EQ(StartLog("xml", "info").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(StartLog("json", "loud").code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace idiolect
