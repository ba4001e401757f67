#include "eval/statistics.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "eval/distinct.h"
#include "eval/ranking.h"
#include "idiolect/reply.h"

namespace idiolect {
namespace {

using absl::StrCat;

constexpr const char* kRouge[] = {"1", "2", "l"};

double Divide(double a, double b) { return b > 0 ? a / b : std::numeric_limits<double>::quiet_NaN(); }

std::vector<double> FirstOf(double own, const std::vector<double>& rivals, size_t count) {
  std::vector<double> scores = {own};
  scores.insert(scores.end(), rivals.begin(), rivals.begin() + static_cast<std::ptrdiff_t>(count));
  return scores;
}

// Who said it, among 2, 3, … and 10 of the source's users. Where it has fewer, among those that there are.
void AddWhoSaidIt(const std::string& prefix, double own, const std::vector<double>& rivals, Sums& sums) {
  for (size_t others = 1; others <= 9 && !rivals.empty(); ++others) {
    const std::string name = StrCat(prefix, others + 1);
    sums.Add(name, RankOfFirst(FirstOf(own, rivals, std::min(others, rivals.size()))).first);
    sums.Add(name + "/n", 1);
  }
}

// … by what the words of the response say beside the model, and by what those of the post say, too.
void AddWriters(const ExampleResult& e, Sums& sums) {
  if (e.rivals.empty()) return;
  std::vector<double> by_words = FirstOf(e.own, e.rivals, e.rivals.size());
  for (size_t i = 0; i < by_words.size(); ++i) by_words[i] += kWordsWeight * e.writers.response[i];
  std::vector<double> by_exchange = by_words;
  for (size_t i = 0; i < by_exchange.size(); ++i) by_exchange[i] += kWordsWeight * e.writers.post[i];
  const auto add = [&](const std::string& prefix, const std::vector<double>& scores) {
    AddWhoSaidIt(prefix, scores[0], {scores.begin() + 1, scores.end()}, sums);
  };
  add("who.words.", by_words);
  add("who.exchange.", by_exchange);
}

void AddRank(const std::string& name, const std::vector<double>& scores, Sums& sums) {
  if (scores.size() < 2) return;
  const Rank rank = RankOfFirst(scores);
  sums.Add(name, rank.first);
  sums.Add(name + "/mrr", rank.reciprocal);
  sums.Add(name + "/n", 1);
}

// A score of ScoreReplies: what a response has more under `own` than under `baseline`, and of its words what `scoring`
// counts.
struct ReplyScore {
  const char* name;
  std::vector<double> CandidateScores::*baseline;  // null: nothing is subtracted
  Scoring scoring;
};

constexpr ReplyScore kReplyScores[] = {
    {"likelihood", nullptr, Scoring::kLikelihood},
    {"personal", &CandidateScores::no_user, Scoring::kPersonal},
    {"relevance", &CandidateScores::no_post, Scoring::kRelevance},
    {"joint", &CandidateScores::neither, Scoring::kJoint},
    {"personal_and_words", &CandidateScores::no_user, Scoring::kPersonalAndWords},
    {"joint_and_words", &CandidateScores::neither, Scoring::kJointAndWords},
};

// In total: evidence adds up over the tokens.
std::vector<double> ScoresOf(const CandidateScores& c, const ReplyScore& score) {
  std::vector<double> scores = c.own;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (score.baseline != nullptr) scores[i] -= (c.*score.baseline)[i];
    if (CountsWords(score.scoring)) scores[i] += kWordsWeight * c.words[i];
  }
  return scores;
}

void AddCandidates(const CandidateScores& c, Sums& sums) {
  for (const ReplyScore& score : kReplyScores) {
    std::vector<double> scores = ScoresOf(c, score);
    AddRank(StrCat("total/", score.name), scores, sums);
    for (size_t i = 0; i < scores.size(); ++i) scores[i] /= c.tokens[i];
    AddRank(StrCat("reply/", score.name), scores, sums);
  }
}

void AddReply(const ReplyMeasures& r, Sums& sums) {
  sums.Add("reply.empty", r.tokens == 0);
  sums.Add("reply.repetitive", RepeatsItself(r.text));
  sums.Add("reply.tokens", r.tokens);
  sums.Add("reply.copied", r.copied);
  sums.Add("reply.known", r.copied_known);
  for (size_t age = 0; age < r.copied_from.size(); ++age) {
    sums.Add(StrCat("copied_from.", age + 1), r.copied_from[age]);
    sums.Add(StrCat("copied_from.", age + 1, "/n"), r.tokens);  // of the replies that could
  }
  for (int n = 0; n < kMaxBleuOrder; ++n) {
    sums.Add(StrCat("bleu.matches.", n), r.bleu.matches[n]);
    sums.Add(StrCat("bleu.totals.", n), r.bleu.totals[n]);
    sums.Add(StrCat("bleu_dhap.", n), SentenceBleu(r.bleu_of_words, n + 1));
  }
  sums.Add("bleu.hypothesis", r.bleu.hypothesis_length);
  sums.Add("bleu.reference", r.bleu.reference_length);
  for (int i = 0; i < 3; ++i) {
    sums.Add(StrCat("rouge.", kRouge[i]), r.rouge_f[i]);
    sums.Add(StrCat("rouge_dhap.", kRouge[i]), r.rouge_recall[i]);
  }
  sums.Add("embedding.average", r.embedding.average);
  sums.Add("embedding.extrema", r.embedding.extrema);
  sums.Add("embedding.greedy", r.embedding.greedy);
  sums.Add("p_f1", r.p_f1);
  sums.Add("p_cover", r.p_cover);
  sums.Add("p_cover_dhap", r.p_cover_of_15);
}

BleuCounts SummedBleu(const Sums& s) {
  BleuCounts counts;
  for (int n = 0; n < kMaxBleuOrder; ++n) {
    counts.matches[n] = s[StrCat("bleu.matches.", n)];
    counts.totals[n] = s[StrCat("bleu.totals.", n)];
  }
  counts.hypothesis_length = s["bleu.hypothesis"];
  counts.reference_length = s["bleu.reference"];
  return counts;
}

using List = std::vector<Statistic>;

void AddQuotient(List& list, const std::string& name, const std::string& sum, const std::string& count) {
  list.push_back({name, [=](const Sums& s) { return Divide(s[sum], s[count]); }});
}

void AddMean(List& list, const std::string& name, const std::string& sum) { AddQuotient(list, name, sum, "examples"); }

void AddPerplexity(List& list, const std::string& name, const std::string& nats, const std::string& units) {
  list.push_back({name, [=](const Sums& s) { return std::exp(Divide(s[nats], s[units])); }});
}

void AddPerplexities(List& list) {
  for (const char* unit : {"word", "token"}) {
    const std::string units = StrCat(unit, "s"), name = StrCat("per_", unit, "_perplexity.");
    AddPerplexity(list, name + "own", "nats.own", units);
    AddPerplexity(list, name + "other", "nats.other", units + ".compared");
    AddPerplexity(list, name + "none", "nats.none", units);
    AddPerplexity(list, name + "cache", "nats.cache", units);
  }
  list.push_back({"other_over_own", [](const Sums& s) {
                    return std::exp(Divide(s["nats.other"] - s["nats.own.compared"], s["words.compared"]));
                  }});
  list.push_back(
      {"none_over_own", [](const Sums& s) { return std::exp(Divide(s["nats.none"] - s["nats.own"], s["words"])); }});
}

void AddRankings(List& list) {
  for (int of = 2; of <= 10; ++of)
    AddQuotient(list, StrCat("who_said_it.", of), StrCat("who.", of), StrCat("who.", of, "/n"));
  for (const int of : {2, 10}) {
    AddQuotient(list, StrCat("who_said_it_and_words.", of), StrCat("who.words.", of), StrCat("who.words.", of, "/n"));
    AddQuotient(list, StrCat("whose_exchange.", of), StrCat("who.exchange.", of), StrCat("who.exchange.", of, "/n"));
  }
  for (const ReplyScore& score : kReplyScores) {
    const std::string sum = StrCat("reply/", score.name), total = StrCat("total/", score.name);
    AddQuotient(list, StrCat("which_reply.", score.name), sum, sum + "/n");
    AddQuotient(list, StrCat("which_reply_mrr.", score.name), sum + "/mrr", sum + "/n");
    AddQuotient(list, StrCat("which_reply_in_total.", score.name), total, total + "/n");
  }
  AddQuotient(list, "which_post", "post", "post/n");
  AddQuotient(list, "which_post_mrr", "post/mrr", "post/n");
}

void AddReplies(List& list) {
  for (const char* name : {"p_f1", "p_cover", "p_cover_dhap", "cache_replies.p_f1", "cache_replies.p_cover"})
    AddMean(list, name, name);
  for (int n = 1; n <= kMaxBleuOrder; ++n)
    list.push_back({StrCat("bleu.", n), [=](const Sums& s) { return CorpusBleu(SummedBleu(s), n); }});
  for (int n = 1; n <= kMaxBleuOrder; ++n) AddMean(list, StrCat("bleu_dhap.", n), StrCat("bleu_dhap.", n - 1));
  for (const char* kind : {"rouge.", "rouge_dhap."}) {
    for (const char* n : kRouge) AddMean(list, StrCat(kind, n), StrCat(kind, n));
  }
  for (const char* kind : {"average", "extrema", "greedy"})
    AddMean(list, StrCat("embedding.", kind), StrCat("embedding.", kind));
  AddQuotient(list, "copy.share", "reply.copied", "reply.tokens");
  AddQuotient(list, "copy.in_history", "reply.known", "reply.copied");
  AddMean(list, "empty_replies", "reply.empty");
  AddMean(list, "repetitive_replies", "reply.repetitive");
}

void AddCurve(List& list, int length) {
  const std::string sum = StrCat("curve.", length, "."), name = StrCat("by_history_length.", length, ".");
  AddPerplexity(list, name + "own", sum + "own", "words");
  AddPerplexity(list, name + "other", sum + "other", "words.compared");
  for (int of : {2, 10})
    AddQuotient(list, StrCat(name, "who_said_it.", of), StrCat(sum, "who.", of), StrCat(sum, "who.", of, "/n"));
}

}  // namespace

