#include "eval/distinct.h"

#include <set>

#include "eval/words.h"

namespace idiolect {
namespace {

double Share(size_t part, size_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

double Distinct(const std::vector<std::string>& texts, int n) {
  std::set<std::string> different;
  size_t total = 0;
  for (const std::string& text : texts) {
    for (const auto& [ngram, count] : CountNgrams(SplitAtSpace(text), n)) {
      different.insert(ngram);
      total += count;
    }
  }
  return Share(different.size(), total);
}

double DistinctOfStream(const std::vector<std::string>& texts, int n) {
  std::vector<std::string> stream;
  for (const std::string& text : texts) {
    for (std::string& word : SplitAtSpace(text)) stream.push_back(std::move(word));
  }
  return Share(CountNgrams(stream, n).size(), stream.size());
}

}  // namespace idiolect
