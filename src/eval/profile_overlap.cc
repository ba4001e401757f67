#include "eval/profile_overlap.h"

#include <algorithm>
#include <cmath>

namespace idiolect {
namespace {

using WordSet = std::set<std::string>;

WordSet DifferentWords(const std::string& text) {
  const std::vector<std::string> words = PlainWords(text);
  return {words.begin(), words.end()};
}

WordSet ContentWords(const std::string& text, const StopWords& stop_words) {
  WordSet words = DifferentWords(text);
  std::erase_if(words, [&](const std::string& word) { return stop_words.contains(word); });
  return words;
}

double Covered(const WordSet& reply, const WordSet& row, const std::vector<WordSet>& rows, double n) {
  double sum = 0;
  for (const std::string& word : reply) {
    if (!row.contains(word)) continue;
    const auto having = std::count_if(rows.begin(), rows.end(), [&](const WordSet& r) { return r.contains(word); });
    sum += std::log(n / static_cast<double>(having));
  }
  return sum;
}

}  // namespace

double ProfileF1(const std::string& reply, const std::vector<std::string>& responses, const StopWords& stop_words) {
  const WordSet q = ContentWords(reply, stop_words);
  WordSet u;
  for (const std::string& response : responses) u.merge(ContentWords(response, stop_words));
  const auto shared =
      static_cast<double>(std::count_if(q.begin(), q.end(), [&](const std::string& word) { return u.contains(word); }));
  // The harmonic mean of shared / |Q| and shared / |U|.
  return shared == 0 ? 0 : 2 * shared / static_cast<double>(q.size() + u.size());
}

double ProfileCover(const std::string& reply, const std::vector<std::string>& responses, int fixed_rows) {
  const WordSet words = DifferentWords(reply);
  std::vector<WordSet> rows;
  for (const std::string& response : responses) rows.push_back(DifferentWords(response));
  const double n = fixed_rows > 0 ? fixed_rows : static_cast<double>(rows.size());
  double best = 0;
  for (const WordSet& row : rows) best = std::max(best, Covered(words, row, rows, n));
  return best;
}

}  // namespace idiolect
