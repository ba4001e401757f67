#include "eval/bleu.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "eval/words.h"

namespace idiolect {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsStop(char c) { return c == '.' || c == ','; }

// Punctuation that is always a token: all of ASCII's but ' , - and the full stop.
bool StandsAlone(char c) {
  return c == ' ' || (absl::ascii_ispunct(static_cast<unsigned char>(c)) && c != '\'' && c != '-' && !IsStop(c));
}

std::string SeparatePunctuation(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (StandsAlone(c))
      out += {' ', c, ' '};
    else
      out += c;
  }
  return out;
}

// Where `matches` holds of two characters next to each other, writes `before`, the first, a space, the second, `after`
// and goes on behind them, as a substitution by a regular expression would.
template <typename Predicate>
std::string Part(const std::string& text, Predicate matches, const char* before, const char* after) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i + 1 == text.size() || !matches(text[i], text[i + 1])) {
      out += text[i];
      continue;
    }
    absl::StrAppend(&out, before, std::string(1, text[i]), " ", std::string(1, text[i + 1]), after);
    ++i;
  }
  return out;
}

double BrevityPenalty(const BleuCounts& c) {
  if (c.hypothesis_length >= c.reference_length) return 1;
  return c.hypothesis_length > 0 ? std::exp(1 - c.reference_length / c.hypothesis_length) : 0;
}

}  // namespace

std::vector<std::string> Tokenize13a(std::string_view input) {
  std::string text = absl::StrReplaceAll(std::string(input), {{"<skipped>", ""}, {"-\n", ""}, {"\n", " "}});
  // One after the other, as mteval does: "&amp;lt;" ends as "<".
  for (const auto& [entity, character] : {std::pair{"&quot;", "\""}, {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}})
    text = absl::StrReplaceAll(text, {{entity, character}});
  text = SeparatePunctuation(absl::StrCat(" ", text, " "));
  text = Part(
      text, [](char a, char b) { return !IsDigit(a) && IsStop(b); }, "", " ");
  text = Part(
      text, [](char a, char b) { return IsStop(a) && !IsDigit(b); }, " ", "");
  text = Part(
      text, [](char a, char b) { return IsDigit(a) && b == '-'; }, "", " ");
  return SplitAtSpace(text);
}

BleuCounts CountBleu(const std::vector<std::string>& hypothesis, const std::vector<std::string>& reference) {
  BleuCounts counts;
  counts.hypothesis_length = static_cast<double>(hypothesis.size());
  counts.reference_length = static_cast<double>(reference.size());
  for (size_t n = 1; n <= kMaxBleuOrder; ++n) {
    counts.matches[n - 1] = CountShared(CountNgrams(hypothesis, n), CountNgrams(reference, n));
    counts.totals[n - 1] = std::max(0.0, counts.hypothesis_length - static_cast<double>(n) + 1);
  }
  return counts;
}

double CorpusBleu(const BleuCounts& counts, int order) {
  if (counts.matches[0] == 0) return 0;  // and so none of any order
  double log_sum = 0, smooth = 1;
  for (int n = 0; n < order; ++n) {
    if (counts.totals[n] == 0) return 0;
    if (counts.matches[n] == 0) smooth *= 2;
    const double matches = counts.matches[n] == 0 ? 1 / smooth : counts.matches[n];
    log_sum += std::log(matches / counts.totals[n]);
  }
  return 100 * BrevityPenalty(counts) * std::exp(log_sum / order);
}

double SentenceBleu(const BleuCounts& counts, int order) {
  double log_sum = 0;
  for (int n = 0; n < order; ++n) {
    if (counts.matches[n] == 0) return 0;
    log_sum += std::log(counts.matches[n] / counts.totals[n]);
  }
  return BrevityPenalty(counts) * std::exp(log_sum / order);
}

}  // namespace idiolect
