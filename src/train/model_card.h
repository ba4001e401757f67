// The README.md of a model directory.
#pragma once

#include <string>

#include "train/corpus.h"
#include "train/train_options.h"
#include "train/validation.h"

namespace idiolect {

struct CardFacts {
  int64_t step = 0, targets = 0, parameters = 0;
  double seconds = 0;
  ValidationResult validation;
};

std::string ModelCard(const TrainOptions& options, const Corpus& corpus, const CardFacts& facts);

}  // namespace idiolect
