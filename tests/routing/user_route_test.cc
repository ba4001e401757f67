#include "routing/user_route.h"

#include <gtest/gtest.h>

namespace idiolect {
namespace {

// What `printf ann | sha256sum | cut -c -16` prints: other languages' clients compute it their own way.
TEST(UserRoute, IsTheBeginningOfTheSha256OfTheId) {
  EXPECT_EQ(RouteOf("ann"), "49915e0d7d4b402e");
  EXPECT_EQ(RouteOf("ben \u2713"), "e720beeacc4e7af8");
}

TEST(UserRoute, HidesTheId) { EXPECT_EQ(RouteOf("ann@example.org").find("ann"), std::string::npos); }

TEST(UserRoute, TakesAnyBytes) {
  EXPECT_EQ(RouteOf("").size(), 16u);
  EXPECT_NE(RouteOf(std::string_view("a\0b", 3)), RouteOf("a"));
}

}  // namespace
}  // namespace idiolect
