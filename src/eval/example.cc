#include "eval/example.h"

#include <nlohmann/json.hpp>

namespace idiolect {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(CurvePoint, length, own, rivals)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(CandidateScores, own, no_user, no_post, neither, words, tokens)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(WriterWords, response, post)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(BleuCounts, matches, totals, hypothesis_length, reference_length)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(EmbeddingSimilarity, average, extrema, greedy)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ReplyMeasures, text, tokens, copied, copied_known, copied_from, bleu, bleu_of_words,
                                   rouge_f, rouge_recall, embedding, p_f1, p_cover, p_cover_of_15)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(CacheReply, text, p_f1, p_cover)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ExampleResult, source, user, index, post, response, history, tokens, words, own,
                                   none, cache, rivals, writers, curve, candidates, posts, reply, cache_reply)

namespace {

// What stands side by side is as long as its neighbours.
bool ListsMatch(const ExampleResult& e) {
  const CandidateScores& c = e.candidates;
  for (const auto* list : {&c.no_user, &c.no_post, &c.neither, &c.words}) {
    if (list->size() != c.own.size()) return false;
  }
  for (const auto* list : {&e.writers.response, &e.writers.post}) {
    if (list->size() != e.rivals.size() + 1) return false;
  }
  return c.tokens.size() == c.own.size();
}

}  // namespace

std::string ToJsonLine(const ExampleResult& example) {
  // Texts of files may hold what is no UTF-8; the output is.
  return nlohmann::json(example).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

absl::StatusOr<ExampleResult> ParseExampleLine(const std::string& line) {
  try {
    const auto example = nlohmann::json::parse(line).get<ExampleResult>();
    if (ListsMatch(example)) return example;
  } catch (const nlohmann::json::exception&) {  // whose message would quote the line
  }
  return absl::InvalidArgumentError("expected an example as `idiolect eval` writes them");
}

}  // namespace idiolect
