// The metrics as functions of sums over examples. Sums add up over users, so that any sample of users gives every
// metric again without looking at the examples.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "eval/example.h"

namespace idiolect {

// Sums by name. A name that is missing counts as 0.
class Sums {
 public:
  void Add(const std::string& name, double value) { values_[name] += value; }
  double operator[](const std::string& name) const;
  const std::map<std::string, double>& values() const { return values_; }

 private:
  std::map<std::string, double> values_;
};

// Adds all that the metrics need of an example.
void AddExample(const ExampleResult& example, Sums& sums);

struct Statistic {
  std::string name;                          // a path, "per_word_perplexity.own": the parts are the keys of the JSON
  std::function<double(const Sums&)> value;  // NaN where there is nothing to compute it from
};

// In the order of the report, for a model with windows of `max_history` exchanges. `lengths`: of the curve's cut
// histories.
std::vector<Statistic> AllStatistics(int max_history, const std::vector<int>& lengths);

}  // namespace idiolect
