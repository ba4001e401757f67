// BLEU: Papineni and others, ACL 2002. Corpus BLEU as sacreBLEU computes it by default (Post, WMT 2018): tokens of
// mteval-v13a, case kept, exponential smoothing. Sentence BLEU without smoothing as the DHAP repository reports it.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace idiolect {

inline constexpr int kMaxBleuOrder = 4;

// What corpus BLEU is computed from; those of sentences add up.
struct BleuCounts {
  std::array<double, kMaxBleuOrder> matches{}, totals{};  // n-grams for n = 1 to 4: found in the reference; all
  double hypothesis_length = 0, reference_length = 0;     // tokens
};

// The tokens of mteval-v13a.
std::vector<std::string> Tokenize13a(std::string_view text);

BleuCounts CountBleu(const std::vector<std::string>& hypothesis, const std::vector<std::string>& reference);

// From 0 to 100, over n-grams up to `order` (1 to 4).
double CorpusBleu(const BleuCounts& counts, int order);

// From 0 to 1: without smoothing, so 0 where some order has no match.
double SentenceBleu(const BleuCounts& counts, int order);

}  // namespace idiolect
