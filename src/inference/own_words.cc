#include "inference/own_words.h"

#include <algorithm>

namespace idiolect {
namespace {

// `response` is without its </s>. The last token of one that was cut may be the beginning of a longer word.
void AddWholeWords(const std::vector<int32_t>& response, const ExchangeTokenizer& texts, std::vector<int32_t>& whole) {
  const Tokenizer& tokenizer = texts.tokenizer();
  for (size_t j = 0; j < response.size(); ++j) {
    const bool last = j + 1 == response.size();
    const bool goes_on = last ? texts.MayBeCut(response) : tokenizer.ContinuesWord(response[j + 1]);
    if (!goes_on && !tokenizer.ContinuesWord(response[j])) whole.push_back(response[j]);
  }
}

}  // namespace

std::vector<OwnWord> OwnWords(const CompactProfile& profile, const ExchangeTokenizer& texts,
                              const WordEvidence& evidence) {
  UserWords words;
  std::vector<int32_t> whole, response;
  const size_t first = FirstCounted(profile.pair_sequences.size());
  for (size_t i = 0; i < profile.word_ids.size(); ++i) {
    if (profile.word_pairs[i] < first) continue;
    response.push_back(profile.word_ids[i]);
    if (i + 1 < profile.word_ids.size() && profile.word_pairs[i + 1] == profile.word_pairs[i]) continue;
    words.Add({}, response);
    AddWholeWords(response, texts, whole);
    response.clear();
  }
  std::sort(whole.begin(), whole.end());
  whole.erase(std::unique(whole.begin(), whole.end()), whole.end());
  std::vector<OwnWord> own;
  own.reserve(whole.size());
  for (const int32_t id : whole) own.push_back({id, evidence.Lift(id, words)});
  return own;
}

}  // namespace idiolect
