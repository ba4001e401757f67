// Learning a tokenizer from the training split of a corpus.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "train/train_options.h"

namespace idiolect {

// Writes `path`, a SentencePiece model of options.model.vocab_size pieces, from a seeded sample of the training texts.
// Runs the program idiolect-tokenizer-trainer, which stands beside the running one.
absl::Status TrainTokenizer(const TrainOptions& options, const std::string& path);

}  // namespace idiolect
