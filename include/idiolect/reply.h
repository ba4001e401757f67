// Requests to the engine and its answers, as plain values.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "idiolect/exchange.h"

namespace idiolect {

// How a reply is decoded, passed whole. The ranges are checked by ValidateDecodingOptions.
struct DecodingOptions {
  int max_tokens = 0;            // 1 to the model's max_response_tokens; 0: the model's maximum
  double temperature = 0.0;      // 0 to 10; 0 is greedy: always the most probable token
  double top_p = 1.0;            // (0, 1]; keep the most probable tokens whose probabilities sum to at least top_p
  int top_k = 0;                 // 0 to 1,000,000; keep the k most probable tokens; 0: all
  uint64_t seed = 0;             // the same request with the same seed gives the same bytes
  int beam_size = 1;             // 1 to 16; above 1: beam search, which excludes sampling (temperature must be 0)
  double length_penalty = 0.0;   // -5 to 5; beams are ranked by logprob / ((5 + length) / 6)^length_penalty (GNMT)
  int no_repeat_ngram_size = 0;  // 0 to 16; forbids a token that would complete an n-gram already in the reply; 0: off
  int candidate_count = 1;       // 1 to 16; with beam search at most beam_size. Greedy decoding has one candidate only
  // 0 to 5; 0: off. Above 0 a token is chosen by P(w | user, post)^(1 + guidance) / P(w | nobody, nothing)^guidance,
  // among those with at least a tenth of the largest P(w | user, post): by what user and post add to what anybody says
  // anyway. The probabilities that are reported stay the model's. Costs two rows of the batch instead of one; excludes
  // beam search.
  double guidance = 0.0;
  // 0 to 5; 0: off. A token that is a whole word, or punctuation, somewhere in the user's responses as far as the model
  // reads them (of the newest kCountedExchanges), and that the reply has not said yet, is chosen as if it were
  // r^word_guidance times as probable (at most a million times), if it has at least a tenth of the largest probability;
  // r is how much likelier it is for the user than for somebody who has never said it (Lift in
  // inference/word_evidence.h). So replies take up the user's own words, and seldom repeat themselves. The
  // probabilities that are reported stay the model's. Excludes beam search.
  double word_guidance = 0.0;
};

// A good word_guidance, by 402 validation examples, see docs/quality.md: what `idiolect ask` and `idiolect eval` take.
inline constexpr double kUsualWordGuidance = 0.35;

struct ReplyRequest {
  UserKey user;
  History history;  // the newest max_history exchanges suffice
  std::string post;
  DecodingOptions decoding;
  bool explain = false;
  absl::Time deadline = absl::InfiniteFuture();
};

enum class FinishReason { kEndOfText, kMaxTokens };

// How much of a token's probability came from copying out of one exchange.
struct CopySource {
  int64_t sequence = 0;  // Exchange::sequence
  double weight = 0;     // in [0, 1]: P(copied from this exchange | this token)
};

struct TokenExplanation {
  std::string text;                  // the token's piece as text; a byte piece as <0xE4>
  double logprob = 0;                // natural logarithm, under the model (before temperature and truncation)
  double copy_probability = 0;       // the gate's probability of copying from the history at this step
  double post_copy_probability = 0;  // … of copying from the post; 0 where the model can't
  std::vector<CopySource> sources;   // heaviest first, weights at least 0.001; the rest was generated or from the post
};

struct ReplyCandidate {
  std::string text;
  std::vector<int32_t> tokens;  // without </s>
  double logprob = 0;           // of the tokens and, where the reply ended by itself, of </s>; natural logarithm
  FinishReason finish_reason = FinishReason::kEndOfText;
  std::vector<TokenExplanation> explanation;  // with `explain`: one a token
};

// Where a reply's time in the engine went.
struct ReplyTiming {
  absl::Duration queue;        // from Submit until the request got its place in the batch
  absl::Duration first_token;  // from Submit until the first token was chosen: profile, post and one step included
  absl::Duration total;        // from Submit until the reply was complete
  bool profile_built = false;  // the profile was not in the cache
};

struct Reply {
  std::vector<ReplyCandidate> candidates;  // best first by log-probability (beam search: by the penalised score)
  ReplyTiming timing;
  int64_t revision = 0;     // of the history that the profile was built from
  bool cold_start = false;  // the user has no history: anybody's reply
};

// What ranks a candidate r, given the user u's history and the post p. Likelihood alone ranks what anybody would say
// above what this user would; the differences cancel that out.
enum class Scoring {
  kLikelihood,        // log P(r | u, p)
  kPersonal,          // log P(r | u, p) - log P(r | no user, p): what the user adds
  kRelevance,         // log P(r | u, p) - log P(r | u, no post): what the post adds
  kJoint,             // log P(r | u, p) - log P(r | no user, no post): what both add
  kPersonalAndWords,  // kPersonal + 1/2 W, how much likelier r's words are for u than for anybody
                      // (inference/word_evidence.h)
  kJointAndWords,     // kJoint + 1/2 W
};

constexpr bool CountsWords(Scoring scoring) {
  return scoring == Scoring::kPersonalAndWords || scoring == Scoring::kJointAndWords;
}

// Of W in a score that counts words. By 1,502 validation examples, see docs/quality.md.
inline constexpr double kWordsWeight = 0.5;

// How many of the newest exchanges W counts words in. Twice as many gain no more than noise.
inline constexpr int kCountedExchanges = 100;

// How many of the newest exchanges a ranking wants where the model reads max_history.
constexpr int HistoryWanted(Scoring scoring, int max_history) {
  return CountsWords(scoring) ? std::max(max_history, kCountedExchanges) : max_history;
}

struct ScoreRequest {
  UserKey user;
  History history;  // the newest HistoryWanted exchanges suffice
  std::string post;
  std::vector<std::string> candidates;  // 1 to 64
  Scoring scoring = Scoring::kPersonalAndWords;
  bool per_token = true;  // divide each score by the candidate's token count, </s> included
  absl::Time deadline = absl::InfiniteFuture();
};

struct ScoredCandidate {
  int index = 0;       // into ScoreRequest::candidates
  double score = 0;    // by which the candidates are ranked
  double logprob = 0;  // log P(r | u, p), </s> included
  double words = 0;    // W, where the scoring counts words
  std::vector<std::string> token_texts;
  std::vector<double> token_logprobs;  // the last one is of </s>
  bool truncated = false;              // longer than the model's max_response_tokens: scored by its beginning
};

struct Scores {
  std::vector<ScoredCandidate> ranked;  // best first; ties keep input order
  int64_t revision = 0;
  bool cold_start = false;
};

// For a post: what the memory attends to before the first word is spoken (s_0), the dynamic profile made readable.
struct MemoryReading {
  struct Entry {
    int64_t sequence = 0;
    double weight = 0;  // softmax over the window: the weights sum to 1
  };
  std::vector<Entry> entries;          // heaviest first; empty for a user without history
  std::vector<float> dynamic_profile;  // [d] the weighted sum of the values; zeros without history
  int64_t revision = 0;
};

}  // namespace idiolect
