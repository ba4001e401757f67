// The state of a training run on disk: weights, optimizer moments, step. One safetensors file, replaced atomically.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "model/parameters.h"
#include "train/adamw.h"

namespace idiolect {

struct RunState {
  int64_t step = 0;     // finished steps
  double best_own = 0;  // lowest own-history validation perplexity so far; 0: none yet
  double seconds = 0;   // spent training, over all sittings
};

absl::Status SaveCheckpoint(const std::string& path, const Parameters& parameters, AdamW& optimizer,
                            const RunState& state);

// Restores into `parameters` and `optimizer` in place. kNotFound when there is no checkpoint; kInvalidArgument names
// the file and the fault, a checkpoint of a model of other sizes being one.
absl::StatusOr<RunState> LoadCheckpoint(const std::string& path, const Parameters& parameters, AdamW& optimizer);

}  // namespace idiolect
