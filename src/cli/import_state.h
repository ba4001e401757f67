// How far an import of a file has come, in a small file beside it: an import that was killed goes on there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"

namespace idiolect {

struct ImportCounts {
  int64_t stored = 0, duplicate = 0, rejected = 0;
  int64_t left_out = 0;  // by a filter
};

struct ImportState {
  std::string job;   // what is imported, how and where to: another job begins anew
  int64_t line = 0;  // everything up to this line is done
  ImportCounts counts;
  int64_t rejects_bytes = 0;  // of the log of rejected lines; what is beyond belongs to lines that come again
};

// Tells two jobs apart: by the file's name, size and time of change, and by `options`, in words.
std::string DescribeImportJob(const std::string& path, const std::string& options);

// Nothing where there is no such file, or one of another job.
std::optional<ImportState> LoadImportState(const std::string& path, const std::string& job);
// Takes the place of the state before at once.
absl::Status SaveImportState(const std::string& path, const ImportState& state);

}  // namespace idiolect
