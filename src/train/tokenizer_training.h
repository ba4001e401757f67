// Learning a tokenizer from the training split of a corpus.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "train/train_options.h"

namespace idiolect {

// Writes `path`, a SentencePiece model of options.model.vocab_size pieces, from a seeded sample of the training texts.
// Runs the program idiolect-tokenizer-trainer, which stands beside the running one. The same data and settings give the
// same bytes in any folder. While it learns, the texts lie in PATH.sentences, for nobody else to read; however it ends,
// and before SIGINT, SIGTERM or SIGHUP take effect, they are removed. Errors: kInvalidArgument for data or settings,
// kCancelled after a signal, kUnavailable for files that can't be written.
absl::Status TrainTokenizer(const TrainOptions& options, const std::string& path);

}  // namespace idiolect
