#include "eval/summary.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "eval/distinct.h"

namespace idiolect {
namespace {

constexpr double kLevel = 0.95, kNaN = std::numeric_limits<double>::quiet_NaN();

using ExamplePointers = std::vector<const ExampleResult*>;

std::vector<Sums> SumByUser(const ExamplePointers& examples) {
  std::map<std::pair<std::string, std::string>, Sums> users;
  for (const ExampleResult* e : examples) AddExample(*e, users[{e->source, e->user}]);
  std::vector<Sums> list;
  for (auto& [key, sums] : users) list.push_back(std::move(sums));
  return list;
}

Sums Total(const std::vector<Sums>& users) {
  Sums total;
  for (const Sums& user : users) {
    for (const auto& [name, value] : user.values()) total.Add(name, value);
  }
  return total;
}

void AddDistinct(const ExamplePointers& examples, GroupSummary& group) {
  std::vector<std::string> replies;
  for (const ExampleResult* e : examples) replies.push_back(e->reply.text);
  for (int n : {1, 2}) group.measures.push_back({absl::StrCat("distinct.", n), Distinct(replies, n), {kNaN, kNaN}});
  for (int n : {1, 2})
    group.measures.push_back({absl::StrCat("distinct_dhap.", n), DistinctOfStream(replies, n), {kNaN, kNaN}});
  group.measures.push_back({"distinct.replies_of_100", DifferentAmong(replies, 100), {kNaN, kNaN}});
}

GroupSummary SummarizeGroup(const ExamplePointers& examples, const SummaryOptions& options) {
  const std::vector<Sums> users = SumByUser(examples);
  const std::vector<Statistic> statistics = AllStatistics(options.max_history, options.lengths);
  const auto intervals = BootstrapIntervals(users, statistics, options.resamples, kLevel, options.seed);
  const Sums total = Total(users);
  GroupSummary group{static_cast<int64_t>(examples.size()), static_cast<int64_t>(users.size()), {}};
  for (size_t i = 0; i < statistics.size(); ++i)
    group.measures.push_back({statistics[i].name, statistics[i].value(total), intervals[i]});
  AddDistinct(examples, group);
  return group;
}

}  // namespace

double GroupSummary::operator[](const std::string& name) const {
  for (const Measure& m : measures) {
    if (m.name == name) return m.value;
  }
  return kNaN;
}

Summary Summarize(const std::vector<ExampleResult>& examples, const SummaryOptions& options) {
  ExamplePointers all;
  std::map<std::string, ExamplePointers> sources;
  for (const ExampleResult& e : examples) {
    all.push_back(&e);
    sources[e.source].push_back(&e);
  }
  Summary summary{options, SummarizeGroup(all, options), {}};
  if (sources.size() < 2) return summary;
  for (const auto& [source, list] : sources) summary.by_source[source] = SummarizeGroup(list, options);
  return summary;
}

}  // namespace idiolect
