// The training run: from data files to a model directory, resumable to the step.
#pragma once

#include <atomic>
#include <functional>

#include "absl/status/status.h"
#include "train/train_options.h"
#include "train/validation.h"

namespace idiolect {

struct TrainProgress {
  enum class Event { kMessage, kStep, kValidation } event = Event::kStep;
  std::string message;  // kMessage: what is being done now
  int64_t step = 0, steps = 0;
  double loss = 0;                // nats a token, smoothed over the last steps
  double targets_per_second = 0;  // over this sitting
  double seconds_left = 0;
  double learning_rate = 0;
  ValidationResult validation;  // kValidation
};
using ProgressCallback = std::function<void(const TrainProgress&)>;

// Trains until options.steps, or until `stop` becomes true, and then writes a checkpoint. Calling it again with the
// same options goes on where it stopped. The best model by own-history validation perplexity stands in options.out,
// with its card; a log of one JSON object a line in options.work/train.jsonl. Errors: kInvalidArgument for data or
// options, kFailedPrecondition for a checkpoint of another run and for a model in options.out that this run has not
// written, kUnavailable for files that can't be written, kCancelled where a signal ends the tokenizer's training.
absl::Status Train(TrainOptions options, const std::atomic<bool>& stop, const ProgressCallback& progress);

}  // namespace idiolect
