// One piece of work in a trace: a call, or a part of one.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/time/time.h"

namespace idiolect {

// Values are numbers and names of our own, never texts or users of a request.
using SpanAttributes = std::vector<std::pair<std::string, std::variant<std::string, int64_t, double, bool>>>;

struct Span {
  std::string trace_id, span_id, parent_span_id;  // 16, 8, and 8 bytes or none
  std::string name;
  bool is_call = false;  // as a whole, else a part of one
  absl::Time start, end;
  SpanAttributes attributes;
  bool failed = false;
};

}  // namespace idiolect
