// A tokenizer.model as bytes: to be copied, and told from another one.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace idiolect {

// At most 64 MiB. Errors name the path.
absl::StatusOr<std::string> ReadTokenizerBytes(const std::string& path);

}  // namespace idiolect
