// What numbers on the command line may be. CLI11's own Range lets NaN through, and prints 309 digits where there is no
// upper end.
#pragma once

#include <limits>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace idiolect {

// `expected` is for the error, `shown` for the help.
inline CLI::Validator NumberCheck(double low, double high, const std::string& expected, const std::string& shown) {
  const auto check = [=](const std::string& text) -> std::string {
    double value;
    const bool good = absl::SimpleAtod(text, &value) && value >= low && value <= high;
    return good ? "" : absl::StrCat("expected a number ", expected, ", got ", text);
  };
  return CLI::Validator(check, shown);
}

// Both ends included.
inline CLI::Validator Between(double low, double high) {
  return NumberCheck(low, high, absl::StrCat("from ", low, " to ", high), absl::StrCat("in [", low, " - ", high, "]"));
}

inline CLI::Validator AtLeast(int low) {
  return NumberCheck(low, std::numeric_limits<double>::infinity(), absl::StrCat("of at least ", low),
                     low == 1 ? "POSITIVE" : "NONNEGATIVE");
}

}  // namespace idiolect
