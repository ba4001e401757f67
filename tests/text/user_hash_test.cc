#include "text/user_hash.h"

#include <gtest/gtest.h>

namespace idiolect {
namespace {

TEST(UserHashTest, SourceAndUserCount) {
  EXPECT_EQ(UserHash("synthetic", "user0"), 0xe41469c3be222b5d);  // the same on every machine, and in every version
  EXPECT_NE(UserHash("a", "ann"), UserHash("b", "ann"));
  EXPECT_NE(UserHash("a", "ann"), UserHash("a", "ben"));
  EXPECT_NE(UserHash("ab", "c"), UserHash("a", "bc"));
}

TEST(UserHashTest, TheTextIsSixteenDigits) {
  for (const uint64_t hash : {uint64_t{0}, uint64_t{0x0123456789abcdef}, ~uint64_t{0}}) {
    EXPECT_EQ(UserHashText(hash).size(), 16u);
    EXPECT_EQ(ParseUserHash(UserHashText(hash)), hash);
  }
  EXPECT_EQ(UserHashText(0xab), "00000000000000ab");
  for (const char* text : {"", "ab", "00000000000000aB", "000000000000000ab", " 0000000000000ab", "-0000000000000ab",
                           "0x000000000000ab", "00000000000000a "})
    EXPECT_EQ(ParseUserHash(text), std::nullopt) << text;
}

}  // namespace
}  // namespace idiolect
