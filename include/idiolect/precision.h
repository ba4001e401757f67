// The arithmetic of a served model's weights.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"

namespace idiolect {

// float32 is the reference. bf16 halves the bytes of the weights, int8 quarters them: each output channel of a matrix
// has a scale, each row of activations gets one as it comes, and the sums are exact 32-bit integers. What each costs
// and loses is measured in docs/performance.md.
enum class Precision { kFloat32, kBfloat16, kInt8 };

std::string_view PrecisionName(Precision precision);  // "float32", "bf16", "int8"

// The reverse; kInvalidArgument lists the names.
absl::StatusOr<Precision> ParsePrecision(std::string_view name);

}  // namespace idiolect
