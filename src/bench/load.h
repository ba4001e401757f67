// Loads a target for a while and keeps what came of every request.
//
// Closed loop: so many requests are always in flight, the next is sent when one is answered. Open loop: requests are
// sent at the moments of a Poisson process, whether or not earlier ones are answered, and latency counts from the
// scheduled moment: a target that falls behind cannot hide it by slowing the load down.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bench/target.h"

namespace idiolect {

struct LoadOptions {
  int concurrency = 64;  // closed loop
  double rate = 0;       // requests a second; above 0: open loop
  double warmup_seconds = 2, seconds = 10;
  bool warm = true;           // one request of every user first, so that their profiles are cached
  bool append_first = false;  // each request comes right after an append to its user's history
  uint64_t seed = 1;
};

struct LoadResult {
  double seconds = 0;            // measured
  std::vector<double> total_ms;  // of those answered well, from here and below
  std::vector<double> queue_ms, first_token_ms, per_token_ms;
  int64_t tokens = 0, profiles_built = 0;
  std::map<std::string, int64_t> errors;     // by code
  std::optional<EngineStats> before, after;  // of the measured time
  int64_t offered = 0;                       // requests sent in the measured time
};

// The moments of a Poisson process of `rate` a second, from 0 to `seconds`.
std::vector<double> PoissonArrivals(double rate, double seconds, uint64_t seed);

LoadResult RunLoad(BenchTarget& target, const Workload& workload, const LoadOptions& options);

}  // namespace idiolect
