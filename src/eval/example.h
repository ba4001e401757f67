// Everything that is measured of one example, as raw as it can be: the metrics are computed from it, and it is a line
// of the file of examples.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "eval/bleu.h"
#include "eval/embedding_similarity.h"

namespace idiolect {

// The response under histories cut to the newest `length` exchanges: the user's own, then the rivals', in nats.
struct CurvePoint {
  int length = 0;
  double own = 0;
  std::vector<double> rivals;
};

// log P of candidate responses, the true one first, in each of the contexts that ScoreReplies compares.
struct CandidateScores {
  std::vector<double> own, no_user, no_post, neither;
  std::vector<double> words;  // how much likelier the words are for the user: W of inference/word_evidence.h
  std::vector<int> tokens;    // of each candidate
};

// W of the response and of the post by the user's own window, then by those of the rivals.
struct WriterWords {
  std::vector<double> response, post;
};

// The greedy reply and its copying from the history.
struct ReplyMeasures {
  std::string text;
  int tokens = 0;        // </s> left out
  int copied = 0;        // tokens whose copy probability exceeds one half
  int copied_known = 0;  // of those, the ones that stand in the history
  std::vector<double>
      copied_from;  // by age of the exchange, the newest first: Σ over the tokens of P(copied from it | token)
  BleuCounts bleu, bleu_of_words;                // on mteval's tokens and on whitespace words
  double rouge_f[3] = {}, rouge_recall[3] = {};  // 1, 2 and L
  EmbeddingSimilarity embedding;
  double p_f1 = 0, p_cover = 0, p_cover_of_15 = 0;
};

// The greedy reply of the model without a profile, mixed with a cache of the user's tokens (see unigram_cache.h).
struct CacheReply {
  std::string text;
  double p_f1 = 0, p_cover = 0;
};

struct ExampleResult {
  std::string source, user;
  int64_t index = 0;  // of the exchange among the user's, from 0
  std::string post, response;
  int history = 0;             // exchanges in the window
  int tokens = 0, words = 0;   // of the part of the response that the model reads, </s> counting as a token
  double own = 0, none = 0;    // log P of the response with the user's history, and with nobody's
  double cache = 0;            // … without it, mixed with a cache of the user's tokens (see unigram_cache.h)
  std::vector<double> rivals;  // … with other users' histories; empty where there are no others
  WriterWords writers;
  std::vector<CurvePoint> curve;
  CandidateScores candidates;
  std::vector<double> posts;  // log P of the response to its own post, then to others
  ReplyMeasures reply;
  CacheReply cache_reply;
};

std::string ToJsonLine(const ExampleResult& example);
// kInvalidArgument where the line is not one that ToJsonLine made.
absl::StatusOr<ExampleResult> ParseExampleLine(const std::string& line);

}  // namespace idiolect
