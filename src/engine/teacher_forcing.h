// What the served model thinks of given responses, token by token: the serving form's answer to CopyDecoder::Score, for
// tools that measure.
#pragma once

#include <vector>

#include "inference/serving_model.h"

namespace idiolect {

struct ResponseToScore {
  HistoryTokens history;
  std::vector<int32_t> post, response;  // as ExchangeTokenizer gives them
};

struct ResponseScore {
  std::vector<double> log_probs;                   // [T] natural, </s> included
  std::vector<double> copy_probabilities;          // [T]
  std::vector<std::vector<float>> memory_weights;  // [T][n]
};

// One result for each response. Not faster for being given many at once than what fits into a batch.
std::vector<ResponseScore> ScoreResponses(const ServingModel& model, const std::vector<ResponseToScore>& responses,
                                          Scratch& scratch);

}  // namespace idiolect
