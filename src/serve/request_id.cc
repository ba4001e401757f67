#include "serve/request_id.h"

#include <algorithm>
#include <random>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace idiolect {
namespace {

constexpr size_t kMaxBytes = 128;

bool IsRequestId(std::string_view id) {
  return !id.empty() && id.size() <= kMaxBytes && std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || std::string_view("-_.:/+=@").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

// Unique is all that it must be; nobody is let in for knowing one.
std::string NewRequestId() {
  thread_local std::mt19937_64 random{std::random_device{}()};
  return absl::StrCat(absl::Hex(random(), absl::kZeroPad16), absl::Hex(random(), absl::kZeroPad16));
}

}  // namespace

std::string MetadataOf(const grpc::ServerContextBase& context, const char* key) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find(key);
  return found == metadata.end() ? "" : std::string(found->second.data(), found->second.size());
}

std::string RequestIdOf(const grpc::ServerContextBase& context) {
  std::string id = MetadataOf(context, kRequestIdKey);
  return IsRequestId(id) ? id : NewRequestId();
}

}  // namespace idiolect
