// SQLite's result codes as statuses: the code tells the caller what to do next.
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace idiolect {

// kUnavailable: retry (disk full, read-only, locked, I/O error). kDataLoss: damaged, restore. kInternal: a defect of
// ours. `detail` is SQLite's message, which names tables and columns and never holds a value.
absl::Status SqliteError(int code, std::string_view path, std::string_view detail);

// The error of a damaged file, with what to do about it.
absl::Status DamagedDatabase(std::string_view path, std::string_view detail);

}  // namespace idiolect
