#include "profile/vocabulary.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "profile/characters.h"
#include "profile/words.h"

namespace idiolect {
namespace {

std::map<std::string, int> CountWords(absl::Span<const Exchange> exchanges) {
  std::map<std::string, int> counts;
  for (const Exchange& exchange : exchanges) {
    for (std::string_view word : SplitWords(exchange.response)) {
      const std::string_view bare = StripPunctuation(word);
      if (!bare.empty()) ++counts[LowerCase(bare)];
    }
  }
  return counts;
}

// A language in which no word surprises (a model without unigram scores) still weighs words by their counts.
void Normalise(std::vector<VocabularyWord>& words) {
  double sum = 0;
  for (const VocabularyWord& word : words) sum += word.weight;
  if (sum <= 0) {
    for (VocabularyWord& word : words) sum += word.weight = word.count;
  }
  for (VocabularyWord& word : words) word.weight /= sum;
}

}  // namespace

std::vector<VocabularyWord> PersonalVocabulary(absl::Span<const Exchange> exchanges,
                                               const std::function<double(std::string_view)>& surprisal) {
  std::vector<VocabularyWord> words;
  for (auto& [word, count] : CountWords(exchanges))
    words.push_back({word, count, count * std::max(0.0, surprisal(word))});
  Normalise(words);
  std::sort(words.begin(), words.end(), [](const VocabularyWord& a, const VocabularyWord& b) {
    return std::tie(b.weight, a.word) < std::tie(a.weight, b.word);
  });
  return words;
}

}  // namespace idiolect
