#include "text/utf8.h"

#include <string>

#include "gtest/gtest.h"

namespace idiolect {
namespace {

std::string Encode(int code) {
  std::string bytes;
  if (code < 0x80) return std::string(1, static_cast<char>(code));
  const int following = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr int kMarks[] = {0, 0xC0, 0xE0, 0xF0};
  bytes.push_back(static_cast<char>(kMarks[following] | code >> (6 * following)));
  for (int i = following - 1; i >= 0; --i) bytes.push_back(static_cast<char>(0x80 | (code >> (6 * i) & 0x3F)));
  return bytes;
}

TEST(Utf8Test, EveryCodePointComesBackAndSurrogatesDoNot) {
  for (int code = 0; code <= 0x10FFFF; ++code) {
    const std::string bytes = Encode(code);
    std::string_view rest = bytes;
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    ASSERT_EQ(TakeUtf8Character(rest), surrogate ? -1 : code);
    ASSERT_EQ(rest.size(), surrogate ? bytes.size() - 1 : 0);
  }
}

TEST(Utf8Test, RefusesWhatIsNotUtf8) {
  for (const char* bytes : {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80",
                            "\xF8\x88\x80\x80\x80", "\xE4\xBD", "\xE4\xBDz", "\xFF", "\xFE", "ok\xED\xA0\x80"}) {
    EXPECT_FALSE(IsValidUtf8(bytes)) << ::testing::PrintToString(bytes);
  }
}

TEST(Utf8Test, AcceptsTextOfAllLengths) {
  EXPECT_TRUE(IsValidUtf8(""));
  EXPECT_TRUE(IsValidUtf8("a é 你 🙂"));
}

}  // namespace
}  // namespace idiolect
