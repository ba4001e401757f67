// A model directory of any size with random weights and made-up words: what a model costs depends on its sizes alone.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace idiolect {

// Reads the config.json at `config_path` and writes a whole model into `directory`, which exists. Errors name the file or the field.
absl::Status WriteRandomModel(const std::string& config_path, uint64_t seed, const std::string& directory);

}  // namespace idiolect
