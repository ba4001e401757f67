#include "profile/style.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

namespace idiolect {
namespace {

std::vector<Exchange> Responses(std::initializer_list<std::string> responses) {
  std::vector<Exchange> exchanges;
  for (const std::string& response : responses) {
    exchanges.emplace_back();
    exchanges.back().post = "SHOUTED? 😀!";
    exchanges.back().response = response;
  }
  return exchanges;
}

TEST(StyleTest, NobodyHasNoStyle) {
  const StyleStatistics style = MeasureStyle({});
  for (double number : {style.mean_words, style.mean_characters, style.distinct_words, style.question_share,
                        style.exclamation_share, style.emoji_share, style.capitalized_share}) {
    EXPECT_EQ(number, 0);
  }
}

TEST(StyleTest, CountsWordsAndCodePointsOfResponsesOnly) {
  const StyleStatistics style = MeasureStyle(Responses({"one two three", "你好"}));
  EXPECT_DOUBLE_EQ(style.mean_words, 2);
  EXPECT_DOUBLE_EQ(style.mean_characters, 7.5);
  EXPECT_EQ(style.question_share + style.exclamation_share + style.emoji_share, 0);
}

TEST(StyleTest, DistinctWordsIgnoreCase) {
  EXPECT_DOUBLE_EQ(MeasureStyle(Responses({"Yes yes YES", "no"})).distinct_words, 0.5);
  EXPECT_DOUBLE_EQ(MeasureStyle(Responses({"Да да", "да нет"})).distinct_words, 0.5);
}

TEST(StyleTest, SharesAreOfResponses) {
  const StyleStatistics style = MeasureStyle(Responses({"Why? Why?", "什么？", "Go!!!", "hm 🤷"}));
  EXPECT_DOUBLE_EQ(style.question_share, 0.5);
  EXPECT_DOUBLE_EQ(style.exclamation_share, 0.25);
  EXPECT_DOUBLE_EQ(style.emoji_share, 0.25);
}

TEST(StyleTest, CapitalsAreAmongResponsesThatBeginWithALetter) {
  const StyleStatistics style = MeasureStyle(Responses({"Yes", "Ünder", "no", "...Well", "7 Days", ""}));
  EXPECT_DOUBLE_EQ(style.capitalized_share, 2.0 / 3.0);
}

}  // namespace
}  // namespace idiolect
