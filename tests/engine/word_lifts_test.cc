#include "engine/word_lifts.h"

#include <gmock/gmock.h>

#include <cmath>

#include "text/synthetic_tokenizer.h"

namespace idiolect {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class WordLiftsTest : public ::testing::Test {
 protected:
  static constexpr int kVocab = 300;
  const std::unique_ptr<Tokenizer> tokenizer_ = *Tokenizer::FromBytes(SyntheticTokenizer(kVocab));
  const WordEvidence evidence_{std::vector<float>(kVocab, 0)};
  const int32_t tea_ = tokenizer_->Encode(SyntheticWord(1))[0], rain_ = tokenizer_->Encode(SyntheticWord(2))[0];
  const int32_t letter_ = tokenizer_->Encode(SyntheticWord(1) + "s").back();  // a byte
};

TEST_F(WordLiftsTest, LiftsWholeWordsByWhatTheirSharesSay) {
  CompactProfile profile;
  profile.word_ids = {tea_, rain_, tea_};
  profile.word_pairs = {0, 0, 1};
  profile.pair_sequences = {1, 2};
  const auto lifts = WordLifts(profile, *tokenizer_, evidence_, 0.5);
  ASSERT_EQ(lifts.size(), 2);
  const UserWords words = CountWords(profile);
  for (const Lift& lift : lifts) EXPECT_NEAR(lift.factor, std::exp(0.5 * evidence_.Lift(lift.id, words)), 1e-5);
  EXPECT_EQ(lifts[0].id, tea_);
  EXPECT_GT(lifts[0].factor, lifts[1].factor);
  EXPECT_GT(lifts[1].factor, 1);
}

TEST_F(WordLiftsTest, APartOfAWordIsNotLifted) {
  const auto ids = [&](std::vector<int32_t> words, std::vector<uint16_t> pairs) {
    CompactProfile profile;
    profile.word_ids = std::move(words);
    profile.word_pairs = std::move(pairs);
    profile.pair_sequences = {1, 2};
    std::vector<int32_t> lifted;
    for (const Lift& lift : WordLifts(profile, *tokenizer_, evidence_, 1)) lifted.push_back(lift.id);
    return lifted;
  };
  EXPECT_THAT(ids({tea_, letter_}, {0, 0}), IsEmpty());
  EXPECT_THAT(ids({tea_, letter_, tea_, rain_}, {0, 0, 0, 0}), ElementsAre(tea_, rain_));
  EXPECT_THAT(ids({tea_, letter_}, {0, 1}), ElementsAre(tea_)) << "the next response begins";
}

TEST_F(WordLiftsTest, WithoutGuidanceOrWordsThereIsNone) {
  CompactProfile profile;
  EXPECT_THAT(WordLifts(profile, *tokenizer_, evidence_, 1), IsEmpty());
  profile.word_ids = {tea_};
  profile.word_pairs = {0};
  EXPECT_THAT(WordLifts(profile, *tokenizer_, evidence_, 0), IsEmpty());
}

}  // namespace
}  // namespace idiolect
