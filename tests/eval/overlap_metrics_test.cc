// Metrics that compare two texts, on values computed by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "eval/bleu.h"
#include "eval/distinct.h"
#include "eval/embedding_similarity.h"
#include "eval/profile_overlap.h"
#include "eval/rouge.h"
#include "tests/support/fixtures.h"

namespace idiolect {
namespace {

using ::testing::ElementsAre;

BleuCounts Count(const char* hypothesis, const char* reference) {
  return CountBleu(Tokenize13a(hypothesis), Tokenize13a(reference));
}

TEST(Tokenize13aTest, SeparatesPunctuationAsMtevalDoes) {
  EXPECT_THAT(Tokenize13a("Well, hello there!"), ElementsAre("Well", ",", "hello", "there", "!"));
  EXPECT_THAT(Tokenize13a("It's 3,000.5 km-long"), ElementsAre("It's", "3,000.5", "km-long"));
  EXPECT_THAT(Tokenize13a("a 5-day trip: $5."), ElementsAre("a", "5", "-", "day", "trip", ":", "$", "5", "."));
  EXPECT_THAT(Tokenize13a("e.g., so"), ElementsAre("e", ".", "g", ".", ",", "so"));
  EXPECT_THAT(Tokenize13a("&quot;yes&quot; &amp; no\nmore"), ElementsAre("\"", "yes", "\"", "&", "no", "more"));
  EXPECT_THAT(Tokenize13a("<skipped>über, naïve."), ElementsAre("über", ",", "naïve", "."));
  EXPECT_TRUE(Tokenize13a(" \n ").empty());
}

TEST(BleuTest, ACorpusOfOneSentence) {
  // Of 6, 5, 4 and 3 n-grams 5, 3, 1 and none match; the last counts as half a match.
  const BleuCounts counts = Count("we drank tea in the garden", "we drank coffee in the garden");
  EXPECT_THAT(counts.matches, ElementsAre(5, 3, 1, 0));
  EXPECT_THAT(counts.totals, ElementsAre(6, 5, 4, 3));
  EXPECT_NEAR(CorpusBleu(counts, 1), 100 * 5.0 / 6, 1e-9);
  EXPECT_NEAR(CorpusBleu(counts, 2), 100 * std::sqrt(5.0 / 6 * 3 / 5), 1e-9);
  EXPECT_NEAR(CorpusBleu(counts, 4), 37.99178, 1e-4);  // 100 · (5/6 · 3/5 · 1/4 · 1/6)^¼
  EXPECT_EQ(SentenceBleu(counts, 4), 0);
  EXPECT_NEAR(SentenceBleu(counts, 3), std::cbrt(5.0 / 6 * 3 / 5 / 4), 1e-9);
}

TEST(BleuTest, SmoothingHalvesWithEachOrder) {
  // 2 of 4 words match, and nothing longer: 1/2 of 3, 1/4 of 2, 1/8 of 1.
  EXPECT_NEAR(CorpusBleu(Count("a b c d", "b x a y"), 4), 100 * std::pow(0.5 / 6 / 8 / 8, 0.25), 1e-9);
}

TEST(BleuTest, ShortRepliesPay) {
  const BleuCounts counts = Count("tea now", "tea now, please");
  EXPECT_NEAR(CorpusBleu(counts, 2), 100 * std::exp(-1), 1e-9);  // 2 tokens for 4
  EXPECT_EQ(CorpusBleu(counts, 3), 0);                           // it has no trigram
  EXPECT_EQ(CorpusBleu(Count("", "tea"), 1), 0);
  EXPECT_EQ(CorpusBleu(Count("coffee", "tea"), 1), 0);
}

TEST(BleuTest, RepeatedWordsCountAsOftenAsTheReferenceHasThem) {
  EXPECT_THAT(Count("no no no no", "no, no").matches, ElementsAre(2, 0, 0, 0));
}

TEST(RougeTest, PrecisionRecallAndF) {
  const auto said = RougeWords("The tea is hot and sweet"), meant = RougeWords("the tea, was very hot!");
  EXPECT_NEAR(RougeN(said, meant, 1).precision, 3.0 / 6, 1e-12);
  EXPECT_NEAR(RougeN(said, meant, 1).recall, 3.0 / 5, 1e-12);
  EXPECT_NEAR(RougeN(said, meant, 1).f(), 6.0 / 11, 1e-12);
  EXPECT_NEAR(RougeN(said, meant, 2).f(), 2.0 / 9, 1e-12);  // 1 of 5 and of 4
  EXPECT_NEAR(RougeL(said, meant).f(), 6.0 / 11, 1e-12);    // the, tea, hot
  EXPECT_NEAR(RougeL(RougeWords("b a"), RougeWords("a b")).f(), 0.5, 1e-12);
  EXPECT_EQ(RougeN({}, meant, 1).f(), 0);
  EXPECT_EQ(RougeN(RougeWords("tea"), meant, 2).f(), 0);
}

TEST(RougeTest, WordsAreLettersAndDigits) {
  EXPECT_THAT(RougeWords("Don't SHOUT, 2nd-time!"), ElementsAre("don", "t", "shout", "2nd", "time"));
  EXPECT_THAT(RougeWords("猫 很 好"), ElementsAre("猫", "很", "好"));
}

TEST(DistinctTest, WithinTextsAndAsOneStream) {
  const std::vector<std::string> replies = {"a b a", "a b"};
  EXPECT_NEAR(Distinct(replies, 1), 2.0 / 5, 1e-12);
  EXPECT_NEAR(Distinct(replies, 2), 2.0 / 3, 1e-12);          // "a b" twice, "b a"
  EXPECT_NEAR(DistinctOfStream(replies, 2), 3.0 / 5, 1e-12);  // and "a a" across the border
  EXPECT_EQ(Distinct({"", ""}, 1), 0);
}

TEST(DistinctTest, DifferentTextsAmongSome) {
  // Of "a", "a", "b", "c" two at a time: six draws, one of them twice the same.
  EXPECT_NEAR(DifferentAmong({"a", "a", "b", "c"}, 2), (5 * 2 + 1) / 6.0, 1e-12);
  EXPECT_NEAR(DifferentAmong({"a", "a", "b", "c"}, 4), 3, 1e-12);
  EXPECT_NEAR(DifferentAmong({"a", "a", "a"}, 2), 1, 1e-12);
  EXPECT_TRUE(std::isnan(DifferentAmong({"a"}, 2)));
}

TEST(DistinctTest, AReplyThatGoesRoundInACircleRepeatsItself) {
  EXPECT_TRUE(RepeatsItself("it's not a bug, it's not a bug, it's not a bug,"));
  EXPECT_TRUE(RepeatsItself("no no no no no"));
  EXPECT_FALSE(RepeatsItself("no no no no"));
  EXPECT_FALSE(RepeatsItself("I think so, and I think that I think too"));
  EXPECT_FALSE(RepeatsItself(""));
}

TEST(ProfileOverlapTest, P_F1LeavesOutStopWords) {
  // Q = strong, tea, please; U = tea, please, like, strong, coffee.
  const std::vector<std::string> responses = {"Tea, please", "I like strong coffee."};
  EXPECT_NEAR(ProfileF1("the STRONG tea please", responses, StopWords::English()), 2.0 * 3 / (3 + 5), 1e-12);
  EXPECT_EQ(ProfileF1("", responses, StopWords::English()), 0);
  EXPECT_EQ(ProfileF1("tea", {}, StopWords::English()), 0);
}

TEST(ProfileOverlapTest, P_CoverIsTheBestRow) {
  const std::vector<std::string> responses = {"tea please", "strong coffee please", "no"};
  // tea and please in the first: ln 3 + ln 3/2; strong and please in the second are as much.
  EXPECT_NEAR(ProfileCover("tea please", responses), std::log(3) + std::log(1.5), 1e-12);
  EXPECT_NEAR(ProfileCover("strong coffee no please", responses), 2 * std::log(3) + std::log(1.5), 1e-12);
  EXPECT_NEAR(ProfileCover("tea tea", responses, 15), std::log(15), 1e-12);
  EXPECT_EQ(ProfileCover("tea", {}), 0);
  EXPECT_EQ(ProfileCover("same", {"same"}), 0);  // ln 1
}

TEST(EmbeddingSimilarityTest, AverageExtremaAndGreedy) {
  const EmbeddingSimilarity s = CompareVectors({{1, 0}, {0, 1}}, {{1, 0}});
  EXPECT_NEAR(s.average, std::sqrt(0.5), 1e-6);
  EXPECT_NEAR(s.extrema, std::sqrt(0.5), 1e-6);
  EXPECT_NEAR(s.greedy, (0.5 + 1) / 2, 1e-6);
  EXPECT_NEAR(CompareVectors({{1, -3}, {2, 1}}, {{2, -3}}).extrema, 1, 1e-6);  // the largest by size, with its sign
  EXPECT_EQ(CompareVectors({}, {{1, 0}}).greedy, 0);
}

TEST(EmbeddingSimilarityTest, ReadsWord2vecFiles) {
  const std::string path = testing::MakeTempDir() + "/vectors.txt";
  std::ofstream(path) << "2 3\ntea 1 0 0\ncoffee 0 1 0.5\n";
  const auto vectors = WordVectors::FromFile(path);
  ASSERT_TRUE(vectors.ok()) << vectors.status();
  EXPECT_EQ(vectors->Of("Tea, unknown coffee"), (Vectors{{1, 0, 0}, {0, 1, 0.5}}));
  std::ofstream(path) << "2 3\ntea 1 0 0\ncoffee 0 1\n";
  EXPECT_THAT(std::string(WordVectors::FromFile(path).status().message()), ::testing::HasSubstr(path + ":3: expected"));
  EXPECT_TRUE(absl::IsNotFound(WordVectors::FromFile(path + ".none").status()));
}

}  // namespace
}  // namespace idiolect
