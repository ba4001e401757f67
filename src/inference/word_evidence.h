// How much likelier the words of a reply are for a user than for anybody: a unigram model of the user's window,
// interpolated with everybody's (Jelinek and Mercer), against everybody's alone,
//
//     Σ over the tokens t of the reply, </s> left out, of log(1 - a - b + (a·U(t) + b·P(t)) / E(t))
//
// U(t) and P(t) are t's shares of the tokens of the window's responses and of its posts. E(t) is everybody's share,
// taken as softmax(decoder.output.bias): what the decoder would say before it has read anything.
//
// The model's own log P(r | user, post) takes what the post says as given, so it owes nothing to the user for words
// that post and history have in common, and much of what tells people apart are the things that they talk about.
// docs/quality.md measures what this adds; a and b are the best of a few that were tried on 500 validation examples.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "model/exchange_tokenizer.h"

namespace idiolect {

// How often the tokens stand in a window, </s> left out.
class WindowWords {
 public:
  explicit WindowWords(const HistoryTokens& window);

  double ResponseShare(int32_t id) const { return responses_.Share(id); }  // 0 where there are none at all
  double PostShare(int32_t id) const { return posts_.Share(id); }
  bool has_responses() const { return responses_.total > 0; }
  bool has_posts() const { return posts_.total > 0; }

 private:
  struct Counts {
    explicit Counts(const std::vector<std::vector<int32_t>>& texts);
    double Share(int32_t id) const;
    std::unordered_map<int32_t, int> counts;
    int total = 0;
  };
  Counts responses_, posts_;
};

// Thread-safe.
class WordEvidence {
 public:
  static constexpr double kResponseWeight = 0.2, kPostWeight = 0.05;  // a and b; 0 for what the window has none of

  // output_bias: [V]
  explicit WordEvidence(const std::vector<float>& output_bias);

  // In nats; reply: token ids below V. 0 where the window has no words.
  double Of(const std::vector<int32_t>& reply, const WindowWords& window) const;

 private:
  std::vector<double> everybody_;  // [V] E
};

}  // namespace idiolect
