// How much likelier the words of a text are for a user than for anybody: a unigram model of the user's newest
// exchanges, interpolated with everybody's (Jelinek and Mercer), against everybody's alone,
//
//     W = Σ over the different tokens t of the text of log(1 - Σ_k a_k + Σ_k a_k · S_k(t) / E(t))
//
// The S_k are t's shares of the tokens of the responses and of the posts, once where each exchange counts 0.8 times as
// much as the next newer one (what the user talks about now), once where all count the same (how the user talks). E(t)
// is everybody's share, taken as softmax(decoder.output.bias): what the decoder would say before it has read anything.
// In a ranking up to kCountedExchanges exchanges count, many more than the model reads, and of texts all words, where
// the model reads their beginning (a post's end) only; a token that is said again in a text tells nothing new.
//
// The model's own log P(r | user, post) takes what the post says as given, so it owes nothing to the user for words
// that post and history have in common, and much of what tells people apart are the things that they talk about.
// docs/quality.md measures what this adds; the a_k and the 0.8 are the best of a few that were tried on 1,502
// validation examples.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "idiolect/reply.h"

namespace idiolect {

// Where the newest kCountedExchanges of so many exchanges, the oldest first, begin.
constexpr size_t FirstCounted(size_t exchanges) {
  return exchanges > kCountedExchanges ? exchanges - kCountedExchanges : 0;
}

// How often the tokens stand in a user's history.
class UserWords {
 public:
  // One number for each way of counting: a token's shares, or the weights a_k of W.
  struct Shares {
    double recent_responses, responses, recent_posts, posts;
  };

  // The next exchange, the oldest first: the ids of its texts, without special tokens.
  void Add(const std::vector<int32_t>& post, const std::vector<int32_t>& response);

  // In [0, 1]; 0 where there are no words at all.
  Shares Of(int32_t id) const;
  bool has_responses() const { return total_[kResponses] > 0; }
  bool has_posts() const { return total_[kPosts] > 0; }

 private:
  enum Way { kRecentResponses, kResponses, kRecentPosts, kPosts };
  using Counts = std::array<float, 4>;  // by Way
  void Count(const std::vector<int32_t>& text, Way recent, Way all);

  absl::flat_hash_map<int32_t, Counts> counts_;
  Counts total_ = {};
  float weight_ = 1;  // of the next exchange in the recent counts
};

// Thread-safe.
class WordEvidence {
 public:
  // The a_k; what the history has no words of counts 0 instead.
  static constexpr UserWords::Shares kOfResponse = {0.2, 0.4, 0.05, 0};  // is this what the user says?
  static constexpr UserWords::Shares kOfPost = {0.05, 0.1, 0.2, 0.3};    // is this what the user gets to hear?

  // output_bias: [V]
  explicit WordEvidence(const std::vector<float>& output_bias);

  // W in nats; text: token ids below V without special tokens. 0 where the user has no words.
  double Of(const std::vector<int32_t>& text, const UserWords& user, UserWords::Shares weights = kOfResponse) const;

  // By how much W of a response rises with a token in place of one that the user has never said or been told: at least
  // 0,
  //     log(1 + Σ_k a_k · S_k(t) / ((1 - Σ_k a_k) · E(t)))
  double Lift(int32_t id, const UserWords& user) const;

 private:
  // The a_k without those of which the user has no words, and what is left for everybody.
  struct Mixture {
    UserWords::Shares weights;
    double rest;
  };
  static Mixture MixtureOf(const UserWords& user, UserWords::Shares weights);

  std::vector<double> everybody_;  // [V] E
};

}  // namespace idiolect
