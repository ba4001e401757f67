#include "eval/distinct.h"

#include <algorithm>
#include <limits>
#include <map>
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

bool RepeatsItself(const std::string& text) {
  const auto trigrams = CountNgrams(SplitAtSpace(text), 3);
  return std::any_of(trigrams.begin(), trigrams.end(), [](const auto& t) { return t.second >= 3; });
}

double DifferentAmong(const std::vector<std::string>& texts, size_t count) {
  if (texts.size() < count) return std::numeric_limits<double>::quiet_NaN();
  std::map<std::string, size_t> times;
  for (const std::string& text : texts) times[text] += 1;
  double different = 0;
  for (const auto& [text, here] : times) {
    double missed = 1;  // the probability that no draw is this text
    for (size_t i = 0; i < count; ++i) {
      const auto left = static_cast<double>(texts.size() - i);
      missed *= std::max(0.0, left - static_cast<double>(here)) / left;
    }
    different += 1 - missed;
  }
  return different;
}

}  // namespace idiolect
