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

// `settings` is the run's (see run_settings.h).
absl::Status SaveCheckpoint(const std::string& path, const Parameters& parameters, AdamW& optimizer,
                            const RunState& state, const std::string& settings);

// Restores into `parameters` and `optimizer` in place. kNotFound when there is no checkpoint; kFailedPrecondition when
// it is of a run with other settings; kInvalidArgument names the file and the fault. A checkpoint that was written
// before checkpoints held settings is only held to the model's sizes.
absl::StatusOr<RunState> LoadCheckpoint(const std::string& path, const Parameters& parameters, AdamW& optimizer,
                                        const std::string& settings);

}  // namespace idiolect
