// The figures of an evaluation.
#pragma once

#include <string>
#include <vector>

#include "chart/svg_chart.h"
#include "eval/summary.h"

namespace idiolect {

struct NamedChart {
  std::string file;  // "perplexity_by_history_length.svg"
  Chart chart;
};

// Perplexity and who-said-it by the length of the history, copying by the age of the exchange, who-said-it by the
// number of candidates.
std::vector<NamedChart> EvaluationCharts(const Summary& summary);

}  // namespace idiolect
