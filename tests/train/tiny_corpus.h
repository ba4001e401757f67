// A synthetic corpus and options for a model so small that it trains in seconds.
#pragma once

#include <string>

#include "train/train_options.h"

namespace idiolect::testing {

// Writes users who each greet, cook and walk in words of their own; `exchanges` a user, one JSON object a line.
std::string WriteTinyCorpus(const std::string& dir, int users = 6, int exchanges = 30);

// Options over that corpus in a fresh folder, the fixtures' tokenizer of 400 pieces already in the work folder.
TrainOptions TinyTraining();

}  // namespace idiolect::testing
