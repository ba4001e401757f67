#include "serve/reset_counter.h"

#include <algorithm>

namespace idiolect {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr uint8_t kHeaders = 1, kRstStream = 3;

}  // namespace

int ResetCounter::Take(std::string_view bytes, absl::Time now) {
  if (!is_http2_ || !TakePreface(bytes)) return 0;
  Age(now);
  int rapid = 0;
  while (!bytes.empty()) {
    const size_t skipped = std::min(payload_left_, bytes.size());
    bytes.remove_prefix(skipped);
    payload_left_ -= skipped;
    if (payload_left_ == 0 && TakeHeader(bytes) && IsRapidReset()) ++rapid;
  }
  return rapid;
}

// True once the preface is complete. What begins otherwise gRPC turns away by itself.
bool ResetCounter::TakePreface(std::string_view& bytes) {
  const size_t taken = std::min(kPreface.size() - preface_bytes_, bytes.size());
  is_http2_ = bytes.substr(0, taken) == kPreface.substr(preface_bytes_, taken);
  preface_bytes_ += taken;
  bytes.remove_prefix(taken);
  return is_http2_ && preface_bytes_ == kPreface.size();
}

// True when it is complete.
bool ResetCounter::TakeHeader(std::string_view& bytes) {
  const size_t taken = std::min(kHeaderBytes - header_bytes_, bytes.size());
  std::copy_n(bytes.begin(), taken, header_.begin() + static_cast<ptrdiff_t>(header_bytes_));
  bytes.remove_prefix(taken);
  header_bytes_ += taken;
  if (header_bytes_ < kHeaderBytes) return false;
  header_bytes_ = 0;
  payload_left_ = size_t{header_[0]} << 16 | size_t{header_[1]} << 8 | header_[2];
  return true;
}

bool ResetCounter::IsRapidReset() {
  const uint32_t stream =
      (uint32_t{header_[5]} << 24 | uint32_t{header_[6]} << 16 | uint32_t{header_[7]} << 8 | uint32_t{header_[8]}) &
      0x7fffffff;
  if (header_[3] == kHeaders) newest_ = std::max(newest_, stream);
  return header_[3] == kRstStream && stream > newest_of_old_;
}

void ResetCounter::Age(absl::Time now) {
  if (now - mark_ < kRapid) return;
  newest_of_old_ = now - mark_ < 2 * kRapid ? newest_at_mark_ : newest_;
  newest_at_mark_ = newest_;
  mark_ = now;
}

}  // namespace idiolect