double Sums::operator[](const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? 0 : found->second;
}

void AddExample(const ExampleResult& e, Sums& sums) {
  sums.Add("examples", 1);
  sums.Add("words", e.words);
  sums.Add("tokens", e.tokens);
  sums.Add("nats.own", -e.own);
  sums.Add("nats.none", -e.none);
  sums.Add("nats.cache", -e.cache);
  if (!e.rivals.empty()) {
    sums.Add("words.compared", e.words);
    sums.Add("tokens.compared", e.tokens);
    sums.Add("nats.own.compared", -e.own);
    sums.Add("nats.other", -e.rivals[0]);
  }
  AddWhoSaidIt("who.", e.own, e.rivals, sums);
  AddWriters(e, sums);
  for (const CurvePoint& point : e.curve) {
    const std::string prefix = StrCat("curve.", point.length, ".");
    sums.Add(prefix + "own", -point.own);
    if (!point.rivals.empty()) sums.Add(prefix + "other", -point.rivals[0]);
    AddWhoSaidIt(prefix + "who.", point.own, point.rivals, sums);
  }
  AddCandidates(e.candidates, sums);
  AddRank("post", e.posts, sums);
  AddReply(e.reply, sums);
  sums.Add("cache_replies.p_f1", e.cache_reply.p_f1);
  sums.Add("cache_replies.p_cover", e.cache_reply.p_cover);
}

std::vector<Statistic> AllStatistics(int max_history, const std::vector<int>& lengths) {
  List list;
  AddPerplexities(list);
  AddRankings(list);
  AddReplies(list);
  for (int age = 1; age <= max_history; ++age)
    AddQuotient(list, StrCat("copied_from.", age), StrCat("copied_from.", age), StrCat("copied_from.", age, "/n"));
  for (const int length : lengths) AddCurve(list, length);
  return list;
}

}  // namespace idiolect
