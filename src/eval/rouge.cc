#include "eval/rouge.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "eval/words.h"

namespace idiolect {
namespace {

RougeScore Divide(double shared, size_t hypothesis, size_t reference) {
  RougeScore score;
  if (hypothesis > 0) score.precision = shared / static_cast<double>(hypothesis);
  if (reference > 0) score.recall = shared / static_cast<double>(reference);
  return score;
}

size_t NgramTotal(const std::vector<std::string>& words, size_t n) {
  return words.size() >= n ? words.size() - n + 1 : 0;
}

size_t LongestCommonSubsequence(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<size_t> before(b.size() + 1, 0), now(b.size() + 1, 0);
  for (const std::string& word : a) {
    for (size_t j = 0; j < b.size(); ++j) now[j + 1] = word == b[j] ? before[j] + 1 : std::max(now[j], before[j + 1]);
    std::swap(before, now);
  }
  return before.back();
}

}  // namespace

std::vector<std::string> RougeWords(std::string_view text) {
  std::string kept;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    kept += absl::ascii_isalnum(byte) ? absl::ascii_tolower(byte) : byte >= 0x80 ? c : ' ';
  }
  return SplitAtSpace(kept);
}

RougeScore RougeN(const std::vector<std::string>& hypothesis, const std::vector<std::string>& reference, int n) {
  const double shared = CountShared(CountNgrams(hypothesis, n), CountNgrams(reference, n));
  return Divide(shared, NgramTotal(hypothesis, n), NgramTotal(reference, n));
}

RougeScore RougeL(const std::vector<std::string>& hypothesis, const std::vector<std::string>& reference) {
  return Divide(static_cast<double>(LongestCommonSubsequence(hypothesis, reference)), hypothesis.size(),
                reference.size());
}

}  // namespace idiolect
