// Where a call stands in a trace that may have begun elsewhere: W3C Trace Context, metadata `traceparent`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace idiolect {

struct TraceContext {
  std::string trace_id;  // 16 bytes
  std::string span_id;   // 8 bytes: the caller's span
  bool sampled = false;  // the caller records its part
};

// "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01". Nothing where it is malformed, as the standard wants:
// then a new trace begins. Of later versions the beginning is read.
std::optional<TraceContext> ParseTraceparent(std::string_view header);

// A span id (8) or a trace id (16), random and not all zero.
std::string RandomId(size_t bytes);

}  // namespace idiolect
