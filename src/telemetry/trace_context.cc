#include "telemetry/trace_context.h"

#include <algorithm>
#include <cstring>
#include <random>

#include "absl/strings/escaping.h"

namespace idiolect {
namespace {

constexpr size_t kLength = 55, kTraceAt = 3, kTraceDigits = 32, kSpanAt = 36, kSpanDigits = 16, kFlagsAt = 53;

bool IsLowerHex(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }

bool IsZero(std::string_view hex) { return hex.find_first_not_of('0') == std::string_view::npos; }

std::string Bytes(std::string_view hex) { return absl::HexStringToBytes(absl::string_view(hex.data(), hex.size())); }

}  // namespace

std::optional<TraceContext> ParseTraceparent(std::string_view header) {
  if (header.size() < kLength) return std::nullopt;
  const std::string_view version = header.substr(0, 2), flags = header.substr(kFlagsAt, 2);
  const std::string_view trace = header.substr(kTraceAt, kTraceDigits), span = header.substr(kSpanAt, kSpanDigits);
  for (const size_t dash : {size_t{2}, kSpanAt - 1, kFlagsAt - 1}) {
    if (header[dash] != '-') return std::nullopt;
  }
  if (!IsLowerHex(version) || !IsLowerHex(trace) || !IsLowerHex(span) || !IsLowerHex(flags)) return std::nullopt;
  if (version == "ff" || IsZero(trace) || IsZero(span)) return std::nullopt;
  if (version == "00" ? header.size() != kLength : header.size() > kLength && header[kLength] != '-') {
    return std::nullopt;
  }
  return TraceContext{Bytes(trace), Bytes(span), (Bytes(flags)[0] & 1) != 0};
}

std::string RandomId(size_t bytes) {
  thread_local std::mt19937_64 random{std::random_device{}()};
  std::string id(bytes, '\0');
  for (size_t i = 0; i < bytes; i += sizeof(uint64_t)) {
    const uint64_t piece = std::max<uint64_t>(1, random());
    std::memcpy(&id[i], &piece, std::min(sizeof(piece), bytes - i));
  }
  return id;
}

}  // namespace idiolect
