#include "eval/report.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace idiolect {
namespace {

using Json = nlohmann::ordered_json;

// Built by nested keys: a JSON pointer would take "2" for the place in a list.
Json& At(Json& root, const std::string& name) {
  Json* node = &root;
  size_t begin = 0;
  while (true) {
    const size_t end = name.find('.', begin);
    node = &(*node)[name.substr(begin, end - begin)];
    if (end == name.npos) return *node;
    begin = end + 1;
  }
}

Json Number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

void AddGroup(const GroupSummary& group, Json& json) {
  json["examples"] = group.examples;
  json["users"] = group.users;
  Json intervals = Json::object();
  for (const Measure& m : group.measures) {
    At(json, m.name) = Number(m.value);
    if (std::isfinite(m.interval.low)) At(intervals, m.name) = {Number(m.interval.low), Number(m.interval.high)};
  }
  if (!intervals.empty()) json["intervals"] = intervals;
}

std::string Show(double value) {
  if (!std::isfinite(value)) return "-";
  return std::abs(value) >= 10 ? absl::StrFormat("%.1f", value) : absl::StrFormat("%.3f", value);
}

std::string ShowInterval(const Interval& interval) {
  if (!std::isfinite(interval.low)) return "";
  return absl::StrCat("[", Show(interval.low), ", ", Show(interval.high), "]");
}

// What only charts need.
bool IsDetail(const std::string& name) {
  if (absl::StartsWith(name, "copied_from.")) return true;
  return absl::StartsWith(name, "who_said_it.") && name != "who_said_it.2" && name != "who_said_it.10";
}

std::string Row(const std::string& name, const std::string& value, const std::string& interval,
                const std::vector<std::string>& sources) {
  std::string row = absl::StrFormat("%-36s %9s  %-18s", name, value, interval);
  for (const std::string& source : sources) absl::StrAppendFormat(&row, " %13s", source);
  return row.substr(0, row.find_last_not_of(' ') + 1) + "\n";
}

}  // namespace

std::string SummaryJson(const Summary& summary, const RunFacts& facts) {
  Json json = {{"model", facts.model},        {"model_hash", facts.model_hash}, {"data", facts.data},
               {"split", facts.split},        {"guidance", facts.guidance},     {"word_guidance", facts.word_guidance},
               {"seed", summary.options.seed}};
  AddGroup(summary.all, json);
  for (const auto& [source, group] : summary.by_source) AddGroup(group, json["by_source"][source]);
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string SummaryTable(const Summary& summary) {
  std::vector<std::string> heads, counts;
  for (const auto& [source, group] : summary.by_source) {
    heads.push_back(source.substr(0, 13));
    counts.push_back(absl::StrCat(group.examples));
  }
  std::string table = Row("", "all", "95 % interval", heads);
  table +=
      Row("examples", absl::StrCat(summary.all.examples), absl::StrCat("of ", summary.all.users, " users"), counts);
  for (const Measure& m : summary.all.measures) {
    if (IsDetail(m.name)) continue;
    std::vector<std::string> cells;
    for (const auto& [source, group] : summary.by_source) cells.push_back(Show(group[m.name]));
    table += Row(m.name, Show(m.value), ShowInterval(m.interval), cells);
  }
  return table;
}

}  // namespace idiolect
