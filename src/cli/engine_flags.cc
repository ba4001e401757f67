#include "cli/engine_flags.h"

#include "absl/strings/str_cat.h"

namespace idiolect {

void EngineFlags::AddTo(CLI::App& verb) {
  verb.add_option("--engines", options_.engines, "Engine threads; 0: one a core")
      ->capture_default_str()
      ->check(CLI::Range(0, 1024));
  verb.add_option("--precision", precision_, "Arithmetic of the weights: int8, bf16 or float32")->capture_default_str();
  verb.add_option("--max-queue", options_.max_queue, "Requests that may wait, in all engines together")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  verb.add_option("--max-batch-rows", options_.max_batch_rows, "Candidates and beams in a step of one engine")
      ->capture_default_str()
      ->check(CLI::Range(1, 4096));
  verb.add_option("--profile-cache-mib", cache_mib_, "Memory for users' profiles, of all engines together")
      ->capture_default_str()
      ->check(CLI::Range(0, 1 << 20));
}

absl::StatusOr<EngineOptions> EngineFlags::ToOptions() const {
  const auto precision = ParsePrecision(precision_);
  if (!precision.ok()) return absl::InvalidArgumentError(absl::StrCat("--", std::string(precision.status().message())));
  EngineOptions options = options_;
  options.precision = *precision;
  options.profile_cache_bytes = cache_mib_ << 20;
  return options;
}

}  // namespace idiolect
