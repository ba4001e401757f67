// Similarity of two texts in a space of word vectors: average, extrema and greedy matching (Liu and others, EMNLP
// 2016).
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"

namespace idiolect {

using Vectors = std::vector<std::vector<float>>;  // one a word, all of the same width

struct EmbeddingSimilarity {
  double average = 0, extrema = 0, greedy = 0;  // cosines; 0 where one of the texts has no word
};

EmbeddingSimilarity CompareVectors(const Vectors& hypothesis, const Vectors& reference);

// Word vectors of a word2vec text file: a line "COUNT WIDTH", then a word and WIDTH numbers a line.
class WordVectors {
 public:
  // kNotFound, or kInvalidArgument that names file and line.
  static absl::StatusOr<WordVectors> FromFile(const std::string& path);
  // Of the text's plain words; words that the file lacks are passed over.
  Vectors Of(const std::string& text) const;

 private:
  std::unordered_map<std::string, std::vector<float>> vectors_;
};

}  // namespace idiolect
