#include "cli/layout.h"

#include <clocale>
#include <sstream>

#include "cli/explanation.h"
#include "cli/progress.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace idiolect {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

class LayoutTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { std::setlocale(LC_CTYPE, "C.UTF-8"); }

  static std::string Wrap(const std::vector<std::string>& pieces, int width, int column, int indent) {
    std::ostringstream out;
    WrappingWriter writer(out, width, column, indent);
    for (const std::string& piece : pieces) writer.Write(piece);
    writer.Finish();
    return out.str();
  }
};

TEST_F(LayoutTest, ChineseTakesTwoColumns) {
  EXPECT_EQ(DisplayWidth("ab你好"), 6);
  EXPECT_EQ(PadRight("你", 4) + "|", "你  |");
  EXPECT_EQ(PadLeft("你", 4), "  你");
}

TEST_F(LayoutTest, CutKeepsTheWidth) {
  EXPECT_EQ(Cut("hello", 5), "hello");
  EXPECT_EQ(Cut("hello!", 5), "hell…");
  EXPECT_EQ(Cut("你好吗", 5), "你好…");
  EXPECT_EQ(Cut("你好吗", 4), "你…");
}

TEST_F(LayoutTest, PrintableDisarmsControlCharacters) {
  EXPECT_EQ(Printable("a\033[31mb\nc\xC2\x9B"
                      "d\xFF"),
            "a [31mb c d\uFFFD");
}

TEST_F(LayoutTest, NumbersReadEasily) {
  const std::pair<int64_t, std::string> kCases[] = {
      {0, "0"}, {999, "999"}, {1000, "1,000"}, {-123456, "-123,456"}, {1234567, "1,234,567"}};
  for (const auto& [number, text] : kCases) EXPECT_EQ(WithCommas(number), text);
  EXPECT_EQ(ClockTime(absl::Seconds(75)), "1:15");
  EXPECT_EQ(ClockTime(absl::Seconds(4000)), "1:06:40");
}

TEST_F(LayoutTest, BarCountsInEighths) {
  EXPECT_EQ(Bar(0, 4), "");
  EXPECT_EQ(Bar(0.5, 4), "██");
  EXPECT_EQ(Bar(0.53125, 4), "██▏");
  EXPECT_EQ(Bar(7, 4), "████");
}

TEST_F(LayoutTest, WrapsBetweenWordsThatComeInPieces) {
  EXPECT_EQ(Wrap({"one t", "wo thr", "ee"}, 9, 2, 2), "one two\n  three");
  EXPECT_EQ(Wrap({"你好吗我很好"}, 8, 2, 2), "你好吗\n  我很好");
  EXPECT_EQ(Wrap({"extraordinarily ", "long"}, 8, 2, 2), "extraordinarily\n  long");
  EXPECT_EQ(Wrap({"one two ", "three "}, 0, 0, 0), "one two three ");
}

TEST_F(LayoutTest, ProgressShowsShareRateAndTimeLeft) {
  const ProgressState state{.done_bytes = 25, .total_bytes = 100, .lines = 12345, .elapsed = absl::Seconds(3)};
  EXPECT_EQ(FormatProgress("a.gz", state, 100), "a.gz  [█████               ]  25%  12,345 lines  4,115/s  0:09 left");
  EXPECT_EQ(FormatProgress("-", {.lines = 5, .elapsed = absl::Seconds(1)}, 100), "-  5 lines  5/s");
  for (int width = 1; width < 100; ++width) {
    EXPECT_LE(DisplayWidth(FormatProgress("a rather long name", state, width)), width);
  }
}

v1::TokenExplanation Token(const std::string& text, std::vector<std::pair<int64_t, double>> sources = {}) {
  v1::TokenExplanation token;
  token.set_text(text);
  for (const auto& [id, weight] : sources) {
    token.add_sources()->set_exchange_id(id);
    token.mutable_sources()->rbegin()->set_weight(weight);
  }
  return token;
}

v1::ReplyCandidate Candidate(const std::vector<v1::TokenExplanation>& tokens) {
  v1::ReplyCandidate candidate;
  for (const v1::TokenExplanation& token : tokens) *candidate.add_explanation() = token;
  return candidate;
}

class ExplanationTest : public LayoutTest {};

TEST_F(ExplanationTest, NeighboursOfOneSourceStandTogether) {
  const ReplyOrigin origin =
      TraceOrigin(Candidate({Token("▁one", {{7, 0.6}}), Token("▁te", {{7, 0.4}, {9, 0.3}}), Token("st", {{9, 0.9}}),
                             Token("▁short"), Token("!", {{4, 0.05}})}));
  ASSERT_EQ(origin.sources.size(), 2u);
  EXPECT_EQ(origin.sources[0].exchange_id, 9);
  EXPECT_NEAR(origin.sources[0].copied_tokens, 1.2, 1e-9);
  EXPECT_EQ(origin.sources[1].exchange_id, 7);
  EXPECT_NEAR(origin.copied_tokens, 2.25, 1e-9);
  std::vector<std::pair<std::string, int>> segments;
  for (const ReplySegment& segment : origin.segments) segments.emplace_back(segment.text, segment.source);
  using ::testing::Pair;
  EXPECT_THAT(segments, ElementsAre(Pair("one te", 1), Pair("st", 0), Pair(" short!", -1)));
}

TEST_F(ExplanationTest, BytesOfOneCharacterAreNotTorn) {
  const ReplyOrigin origin =
      TraceOrigin(Candidate({Token("<0xE4>", {{1, 0.9}}), Token("<0xBD>"), Token("<0xA0>", {{2, 0.8}}), Token("好")}));
  ASSERT_EQ(origin.segments.size(), 2u);
  EXPECT_EQ(origin.segments[0].text, "你");
  EXPECT_EQ(origin.segments[1].text, "好");
}

TEST_F(ExplanationTest, RendersMarksAndSources) {
  ExchangesById exchanges;
  exchanges[7].set_post(std::string(200, 'p'));
  exchanges[7].set_response("one\033 test");
  const ReplyOrigin origin =
      TraceOrigin(Candidate({Token("▁one", {{7, 0.9}}), Token("▁or", {}), Token("▁two", {{8, 0.6}})}));
  const std::string plain = RenderOrigin(origin, exchanges, Paint(false), 40);
  EXPECT_THAT(plain, HasSubstr("  one[1] or two[2]\n  1.5 of 3 tokens copied"));
  EXPECT_THAT(plain, HasSubstr("  [1] 0.9 tokens from exchange 7, "));
  EXPECT_THAT(plain, HasSubstr("      › one  test\n"));
  EXPECT_THAT(plain, HasSubstr("  [2] 0.6 tokens from exchange 8, deleted since\n"));
  EXPECT_THAT(plain, Not(HasSubstr("\033")));
  EXPECT_THAT(plain, HasSubstr("p…\n"));
  EXPECT_THAT(RenderOrigin(origin, exchanges, Paint(true), 40),
              HasSubstr("  \033[4;32mone\033[0m\033[2m[1]\033[0m or "));
}

TEST_F(ExplanationTest, EmptyReplyIsSaidToBeEmpty) {
  EXPECT_THAT(RenderOrigin(TraceOrigin(Candidate({})), {}, Paint(false), 80), EndsWith("The reply is empty.\n"));
}

}  // namespace
}  // namespace idiolect
