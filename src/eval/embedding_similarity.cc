#include "eval/embedding_similarity.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "eval/words.h"

namespace idiolect {
namespace {

double Cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double dot = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    dot += double{a[i]} * b[i];
    aa += double{a[i]} * a[i];
    bb += double{b[i]} * b[i];
  }
  return aa > 0 && bb > 0 ? dot / std::sqrt(aa * bb) : 0;
}

// By coordinate, all vectors combined.
template <typename Combine>
std::vector<float> Fold(const Vectors& vectors, Combine combine) {
  std::vector<float> result(vectors[0].size(), 0.0F);
  for (const auto& vector : vectors)
    std::transform(result.begin(), result.end(), vector.begin(), result.begin(), combine);
  return result;
}

// The mean up to its length, which a cosine does not see.
std::vector<float> Average(const Vectors& v) {
  return Fold(v, [](float a, float b) { return a + b; });
}

std::vector<float> Extrema(const Vectors& v) {
  return Fold(v, [](float a, float b) { return std::abs(b) > std::abs(a) ? b : a; });
}

double MeanOfBest(const Vectors& from, const Vectors& to) {
  double sum = 0;
  for (const auto& a : from) {
    double best = -1;
    for (const auto& b : to) best = std::max(best, Cosine(a, b));
    sum += best;
  }
  return sum / static_cast<double>(from.size());
}

}  // namespace

EmbeddingSimilarity CompareVectors(const Vectors& hypothesis, const Vectors& reference) {
  if (hypothesis.empty() || reference.empty()) return {};
  return {Cosine(Average(hypothesis), Average(reference)), Cosine(Extrema(hypothesis), Extrema(reference)),
          (MeanOfBest(hypothesis, reference) + MeanOfBest(reference, hypothesis)) / 2};
}

absl::StatusOr<WordVectors> WordVectors::FromFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be opened"));
  const auto fault = [&](size_t line, const char* what) {
    return absl::InvalidArgumentError(absl::StrCat(path, ":", line, ": expected ", what));
  };
  std::string line;
  size_t count = 0, width = 0;
  if (!std::getline(file, line) || !(std::istringstream(line) >> count >> width) || width == 0 || width > 100000)
    return fault(1, "the number of words and the width of their vectors");
  WordVectors words;
  for (size_t number = 2; std::getline(file, line); ++number) {
    std::istringstream fields(line);
    std::string word;
    if (!(fields >> word)) continue;
    std::vector<float>& vector = words.vectors_[word];
    vector.assign(width, 0.0F);
    for (float& value : vector) {
      if (!(fields >> value) || !std::isfinite(value))
        return fault(number, "a word and as many numbers as line 1 says");
    }
  }
  return words;
}

Vectors WordVectors::Of(const std::string& text) const {
  Vectors result;
  for (const std::string& word : PlainWords(text)) {
    const auto found = vectors_.find(word);
    if (found != vectors_.end()) result.push_back(found->second);
  }
  return result;
}

}  // namespace idiolect
