// A summary for people and for programs.
#pragma once

#include <string>

#include "eval/summary.h"

namespace idiolect {

// What a report says of the run beside its numbers.
struct RunFacts {
  std::string model, model_hash, split;
  std::vector<std::string> data;
  double guidance = 0, word_guidance = 0;  // of the replies
};

// One JSON object; the names of the measures are paths of keys. "intervals" and "by_source" repeat them. What can't be
// computed is null.
std::string SummaryJson(const Summary& summary, const RunFacts& facts);

// Lines of a name, the value with its interval, and the value in each source.
std::string SummaryTable(const Summary& summary);

}  // namespace idiolect
