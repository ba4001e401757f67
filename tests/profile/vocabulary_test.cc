#include "profile/vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

namespace idiolect {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<Exchange> Responses(std::initializer_list<std::string> responses) {
  std::vector<Exchange> exchanges;
  for (const std::string& response : responses) {
    exchanges.emplace_back();
    exchanges.back().post = "ignored";
    exchanges.back().response = response;
  }
  return exchanges;
}

double Length(std::string_view word) { return static_cast<double>(word.size()); }

TEST(VocabularyTest, WeighsCountTimesSurprisal) {
  const std::vector<Exchange> exchanges = Responses({"To be, or not to be!", "Be it."});
  // be 3·2, not 1·3, to 2·2, it 1·2, or 1·2: 17 in all.
  EXPECT_THAT(PersonalVocabulary(exchanges, Length),
              ElementsAre(VocabularyWord{"be", 3, 6 / 17.0}, VocabularyWord{"to", 2, 4 / 17.0},
                          VocabularyWord{"not", 1, 3 / 17.0}, VocabularyWord{"it", 1, 2 / 17.0},
                          VocabularyWord{"or", 1, 2 / 17.0}));
}

TEST(VocabularyTest, FoldsCaseAndDropsBarePunctuation) {
  const std::vector<Exchange> exchanges = Responses({"Ja! ja, JA -- ... Жук жук"});
  EXPECT_THAT(PersonalVocabulary(exchanges, [](std::string_view) { return 1.0; }),
              ElementsAre(VocabularyWord{"ja", 3, 0.6}, VocabularyWord{"жук", 2, 0.4}));
}

TEST(VocabularyTest, FallsBackToCountsWhereNothingSurprises) {
  const std::vector<Exchange> exchanges = Responses({"a a a b"});
  EXPECT_THAT(PersonalVocabulary(exchanges, [](std::string_view) { return -1.0; }),
              ElementsAre(VocabularyWord{"a", 3, 0.75}, VocabularyWord{"b", 1, 0.25}));
}

TEST(VocabularyTest, IsEmptyWithoutWords) {
  EXPECT_THAT(PersonalVocabulary({}, Length), IsEmpty());
  EXPECT_THAT(PersonalVocabulary(Responses({" ?! "}), Length), IsEmpty());
}

}  // namespace
}  // namespace idiolect
