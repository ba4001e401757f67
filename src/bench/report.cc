#include "bench/report.h"

#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "absl/strings/str_format.h"
#include "bench/percentiles.h"

namespace idiolect {
namespace {

nlohmann::ordered_json ToJson(const std::vector<double>& samples) {
  const Percentiles p = PercentilesOf(samples);
  return {{"p50", p.p50}, {"p90", p.p90}, {"p99", p.p99}};
}

double PerSecond(double count, const LoadResult& result) { return result.seconds > 0 ? count / result.seconds : 0; }

// The mean number of rows in a step; none when there was no step.
double Occupancy(const LoadResult& result) {
  const auto steps = static_cast<double>(result.after->steps - result.before->steps);
  return steps > 0 ? static_cast<double>(result.after->row_steps - result.before->row_steps) / steps : 0;
}

bool KnowsEngine(const LoadResult& result) { return result.before.has_value() && result.after.has_value(); }

}  // namespace

int64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

nlohmann::ordered_json ToJson(const LoadResult& result) {
  nlohmann::ordered_json json;
  json["seconds"] = result.seconds;
  json["replies"] = result.total_ms.size();
  json["offered"] = result.offered > 0 ? nlohmann::ordered_json(result.offered) : nlohmann::ordered_json();
  json["replies_per_second"] = PerSecond(static_cast<double>(result.total_ms.size()), result);
  json["tokens_per_second"] = PerSecond(static_cast<double>(result.tokens), result);
  json["total_ms"] = ToJson(result.total_ms);
  json["queue_ms"] = ToJson(result.queue_ms);
  json["first_token_ms"] = ToJson(result.first_token_ms);
  json["per_token_ms"] = ToJson(result.per_token_ms);
  json["profiles_built"] = result.profiles_built;
  const bool known = KnowsEngine(result);
  json["batch_occupancy"] = known ? nlohmann::ordered_json(Occupancy(result)) : nlohmann::ordered_json();
  json["wasted_steps"] = known
                             ? nlohmann::ordered_json(result.after->wasted_row_steps - result.before->wasted_row_steps)
                             : nlohmann::ordered_json();
  json["resident_bytes"] = known ? nlohmann::ordered_json(ResidentBytes()) : nlohmann::ordered_json();
  json["errors"] = nlohmann::ordered_json::object();
  for (const auto& [code, count] : result.errors) json["errors"][code] = count;
  return json;
}

void PrintTable(const LoadResult& result, std::ostream& out) {
  out << absl::StrFormat("%-22s %10.1f\n%-22s %10.1f\n", "replies a second",
                         PerSecond(static_cast<double>(result.total_ms.size()), result), "tokens a second",
                         PerSecond(static_cast<double>(result.tokens), result));
  out << absl::StrFormat("%-22s %10s %10s %10s\n", "milliseconds", "p50", "p90", "p99");
  const std::pair<const char*, const std::vector<double>*> lines[] = {{"total", &result.total_ms},
                                                                      {"queue", &result.queue_ms},
                                                                      {"first token", &result.first_token_ms},
                                                                      {"total a token", &result.per_token_ms}};
  for (const auto& [name, samples] : lines) {
    const Percentiles p = PercentilesOf(*samples);
    out << absl::StrFormat("  %-20s %10.2f %10.2f %10.2f\n", name, p.p50, p.p90, p.p99);
  }
  if (KnowsEngine(result)) {
    out << absl::StrFormat("%-22s %10.1f\n%-22s %10d\n%-22s %10.1f\n", "rows in a step", Occupancy(result),
                           "wasted steps", result.after->wasted_row_steps - result.before->wasted_row_steps,
                           "resident MiB", static_cast<double>(ResidentBytes()) / (1 << 20));
  }
  out << absl::StrFormat("%-22s %10d\n", "profiles built", result.profiles_built);
  for (const auto& [code, count] : result.errors) out << absl::StrFormat("%-22s %10d\n", code, count);
}

}  // namespace idiolect
