// The curves of a training, drawn from its log.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace idiolect {

// Reads train.jsonl, whose lines Trainer writes, and draws perplexity per word with the own history, another's and none
// over the steps into `svg`. Where an interrupted run has done steps twice, the later report counts; a line that is
// cut short, or has no step, is passed over. kUnavailable where a file can't be read or written.
absl::Status DrawCurves(const std::string& log, const std::string& svg);

}  // namespace idiolect
