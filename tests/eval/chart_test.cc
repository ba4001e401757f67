#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "chart/svg_chart.h"
#include "chart/ticks.h"

namespace idiolect {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

int Count(const std::string& text, const std::string& part) {
  int count = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(TicksTest, AreRoundAndCover) {
  EXPECT_THAT(AxisTicks(0, 15, 8), ElementsAre(0, 2, 4, 6, 8, 10, 12, 14, 16));
  EXPECT_THAT(AxisTicks(503, 547, 5), ElementsAre(500, 510, 520, 530, 540, 550));
  EXPECT_THAT(AxisTicks(0, 0.45, 5), ElementsAre(0, DoubleNear(0.1, 1e-9), DoubleNear(0.2, 1e-9), DoubleNear(0.3, 1e-9),
                                                 DoubleNear(0.4, 1e-9), DoubleNear(0.5, 1e-9)));
  for (const double value : {0.0, -3.0, 1e6}) {
    const auto ticks = AxisTicks(value, value, 5);
    EXPECT_LE(ticks.front(), value);
    EXPECT_GT(ticks.back(), ticks.front());
  }
}

TEST(SvgChartTest, DrawsPointsThatAreNumbers) {
  Chart chart{"A < B & C", "x", "y", {{"own", {{0, 1}, {1, NAN}, {2, 3, 2.5, 3.5}}}, {"other", {{0, 2}}}}};
  const std::string svg = ToSvg(chart);
  EXPECT_THAT(svg, HasSubstr("<svg xmlns="));
  EXPECT_THAT(svg, HasSubstr("A &lt; B &amp; C"));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_EQ(Count(svg, "<circle"), 3);
  EXPECT_EQ(Count(svg, "<polygon"), 1);  // the one band
  EXPECT_THAT(svg, HasSubstr(">other</text>"));
}

TEST(SvgChartTest, HigherIsUpAndLaterIsRight) {
  const std::string svg = ToSvg({"", "", "", {{"", {{0, 0}, {10, 10}}}}});
  EXPECT_THAT(svg, HasSubstr("points=\"70.0,350.0 620.0,40.0 \""));
}

TEST(SvgChartTest, BarsStandOnZero) {
  Chart chart{"", "", "", {{"", {{1, 0.4}, {2, 0.2}}}}, true, true};
  const std::string svg = ToSvg(chart);
  EXPECT_EQ(Count(svg, "<rect x="), 2);
  EXPECT_THAT(svg, HasSubstr("height=\"310.0\""));  // the whole height for the largest tick, 0.4
  EXPECT_THAT(svg, HasSubstr("height=\"155.0\""));
}

TEST(SvgChartTest, NothingGivesAFrame) { EXPECT_THAT(ToSvg({}), HasSubstr("</svg>")); }

}  // namespace
}  // namespace idiolect
