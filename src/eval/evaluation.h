// A whole evaluation: a model directory over the examples of a test set.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "eval/example.h"
#include "eval/report.h"
#include "eval/summary.h"
#include "eval/test_set.h"
#include "idiolect/reply.h"

namespace idiolect {

struct EvaluationOptions {
  std::string model_dir;
  TestSetOptions test_set;
  std::vector<int> history_lengths = {1, 3, 5, 10};  // of the curve; those the model can't read are left out
  std::string stop_words;                            // a file of words, one a line; empty: English
  std::string word_vectors;                          // a word2vec text file; empty: the model's token embeddings
  // Gets a line of JSON an example as they come; empty: none. If it is there already, from the same run, what it holds
  // is not measured again.
  std::string examples_file;
  double cache_weight = 0.1;                  // of the unigram cache that the profile is compared with, [0, 1)
  double guidance = 0;                        // of the greedy replies, [0, 5]; see DecodingOptions
  double word_guidance = kUsualWordGuidance;  // likewise
  int threads = 1;
  int resamples = 1000;  // for intervals
};

struct Evaluation {
  Summary summary;
  RunFacts facts;
  std::vector<ExampleResult> examples;  // by source, user and place
};

using EvaluationProgress = std::function<void(int64_t done, int64_t total)>;  // examples; from one thread at a time

// Deterministic: the threads, an interruption and what else is measured change nothing. Errors name the file or the
// option; kCancelled when `stop` became true, with the examples so far in the file.
absl::StatusOr<Evaluation> Evaluate(const EvaluationOptions& options, const std::atomic<bool>& stop,
                                    const EvaluationProgress& progress);

}  // namespace idiolect
