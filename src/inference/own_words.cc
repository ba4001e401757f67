#include "inference/own_words.h"

#include <algorithm>
#include <set>

namespace idiolect {
namespace {

// `said` without its </s>. The last token of a response that was `cut` may be the beginning of a longer word.
void AddWholeWords(const std::vector<int32_t>& said, bool cut, const Tokenizer& tokenizer, std::set<int32_t>& whole) {
  for (size_t j = 0; j < said.size(); ++j) {
    const bool last = j + 1 == said.size();
    const bool goes_on = last ? cut : tokenizer.ContinuesWord(said[j + 1]);
    if (!goes_on && !tokenizer.ContinuesWord(said[j])) whole.insert(said[j]);
  }
}

}  // namespace

std::vector<OwnWord> OwnWords(const HistoryTokens& window, const ExchangeTokenizer& texts,
                              const WordEvidence& evidence) {
  UserWords words;
  std::set<int32_t> whole;
  for (size_t pair = window.size() - std::min<size_t>(window.size(), kCountedExchanges); pair < window.size(); ++pair) {
    std::vector<int32_t> said = window.responses[pair];
    const bool cut = texts.MayBeCut(said);
    if (!said.empty()) said.pop_back();
    words.Add({}, said);
    AddWholeWords(said, cut, texts.tokenizer(), whole);
  }
  std::vector<OwnWord> own;
  own.reserve(whole.size());
  for (const int32_t id : whole) own.push_back({id, static_cast<float>(evidence.Lift(id, words))});
  return own;
}

}  // namespace idiolect
