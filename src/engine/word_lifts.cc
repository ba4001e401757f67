#include "engine/word_lifts.h"

#include <cmath>
#include <set>

namespace idiolect {
namespace {

std::set<int32_t> WholeWords(const CompactProfile& profile, const Tokenizer& tokenizer) {
  std::set<int32_t> whole;
  for (size_t i = 0; i < profile.word_ids.size(); ++i) {
    const int32_t id = profile.word_ids[i];
    const bool last = i + 1 == profile.word_ids.size() || profile.word_pairs[i + 1] != profile.word_pairs[i];
    if (tokenizer.ContinuesWord(id) || (!last && tokenizer.ContinuesWord(profile.word_ids[i + 1]))) continue;
    whole.insert(id);
  }
  return whole;
}

}  // namespace

std::vector<Lift> WordLifts(const CompactProfile& profile, const Tokenizer& tokenizer, const WordEvidence& evidence,
                            double word_guidance) {
  std::vector<Lift> lifts;
  if (word_guidance == 0) return lifts;
  const UserWords words = CountWords(profile);
  for (const int32_t id : WholeWords(profile, tokenizer))
    lifts.push_back({id, static_cast<float>(std::exp(word_guidance * evidence.Lift(id, words)))});
  return lifts;
}

}  // namespace idiolect
