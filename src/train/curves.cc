#include "train/curves.h"

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "chart/svg_chart.h"
#include "model/file_io.h"

namespace idiolect {
namespace {

using Curve = std::map<int64_t, double>;  // by step

// "own", "other", "none" of the validations.
std::map<std::string, Curve> ReadCurves(std::istream& log) {
  std::map<std::string, Curve> curves;
  std::string line;
  while (std::getline(log, line)) {
    const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object() || !json.contains("step") || !json["step"].is_number_integer()) continue;
    for (const char* name : {"own", "other", "none"}) {
      if (json.contains(name) && json[name].is_number()) curves[name][json["step"]] = json[name];
    }
  }
  return curves;
}

Chart ToChart(const std::map<std::string, Curve>& curves) {
  Chart chart{"Validation", "step", "perplexity per word", {}};
  for (const auto& [name, title] :
       {std::pair{"own", "the user's own history"}, {"other", "another user's"}, {"none", "none"}}) {
    ChartSeries series{title, {}};
    const auto found = curves.find(name);
    if (found == curves.end()) continue;
    for (const auto& [step, value] : found->second) series.points.push_back({static_cast<double>(step), value});
    chart.series.push_back(std::move(series));
  }
  return chart;
}

}  // namespace

absl::Status DrawCurves(const std::string& log, const std::string& svg) {
  std::ifstream in(log);
  if (!in) return absl::UnavailableError(absl::StrCat(log, ": cannot be opened"));
  return WriteFileAtomically(svg, {ToSvg(ToChart(ReadCurves(in)))});
}

}  // namespace idiolect
