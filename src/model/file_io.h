// Whole small files, and writing so that a reader or a crash never sees half of one.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace idiolect {

// kNotFound when it can't be opened; kInvalidArgument when it is larger than `max_bytes` or no regular file. The
// message has no path.
absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes);

// Writes the pieces to PATH.new, flushes it to disk, and renames it to PATH. Errors name the path.
absl::Status WriteFileAtomically(const std::string& path, absl::Span<const std::string_view> pieces);

// Lower-case hexadecimal SHA-256 of the pieces, one after the other.
std::string Sha256Hex(absl::Span<const std::string_view> pieces);

}  // namespace idiolect
