#include "profile/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "profile/characters.h"

namespace idiolect {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(WordsTest, SplitsAtEveryKindOfWhiteSpace) {
  EXPECT_THAT(SplitWords("  one two\tthree\n\nfour\u3000five "), ElementsAre("one", "two", "three", "four", "five"));
  EXPECT_THAT(SplitWords(" \t\n"), IsEmpty());
  EXPECT_THAT(SplitWords(""), IsEmpty());
}

TEST(WordsTest, StripsPunctuationAroundAWordOnly) {
  const struct {
    const char *word, *bare;
  } kCases[] = {{"hello,", "hello"},
                {"\"don't\"", "don't"},
                {"(well...)", "well"},
                {"“quoted”", "quoted"},
                {"好！", "好"},
                {"...", ""},
                {"", ""},
                {"e.g.", "e.g"},
                {"😀!", "😀"}};
  for (const auto& [word, bare] : kCases) EXPECT_EQ(StripPunctuation(word), bare) << word;
}

TEST(CharactersTest, LowersCaseBeyondAscii) {
  const struct {
    const char *text, *lower;
  } kCases[] = {{"Hello World", "hello world"},
                {"ÄÖÜ Éa", "äöü éa"},
                {"ΑΘΉΝΑ", "αθήνα"},
                {"МОСКВА Ёж", "москва ёж"},
                {"ŁÓDŹ", "łódź"},
                {"你好😀", "你好😀"},
                {"", ""}};
  for (const auto& [text, lower] : kCases) EXPECT_EQ(LowerCase(text), lower);
}

TEST(CharactersTest, EveryCodePointSurvivesTheRoundTrip) {
  for (char32_t c = 1; c < 0x110000; c += c < 0x3000 ? 1 : 97) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string text;
    AppendUtf8(c, text);
    std::string_view rest = text;
    EXPECT_EQ(TakeCodePoint(rest), c);
    EXPECT_TRUE(rest.empty());
  }
}

TEST(CharactersTest, BrokenBytesAreReplacedOneByOne) {
  std::string_view rest = "\xFF\xE4\xBDz";
  EXPECT_EQ(TakeCodePoint(rest), 0xFFFDu);
  EXPECT_EQ(TakeCodePoint(rest), 0xFFFDu);
  EXPECT_EQ(TakeCodePoint(rest), 0xFFFDu);
  EXPECT_EQ(TakeCodePoint(rest), U'z');
  EXPECT_TRUE(rest.empty());
}

TEST(CharactersTest, KnowsEmoji) {
  for (char32_t c : {U'😀', U'🇩', U'❤', U'🤷', U'⭐', U'☀'}) EXPECT_TRUE(IsEmoji(c)) << std::hex << uint32_t{c};
  for (char32_t c : {U'a', U':', U'你', U'é', U'→', U'—', U'€'}) EXPECT_FALSE(IsEmoji(c)) << std::hex << uint32_t{c};
}

}  // namespace
}  // namespace idiolect
