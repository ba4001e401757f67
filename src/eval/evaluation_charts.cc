#include "eval/evaluation_charts.h"

#include <limits>

#include "absl/strings/str_cat.h"

namespace idiolect {
namespace {

ChartPoint PointOf(const GroupSummary& group, double x, const std::string& name) {
  for (const Measure& m : group.measures) {
    if (m.name == name) return {x, m.value, m.interval.low, m.interval.high};
  }
  return {x, std::numeric_limits<double>::quiet_NaN()};
}

// A measure over the cut histories, then the whole window.
ChartSeries ByLength(const Summary& s, const std::string& name, const std::string& cut, const std::string& whole) {
  ChartSeries series{name, {}};
  for (const int length : s.options.lengths)
    series.points.push_back(PointOf(s.all, length, absl::StrCat("by_history_length.", length, ".", cut)));
  series.points.push_back(PointOf(s.all, s.options.max_history, whole));
  return series;
}

Chart PerplexityByLength(const Summary& s) {
  Chart chart{"Perplexity by length of the history", "newest exchanges of the history", "perplexity per word", {}};
  const ChartPoint none = PointOf(s.all, 0, "per_word_perplexity.none");
  for (const auto& [name, key] : {std::pair{"the user's own history", "own"}, {"another user's", "other"}}) {
    ChartSeries series = ByLength(s, name, key, absl::StrCat("per_word_perplexity.", key));
    series.points.insert(series.points.begin(), none);
    chart.series.push_back(std::move(series));
  }
  return chart;
}

Chart WhoByLength(const Summary& s) {
  Chart chart{"Who said it, by length of the history", "newest exchanges of the history", "share told right", {}};
  for (const char* of : {"2", "10"}) {
    const std::string key = absl::StrCat("who_said_it.", of);
    chart.series.push_back(ByLength(s, absl::StrCat("of ", of), key, key));
  }
  chart.from_zero = true;
  return chart;
}

Chart WhoByCandidates(const Summary& s) {
  Chart chart{"Who said it, by number of candidates", "users to choose from", "share told right", {}};
  ChartSeries model{"model", {}}, chance{"chance", {}};
  for (int of = 2; of <= 10; ++of) {
    model.points.push_back(PointOf(s.all, of, absl::StrCat("who_said_it.", of)));
    chance.points.push_back({static_cast<double>(of), 1.0 / of});
  }
  chart.series = {model, chance};
  chart.from_zero = true;
  return chart;
}

Chart CopyingByAge(const Summary& s) {
  Chart chart{
      "Copying by age of the exchange", "age of the exchange, 1 the newest", "probability of copying from it", {}};
  ChartSeries series{"copying", {}};
  for (int age = 1; age <= s.options.max_history; ++age)
    series.points.push_back(PointOf(s.all, age, absl::StrCat("copied_from.", age)));
  chart.series = {series};
  chart.bars = chart.from_zero = true;
  return chart;
}

}  // namespace

std::vector<NamedChart> EvaluationCharts(const Summary& summary) {
  return {{"perplexity_by_history_length.svg", PerplexityByLength(summary)},
          {"who_said_it_by_history_length.svg", WhoByLength(summary)},
          {"who_said_it_by_candidates.svg", WhoByCandidates(summary)},
          {"copying_by_age.svg", CopyingByAge(summary)}};
}

}  // namespace idiolect
