#include "bench/percentiles.h"

#include <gtest/gtest.h>

#include <numeric>

namespace idiolect {
namespace {

TEST(PercentilesTest, AreTheNearestRanks) {
  std::vector<double> hundred(100);
  std::iota(hundred.rbegin(), hundred.rend(), 1);  // 100, 99, …, 1
  const Percentiles p = PercentilesOf(hundred);
  EXPECT_EQ(p.p50, 50);
  EXPECT_EQ(p.p90, 90);
  EXPECT_EQ(p.p99, 99);
}

TEST(PercentilesTest, OneSampleIsAllOfThem) {
  const Percentiles p = PercentilesOf({7});
  EXPECT_EQ(p.p50, 7);
  EXPECT_EQ(p.p99, 7);
}

TEST(PercentilesTest, NoSamplesAreZeros) { EXPECT_EQ(PercentilesOf({}).p99, 0); }

}  // namespace
}  // namespace idiolect
