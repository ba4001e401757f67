// What decides the model of a run, but for how long it lasts: a checkpoint holds it, so that a run goes on with the
// settings and the data that it began with.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "train/corpus.h"
#include "train/train_options.h"

namespace idiolect {

// How an error about another run's checkpoint ends.
inline constexpr char kAnew[] = "; to begin anew choose another --out and another --work, or delete both folders";

// One line of JSON: the settings, and digests of the exchanges, of the tokenizer's file and of the model that the run
// starts from, whose hash is empty where it starts from none. What may change between two sittings is left out: steps,
// minutes, validations, checkpoints, threads, device, names and paths.
std::string RunSettings(const TrainOptions& options, const Corpus& corpus, std::string_view tokenizer_bytes,
                        const std::string& start_hash);

// kFailedPrecondition names the first setting that differs, with both values. kInvalidArgument: `earlier` is no such
// line.
absl::Status CheckSameSettings(const std::string& earlier, const std::string& now);

}  // namespace idiolect
