#include "inference/own_words.h"

#include <gmock/gmock.h>

#include <cmath>

#include "text/synthetic_tokenizer.h"

namespace idiolect {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class OwnWordsTest : public ::testing::Test {
 protected:
  static constexpr int kVocab = 300, kLongest = 8;

  static ModelConfig Config() {
    ModelConfig config;
    config.max_response_tokens = kLongest;
    return config;
  }
  // Of responses without their </s>.
  std::vector<OwnWord> Own(const std::vector<std::vector<int32_t>>& responses) const {
    CompactProfile profile;
    for (size_t pair = 0; pair < responses.size(); ++pair) {
      profile.pair_sequences.push_back(static_cast<int64_t>(pair) + 1);
      for (const int32_t id : responses[pair]) {
        profile.word_ids.push_back(id);
        profile.word_pairs.push_back(static_cast<uint16_t>(pair));
      }
    }
    return OwnWords(profile, texts_, evidence_);
  }
  std::vector<int32_t> Ids(const std::vector<std::vector<int32_t>>& responses) const {
    std::vector<int32_t> ids;
    for (const OwnWord& word : Own(responses)) ids.push_back(word.id);
    return ids;
  }

  const std::shared_ptr<const Tokenizer> tokenizer_ = *Tokenizer::FromBytes(SyntheticTokenizer(kVocab));
  const ExchangeTokenizer texts_{Config(), tokenizer_};
  const WordEvidence evidence_{std::vector<float>(kVocab, 0)};
  const int32_t tea_ = tokenizer_->Encode(SyntheticWord(1))[0], rain_ = tokenizer_->Encode(SyntheticWord(2))[0];
  const int32_t letter_ = tokenizer_->Encode(SyntheticWord(1) + "s").back();  // a byte
};

TEST_F(OwnWordsTest, AreLiftedByWhatTheirSharesSay) {
  UserWords words;
  words.Add({}, {tea_, rain_});
  words.Add({}, {tea_});
  const std::vector<OwnWord> own = Own({{tea_, rain_}, {tea_}});
  ASSERT_EQ(own.size(), 2);
  for (const OwnWord& word : own) EXPECT_NEAR(word.lift, evidence_.Lift(word.id, words), 1e-5);
  EXPECT_EQ(own[0].id, tea_);
  EXPECT_GT(own[0].lift, own[1].lift);
  EXPECT_GT(own[1].lift, 0);
}

TEST_F(OwnWordsTest, APartOfAWordIsNone) {
  EXPECT_THAT(Ids({{tea_, letter_}}), IsEmpty());
  EXPECT_THAT(Ids({{tea_, letter_, tea_, rain_}}), ElementsAre(tea_, rain_));
  EXPECT_THAT(Ids({{tea_}, {letter_}}), ElementsAre(tea_)) << "the next response begins";
}

TEST_F(OwnWordsTest, TheLastOfAResponseThatFillsItsRoomMayBeAPart) {
  std::vector<int32_t> full(kLongest - 1, tea_);
  full.back() = rain_;
  EXPECT_THAT(Ids({full}), ElementsAre(tea_));
  full.erase(full.begin());
  EXPECT_THAT(Ids({full}), ElementsAre(tea_, rain_));
}

TEST_F(OwnWordsTest, OfALongWindowTheNewestPairsCount) {
  std::vector<std::vector<int32_t>> responses(1024 - kCountedExchanges, {tea_});
  responses.resize(1024, {rain_});
  const std::vector<OwnWord> own = Own(responses);
  ASSERT_EQ(own.size(), 1);
  EXPECT_EQ(own[0].id, rain_);
  EXPECT_TRUE(std::isfinite(own[0].lift));
}

TEST_F(OwnWordsTest, NobodyHasNone) {
  EXPECT_THAT(Ids({}), IsEmpty());
  EXPECT_THAT(Ids({{}}), IsEmpty());
}

}  // namespace
}  // namespace idiolect
