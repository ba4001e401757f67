#include "serve/log_limit.h"

#include <gtest/gtest.h>

namespace idiolect {
namespace {

TEST(LogLimitTest, WritesOnceASecondAndCountsTheRest) {
  LogLimit limit;
  const absl::Time start = absl::UnixEpoch();
  EXPECT_EQ(limit.Admit(start), 0);
  EXPECT_EQ(limit.Admit(start + absl::Milliseconds(1)), std::nullopt);
  EXPECT_EQ(limit.Admit(start + absl::Milliseconds(999)), std::nullopt);
  EXPECT_EQ(limit.Admit(start + absl::Seconds(1)), 2);
  EXPECT_EQ(limit.Admit(start + absl::Seconds(1)), std::nullopt);
  EXPECT_EQ(limit.Admit(start + absl::Seconds(10)), 1);
  EXPECT_EQ(limit.Admit(start + absl::Seconds(20)), 0);
}

}  // namespace
}  // namespace idiolect
