// How much likelier the words of a text are for a user than for anybody: a unigram model of the user's window,
// interpolated with everybody's (Jelinek and Mercer), against everybody's alone,
//
//     W = Σ over the different tokens t of the text of log(1 - a - b + (a·U(t) + b·P(t)) / E(t))
//
// U(t) and P(t) are t's shares of the tokens of the window's responses and of its posts, where each exchange counts
// 0.8 times as much as the next newer one. E(t) is everybody's share, taken as softmax(decoder.output.bias): what the
// decoder would say before it has read anything. Texts count whole, where the model reads their beginning (a post's
// end) only; a token that is said again in a text tells nothing new.
//
// The model's own log P(r | user, post) takes what the post says as given, so it owes nothing to the user for words
// that post and history have in common, and much of what tells people apart are the things that they talk about.
// docs/quality.md measures what this adds; a, b and the 0.8 are the best of a few that were tried on 1,502 validation
// examples.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "absl/types/span.h"
#include "text/tokenizer.h"

namespace idiolect {

// How often the tokens stand in a window.
class WindowWords {
 public:
  // The window's next exchange, the oldest first: the ids of its whole texts, without special tokens.
  void Add(const std::vector<int32_t>& post, const std::vector<int32_t>& response);

  // In [0, 1]; 0 where there are no words at all.
  double ResponseShare(int32_t id) const { return responses_.Share(id); }
  double PostShare(int32_t id) const { return posts_.Share(id); }
  bool has_responses() const { return responses_.total > 0; }
  bool has_posts() const { return posts_.total > 0; }

 private:
  struct Counts {
    void Add(const std::vector<int32_t>& text, double weight);
    double Share(int32_t id) const;
    std::unordered_map<int32_t, double> counts;
    double total = 0;
  };
  Counts responses_, posts_;
  double weight_ = 1;  // of the next exchange
};

// Of exchanges (anything with a post and a response), the oldest first.
template <typename Exchange>
WindowWords CountWords(absl::Span<const Exchange> window, const Tokenizer& tokenizer) {
  WindowWords words;
  for (const Exchange& e : window) words.Add(tokenizer.Encode(e.post), tokenizer.Encode(e.response));
  return words;
}

// Thread-safe.
class WordEvidence {
 public:
  // a and b; what the window has no words of counts 0 instead.
  struct Weights {
    double responses, posts;
  };
  static constexpr Weights kOfResponse = {0.25, 0.05};  // is this what the user says?
  static constexpr Weights kOfPost = {0.05, 0.1};       // is this what the user gets to hear?

  // output_bias: [V]
  explicit WordEvidence(const std::vector<float>& output_bias);

  // W in nats; text: token ids below V without special tokens. 0 where the window has no words.
  double Of(const std::vector<int32_t>& text, const WindowWords& window, Weights weights = kOfResponse) const;

 private:
  std::vector<double> everybody_;  // [V] E
};

}  // namespace idiolect
