#include "train/validation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/fixtures.h"

namespace idiolect {
namespace {

// So many users of each source, with `valid` exchanges to validate each.
Corpus CorpusOf(const std::vector<std::pair<std::string, int>>& sources, int valid = 2) {
  Corpus corpus;
  for (const auto& [source, users] : sources) {
    for (int u = 0; u < users; ++u) {
      UserCorpus user{source, {}, 3, 3 + static_cast<size_t>(valid)};
      for (int i = 0; i < 3 + valid; ++i)
        user.pairs.push_back({{10 + i, kEos}, {20 + 7 * static_cast<int>(corpus.users.size()) + i, kEos}, 1});
      corpus.Add(std::move(user));
    }
  }
  return corpus;
}

class ValidationTest : public ::testing::Test {
 protected:
  ValidationResult Measure(const Corpus& corpus, int users) { return Validation(corpus, users, 1).Measure(*model_); }

  const std::unique_ptr<DhapModel> model_ = *DhapModel::Load(testing::TinyModelDir());
};

TEST_F(ValidationTest, MeasuresAsManyUsersAsItIsTold) {
  EXPECT_EQ(Measure(CorpusOf({{"a", 5}}), 1).examples, 2);
  EXPECT_EQ(Measure(CorpusOf({{"a", 5}}), 4).examples, 8);
  EXPECT_EQ(Measure(CorpusOf({{"a", 5}}), 9).examples, 10);
  EXPECT_EQ(Measure(CorpusOf({{"a", 5}, {"b", 5}}), 4).examples, 8);
  EXPECT_EQ(Measure(CorpusOf({{"a", 5}, {"b", 5}}), 5).examples, 12);  // as many of each source
}

TEST_F(ValidationTest, WithoutExamplesThereIsNoNumber) {
  for (const ValidationResult& v : {Measure(CorpusOf({{"a", 5}}, 0), 4), Measure(CorpusOf({{"a", 5}}), 0)}) {
    EXPECT_EQ(v.examples, 0);
    EXPECT_FALSE(v.own || v.other || v.none || v.other_over_own || v.copy_share);
  }
}

TEST_F(ValidationTest, OthersAreComparedWithinTheirSourceOnly) {
  const ValidationResult pair = Measure(CorpusOf({{"a", 2}}), 10), both = Measure(CorpusOf({{"a", 2}, {"b", 1}}), 10);
  EXPECT_EQ(both.examples, 6);
  EXPECT_EQ(both.compared_examples, 4);
  EXPECT_DOUBLE_EQ(*both.other, *pair.other);
  EXPECT_DOUBLE_EQ(*both.other_over_own, *pair.other_over_own);
  EXPECT_DOUBLE_EQ(*pair.other_over_own, *pair.other / *pair.own);
  EXPECT_NE(*both.own, *pair.own);
  const ValidationResult alone = Measure(CorpusOf({{"a", 1}}), 10);
  EXPECT_TRUE(alone.own && alone.none);
  EXPECT_FALSE(alone.other || alone.other_over_own);
}

}  // namespace
}  // namespace idiolect
