// What numbers on the command line may be. CLI11's own Range lets NaN through, and prints 309 digits where there is no
// upper end.
#pragma once

#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace idiolect {

// Both ends included.
inline CLI::Validator Between(double low, double high) {
  const std::string expected = absl::StrCat("a number from ", low, " to ", high);
  const auto check = [=](const std::string& text) -> std::string {
    double value;
    const bool good = absl::SimpleAtod(text, &value) && value >= low && value <= high;
    return good ? "" : absl::StrCat("expected ", expected, ", got ", text);
  };
  return CLI::Validator(check, absl::StrCat("in [", low, " - ", high, "]"));
}

inline CLI::Validator AtLeast(int low) {
  const auto check = [=](const std::string& text) -> std::string {
    double value;
    return absl::SimpleAtod(text, &value) && value >= low
               ? ""
               : absl::StrCat("expected a number of at least ", low, ", got ", text);
  };
  return CLI::Validator(check, low == 1 ? "POSITIVE" : "NONNEGATIVE");
}

}  // namespace idiolect
