#include "serve/rpc_status.h"

#include <algorithm>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "google/protobuf/util/time_util.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "idiolect/engine.h"
#include "serve/field_violations.h"

namespace idiolect {
namespace {

// Where nobody knows better, as for the store's queue.
constexpr double kRetryDelaySeconds = 0.2;

// In how long a retry has a chance: the engine knows how fast its queue moves.
double RetryDelaySeconds(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(std::string(kRetryDelayPayload));
  double seconds;
  return payload.has_value() && absl::SimpleAtod(std::string(*payload), &seconds) ? seconds : kRetryDelaySeconds;
}

bool IsFieldPath(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '[' || c == ']';
  });
}

absl::Status WithViolation(const absl::Status& status) {
  const size_t colon = status.message().find(": ");
  if (colon == absl::string_view::npos) return status;
  const std::string_view field(status.message().data(), colon);
  if (!IsFieldPath(field)) return status;
  FieldViolations violations;
  violations.Add(field, std::string(status.message().substr(colon + 2)));
  return violations.ToStatus();
}

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status rpc;
  rpc.set_code(status.raw_code());
  rpc.set_message(std::string(status.message()));
  status.ForEachPayload([&](absl::string_view type_url, const absl::Cord& payload) {
    if (type_url == absl::string_view(kRetryDelayPayload.data(), kRetryDelayPayload.size())) return;
    google::protobuf::Any* detail = rpc.add_details();
    detail->set_type_url(std::string(type_url));
    detail->set_value(std::string(payload));
  });
  if (absl::IsResourceExhausted(status)) {
    google::rpc::RetryInfo retry;
    *retry.mutable_retry_delay() =
        google::protobuf::util::TimeUtil::NanosecondsToDuration(static_cast<int64_t>(RetryDelaySeconds(status) * 1e9));
    rpc.add_details()->PackFrom(retry);
  }
  return rpc;
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const bool bare = absl::IsInvalidArgument(status) && !HasFieldViolations(status);
  const google::rpc::Status rpc = ToRpcStatus(bare ? WithViolation(status) : status);
  return grpc::Status(static_cast<grpc::StatusCode>(rpc.code()), rpc.message(),
                      rpc.details().empty() ? std::string() : rpc.SerializeAsString());
}

std::string_view StatusCodeName(grpc::StatusCode code) {
  // The two enumerations agree number for number, and absl knows the names.
  static const auto* const kNames = [] {
    auto* names = new std::string[17];
    for (int i = 0; i < 17; ++i) names[i] = absl::StatusCodeToString(static_cast<absl::StatusCode>(i));
    return names;
  }();
  return code >= 0 && code <= 16 ? std::string_view(kNames[code]) : std::string_view("UNKNOWN");
}

}  // namespace idiolect
