// From examples to the summary, its JSON and its table.
#include "eval/statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "eval/evaluation_charts.h"
#include "eval/report.h"
#include "eval/summary.h"

namespace idiolect {
namespace {

// An example of two words and three tokens whose own history gives `own` nats.
ExampleResult Example(const std::string& source, const std::string& user, double own) {
  ExampleResult e;
  e.source = source;
  e.user = user;
  e.post = "well?";
  e.response = "always tea";
  e.tokens = 3;
  e.words = 2;
  e.own = -own;
  e.none = -own - 4;
  e.rivals = {-own - 2, -own - 3, -own + 1};
  e.writers = {{6, 1, 1, 3}, {1, 1, 1, 9}};
  e.curve = {{1, -own - 1, {-own - 2, -own - 2, -own - 2}}};
  e.candidates = {{-9, -5, -8}, {-12, -5, -8}, {-9, -6, -7}, {-14, -6, -8}, {-5, 1.5, -1}, {3, 1, 2}};
  e.posts = {-9, -10};
  e.reply.text = "tea always";
  e.reply.tokens = 4;
  e.reply.copied = 2;
  e.reply.copied_known = 1;
  e.reply.copied_from = {0.8, 0.4};
  e.reply.bleu = CountBleu({"tea", "always"}, {"always", "tea"});
  e.reply.p_f1 = 0.25;
  e.reply.p_cover = own;
  e.cache_reply = {"tea", 0.125, own / 2};
  return e;
}

Summary SummaryOf(const std::vector<ExampleResult>& examples) {
  return Summarize(examples, {.max_history = 2, .lengths = {1}, .resamples = 200, .seed = 1});
}

TEST(StatisticsTest, ValuesByHand) {
  const Summary s = SummaryOf({Example("a", "ann", 6), Example("a", "ben", 8)});
  EXPECT_EQ(s.all.examples, 2);
  EXPECT_EQ(s.all.users, 2);
  EXPECT_NEAR(s.all["per_word_perplexity.own"], std::exp(14.0 / 4), 1e-9);
  EXPECT_NEAR(s.all["per_token_perplexity.own"], std::exp(14.0 / 6), 1e-9);
  EXPECT_NEAR(s.all["per_word_perplexity.other"], std::exp(18.0 / 4), 1e-9);
  EXPECT_NEAR(s.all["other_over_own"], std::exp(1), 1e-9);
  EXPECT_NEAR(s.all["none_over_own"], std::exp(2), 1e-9);
  EXPECT_EQ(s.all["who_said_it.2"], 1);
  EXPECT_EQ(s.all["who_said_it.3"], 1);
  EXPECT_EQ(s.all["who_said_it.4"], 0);   // the third rival fits better
  EXPECT_EQ(s.all["who_said_it.10"], 0);  // of those that there are
  // The words of the response outweigh that, and those of the post this: half of them make 3, -1.5, -2.5 and 2.5, and
  // then 3.5, -1, -2 and 7.
  EXPECT_EQ(s.all["who_said_it_and_words.10"], 1);
  EXPECT_EQ(s.all["whose_exchange.2"], 1);
  EXPECT_EQ(s.all["whose_exchange.10"], 0);
  EXPECT_NEAR(s.all["by_history_length.1.own"], std::exp(16.0 / 4), 1e-9);
  EXPECT_EQ(s.all["by_history_length.1.who_said_it.10"], 1);
  EXPECT_EQ(s.all["which_post"], 1);
  EXPECT_EQ(s.all["copy.share"], 0.5);
  EXPECT_EQ(s.all["copy.in_history"], 0.5);
  EXPECT_NEAR(s.all["copied_from.2"], 0.1, 1e-9);
  EXPECT_EQ(s.all["p_f1"], 0.25);
  EXPECT_EQ(s.all["p_cover"], 7);
  EXPECT_EQ(s.all["cache_replies.p_f1"], 0.125);
  EXPECT_EQ(s.all["cache_replies.p_cover"], 3.5);
  EXPECT_EQ(s.all["bleu.1"], 100);
  EXPECT_NEAR(s.all["bleu.2"], 100 * std::sqrt(0.5 / 2), 1e-9);  // two bigrams, none matched: half a match
  EXPECT_EQ(s.all["distinct.1"], 0.5);
  EXPECT_EQ(s.all["repetitive_replies"], 0);
  EXPECT_TRUE(std::isnan(s.all["distinct.replies_of_100"]));  // there are no 100
}

TEST(StatisticsTest, RepliesAreRankedPerTokenByEachScore) {
  // Per token: likelihood -3, -5, -4; personal 1, 0, 0; relevance 0, 1, -1/2; joint 5/3, 1, 0.
  const Summary s = SummaryOf({Example("a", "ann", 6)});
  EXPECT_EQ(s.all["which_reply.likelihood"], 1);
  EXPECT_EQ(s.all["which_reply.personal"], 1);
  EXPECT_EQ(s.all["which_reply.relevance"], 0);
  EXPECT_EQ(s.all["which_reply_mrr.relevance"], 0.5);
  EXPECT_EQ(s.all["which_reply.joint"], 1);
  // In total: likelihood -9, -5, -8; personal 3, 0, 0; relevance 0, 1, -1; joint 5, 1, 0.
  EXPECT_EQ(s.all["which_reply_in_total.likelihood"], 0);
  EXPECT_EQ(s.all["which_reply_in_total.personal"], 1);
  EXPECT_EQ(s.all["which_reply_in_total.relevance"], 0);
  EXPECT_EQ(s.all["which_reply_in_total.joint"], 1);
  // With half of their words, -5, 3/2 and -1: personal 1/2, 3/4, -1/2; joint 5/2, 7/4, -1/2.
  EXPECT_EQ(s.all["which_reply_in_total.personal_and_words"], 0);
  EXPECT_EQ(s.all["which_reply_in_total.joint_and_words"], 1);
  EXPECT_EQ(s.all["which_reply_mrr.personal_and_words"], 0.5);
  EXPECT_EQ(s.all["which_reply_mrr.joint_and_words"], 0.5);
}

TEST(StatisticsTest, WithoutOthersThereIsNothingToCompare) {
  ExampleResult alone = Example("a", "ann", 6);
  alone.rivals.clear();
  alone.curve = {{1, -7, {}}};
  alone.posts = {-9};
  alone.candidates = {{-9}, {-12}, {-9}, {-14}, {1}, {3}};
  const Summary s = SummaryOf({alone});
  EXPECT_NEAR(s.all["per_word_perplexity.own"], std::exp(3), 1e-9);
  for (const char* name : {"per_word_perplexity.other", "other_over_own", "who_said_it.10", "which_post",
                           "which_reply.joint", "by_history_length.1.other"})
    EXPECT_TRUE(std::isnan(s.all[name])) << name;
  const auto json = nlohmann::json::parse(SummaryJson(s, {}));
  EXPECT_TRUE(json["who_said_it"]["10"].is_null());
}

TEST(ReportTest, TheJsonHasThePathsOfTheMeasures) {
  const Summary s = SummaryOf({Example("a", "ann", 6), Example("b.c", "ben", 8)});
  const auto json = nlohmann::json::parse(SummaryJson(s, {"models/x", "abc", "test", {"f.jsonl"}}));
  EXPECT_EQ(json["examples"], 2);
  EXPECT_EQ(json["users"], 2);
  EXPECT_EQ(json["split"], "test");
  EXPECT_NEAR(json["per_word_perplexity"]["own"].get<double>(), std::exp(14.0 / 4), 1e-9);
  for (const char* key : {"2", "10"}) EXPECT_TRUE(json["who_said_it"][key].is_number());
  for (const char* key : {"likelihood", "personal", "relevance", "joint", "personal_and_words", "joint_and_words"})
    EXPECT_TRUE(json["which_reply"][key].is_number());
  EXPECT_EQ(json["p_f1"], 0.25);
  EXPECT_EQ(json["intervals"]["p_cover"][0], 6);
  EXPECT_EQ(json["intervals"]["p_cover"][1], 8);
  EXPECT_EQ(json["by_source"]["b.c"]["p_cover"], 8);
  EXPECT_EQ(json["by_history_length"]["1"]["who_said_it"]["2"], 1);
}

TEST(ReportTest, TheTableNamesSourcesAndIntervals) {
  const std::string table = SummaryTable(SummaryOf({Example("alpha", "ann", 6), Example("beta", "ben", 8)}));
  EXPECT_THAT(table, ::testing::ContainsRegex("all +95 % interval +alpha +beta"));
  EXPECT_THAT(table, ::testing::ContainsRegex("p_cover +7.000  \\[6.000, 8.000\\] +6.000 +8.000"));
}

TEST(ReportTest, ChartsShowEveryLength) {
  const auto charts = EvaluationCharts(SummaryOf({Example("a", "ann", 6)}));
  ASSERT_EQ(charts.size(), 4u);
  const auto& own = charts[0].chart.series[0].points;
  ASSERT_EQ(own.size(), 3u);
  EXPECT_EQ(own[0].x, 0);
  EXPECT_NEAR(own[0].y, std::exp(5), 1e-9);  // none
  EXPECT_EQ(own[1].x, 1);
  EXPECT_NEAR(own[1].y, std::exp(3.5), 1e-9);
  EXPECT_EQ(own[2].x, 2);
  EXPECT_NEAR(own[2].y, std::exp(3), 1e-9);
}

TEST(ExampleTest, ALineHoldsAll) {
  ExampleResult e = Example("a", "änn", 6.123456789);
  e.response = "bad \xff byte";
  const auto read = ParseExampleLine(ToJsonLine(e));
  ASSERT_TRUE(read.ok()) << read.status();
  e.response = "bad \xef\xbf\xbd byte";
  EXPECT_EQ(ToJsonLine(*read), ToJsonLine(e));
  EXPECT_EQ(read->own, e.own);
  e.writers.post.pop_back();
  EXPECT_TRUE(absl::IsInvalidArgument(ParseExampleLine(ToJsonLine(e)).status()));
  const absl::Status broken = ParseExampleLine("{\"post\": \"secret\"}").status();
  EXPECT_TRUE(absl::IsInvalidArgument(broken));
  EXPECT_EQ(broken.message().find("secret"), std::string::npos);
}

}  // namespace
}  // namespace idiolect
