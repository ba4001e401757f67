// Which of a client's resets count.
#include "serve/reset_counter.h"

#include <gtest/gtest.h>

#include "tests/serve/http2_frames.h"

namespace idiolect::testing {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'700'000'000);

TEST(ResetCounterTest, CountsCallsThatAreResetAtOnce) {
  ResetCounter counter;
  EXPECT_EQ(counter.Take(kHttp2Preface + Frame(kSettings, 0), kStart), 0);
  EXPECT_EQ(counter.Take(ResetCall(1) + ResetCall(3), kStart), 2);
  EXPECT_EQ(counter.Take(Frame(kHeaders, 5, "headers") + Frame(kData, 5, "message"), kStart), 0);
  EXPECT_EQ(counter.Take(Frame(kRstStream, 5, "code"), kStart + absl::Milliseconds(20)), 1);
}

TEST(ResetCounterTest, TheSameByteByByte) {
  const std::string bytes = kHttp2Preface + Frame(kSettings, 0) + ResetCall(1) + Frame(kData, 1, "") + ResetCall(3);
  ResetCounter counter;
  int resets = 0;
  for (const char byte : bytes) resets += counter.Take({&byte, 1}, kStart);
  EXPECT_EQ(resets, 2);
}

TEST(ResetCounterTest, WhoHasWaitedDoesNotCount) {
  ResetCounter counter;
  counter.Take(kHttp2Preface + Frame(kHeaders, 1, "headers"), kStart);
  EXPECT_EQ(counter.Take(Frame(kRstStream, 1, "code"), kStart + 2 * ResetCounter::kRapid), 0);
  // Also while other calls keep coming.
  counter.Take(Frame(kHeaders, 3, "headers"), kStart + absl::Seconds(1));
  for (int i = 1; i < 10; ++i) {
    counter.Take(Frame(kHeaders, 3 + 2 * i, "headers"), kStart + absl::Seconds(1) + i * ResetCounter::kRapid / 4);
  }
  EXPECT_EQ(counter.Take(Frame(kRstStream, 3, "code"), kStart + absl::Seconds(1) + 3 * ResetCounter::kRapid), 0);
}

TEST(ResetCounterTest, WhatAFrameHoldsIsNoFrame) {
  ResetCounter counter;
  EXPECT_EQ(counter.Take(kHttp2Preface + Frame(kData, 1, ResetCall(1)), kStart), 0);
}

TEST(ResetCounterTest, OtherProtocolsHaveNoCalls) {
  ResetCounter counter;
  EXPECT_EQ(counter.Take("GET / HTTP/1.1\r\n\r\n" + ResetCall(1), kStart), 0);
  EXPECT_EQ(counter.Take(kHttp2Preface + ResetCall(1), kStart), 0);
}

}  // namespace
}  // namespace idiolect::testing
