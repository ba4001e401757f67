// The personal vocabulary: which words are this user's own, by how often they say them against how common they are.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "idiolect/exchange.h"

namespace idiolect {

struct VocabularyWord {
  std::string word;   // in lower case, without the punctuation around it
  int count = 0;      // occurrences in the responses
  double weight = 0;  // count times surprisal, over the sum of that; all weights sum to 1

  friend bool operator==(const VocabularyWord&, const VocabularyWord&) = default;
};

// Every word of the responses, heaviest first, equal weights in alphabetical order. `surprisal` is in nats, as
// Engine::Surprisal; below 0 counts as 0.
std::vector<VocabularyWord> PersonalVocabulary(absl::Span<const Exchange> exchanges,
                                               const std::function<double(std::string_view)>& surprisal);

}  // namespace idiolect
