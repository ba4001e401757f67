// The metrics of a set of examples, with their intervals, in all and by source.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "eval/bootstrap.h"
#include "eval/example.h"

namespace idiolect {

struct Measure {
  std::string name;   // see Statistic
  double value = 0;   // NaN where there is nothing to compute it from
  Interval interval;  // NaN for those that do not add up over users: Distinct
};

struct GroupSummary {
  int64_t examples = 0, users = 0;
  std::vector<Measure> measures;
  // NaN where there is no such measure.
  double operator[](const std::string& name) const;
};

struct SummaryOptions {
  int max_history = 15;
  std::vector<int> lengths;  // of the curve's cut histories
  int resamples = 1000;      // 0: no intervals
  uint64_t seed = 1;
};

struct Summary {
  SummaryOptions options;
  GroupSummary all;
  std::map<std::string, GroupSummary> by_source;  // only where there is more than one
};

Summary Summarize(const std::vector<ExampleResult>& examples, const SummaryOptions& options);

}  // namespace idiolect
