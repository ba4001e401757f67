#include "text/held_out_users.h"

#include <gtest/gtest.h>

#include <string>

namespace idiolect {
namespace {

TEST(HeldOutUsersTest, AShareOfUsersAndAlwaysTheSame) {
  int few = 0, many = 0;
  for (int i = 0; i < 10000; ++i) {
    const std::string user = "user" + std::to_string(i);
    const bool in_few = IsHeldOut("chat", user, 0.05), in_many = IsHeldOut("chat", user, 0.3);
    EXPECT_TRUE(in_many || !in_few);
    few += in_few;
    many += in_many;
  }
  EXPECT_NEAR(few, 500, 100);  // over 4 deviations
  EXPECT_NEAR(many, 3000, 200);
  EXPECT_FALSE(IsHeldOut("chat", "ann", 0));
  EXPECT_TRUE(IsHeldOut("chat", "ann", 1));
}

TEST(HeldOutUsersTest, TheSourceCounts) {
  int different = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string user = std::to_string(i);
    different += IsHeldOut("a", user, 0.5) != IsHeldOut("b", user, 0.5);
  }
  EXPECT_NEAR(different, 500, 100);
}

}  // namespace
}  // namespace idiolect
