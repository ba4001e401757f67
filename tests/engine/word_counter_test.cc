#include "engine/word_counter.h"

#include <gtest/gtest.h>

#include "text/synthetic_tokenizer.h"

namespace idiolect {
namespace {

const UserKey kAnn{"t", "ann"}, kBen{"t", "ben"};

Exchange Said(int64_t sequence, const std::string& post, const std::string& response) {
  Exchange e;
  e.sequence = sequence;
  e.post = post;
  e.response = response;
  return e;
}

class WordCounterTest : public ::testing::Test {
 protected:
  double Share(const std::string& word, const UserKey& user, const History& history) {
    return counter_.Count(user, history).Of(tokenizer_->Encode(word).at(0)).responses;
  }

  const std::shared_ptr<const Tokenizer> tokenizer_ = *Tokenizer::FromBytes(SyntheticTokenizer(300));
  WordCounter counter_{*tokenizer_, 1 << 20};
  const std::string tea_ = SyntheticWord(1), rain_ = SyntheticWord(2);
};

TEST_F(WordCounterTest, CountsTheNewestExchanges) {
  History history{1, 1, {Said(1, "", rain_)}};
  for (int i = 0; i < kCountedExchanges; ++i) history.exchanges.push_back(Said(2 + i, rain_, tea_));
  EXPECT_EQ(Share(tea_, kAnn, history), 1);
  EXPECT_EQ(Share(rain_, kAnn, history), 0);
  EXPECT_EQ(counter_.Count(kAnn, history).Of(tokenizer_->Encode(rain_)[0]).posts, 1);
  EXPECT_GT(counter_.byte_size(), 0);
}

// An exchange never changes; here it does, so that one sees which text was counted.
TEST_F(WordCounterTest, TokenizesAnExchangeOnce) {
  EXPECT_EQ(Share(tea_, kAnn, {1, 1, {Said(1, "", tea_)}}), 1);
  const History later{1, 2, {Said(1, "", rain_), Said(2, "", rain_)}};
  EXPECT_EQ(Share(tea_, kAnn, later), 0.5);
  EXPECT_EQ(Share(tea_, kAnn, later), 0.5);
  EXPECT_EQ(Share(tea_, kBen, later), 0);
  EXPECT_EQ(Share(tea_, kAnn, {1, 3, {Said(2, "", tea_)}}), 0) << "the first was deleted, the second is known";
}

TEST_F(WordCounterTest, AnotherLifeAndWhatWasForgottenIsCountedAnew) {
  EXPECT_EQ(Share(tea_, kAnn, {1, 1, {Said(1, "", tea_)}}), 1);
  EXPECT_EQ(Share(tea_, kAnn, {2, 1, {Said(1, "", rain_)}}), 0);
  counter_.Forget(kAnn);
  EXPECT_EQ(counter_.byte_size(), 0);
  EXPECT_EQ(Share(tea_, kAnn, {2, 1, {Said(1, "", tea_)}}), 1);
}

TEST_F(WordCounterTest, AShorterHistoryOfTheSameStateCountsLess) {
  const History whole{1, 7, {Said(6, "", rain_), Said(7, "", tea_)}}, newest{1, 7, {Said(7, "", tea_)}};
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Share(tea_, kAnn, whole), 0.5);
    EXPECT_EQ(Share(tea_, kAnn, newest), 1);
  }
}

TEST_F(WordCounterTest, WhatIsOfNoStoreIsNotKept) {
  EXPECT_EQ(Share(tea_, kAnn, {0, 0, {Said(0, "", tea_), Said(0, "", rain_)}}), 0.5);
  EXPECT_EQ(counter_.byte_size(), 0);
  EXPECT_EQ(Share(tea_, kAnn, {1, 1, {Said(0, "", tea_)}}), 1);
  EXPECT_EQ(Share(tea_, kAnn, {1, 2, {Said(0, "", rain_)}}), 0) << "nothing tells such exchanges apart";
}

TEST_F(WordCounterTest, WithoutBytesItCountsAllTheSame) {
  WordCounter counter(*tokenizer_, 0);
  EXPECT_TRUE(counter.Count(kAnn, {1, 1, {Said(1, "", tea_)}}).has_responses());
  EXPECT_EQ(counter.byte_size(), 0);
}

}  // namespace
}  // namespace idiolect
