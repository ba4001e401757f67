// absl::Status to what travels over gRPC.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace idiolect {

// Same code, same message; google.rpc details in `grpc-status-details-bin`: the field violations of kInvalidArgument
// (see field_violations.h; an error "decoding.top_p: …" without them gets one of that field), RetryInfo with
// kResourceExhausted.
grpc::Status ToGrpcStatus(const absl::Status& status);

// "UNAVAILABLE"
std::string_view StatusCodeName(grpc::StatusCode code);

}  // namespace idiolect
