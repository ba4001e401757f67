// Every rule that proto/idiolect/v1 states for a request. All violations of a request are reported, not just the first;
// none of them quotes it.
#pragma once

#include "absl/status/status.h"
#include "idiolect/v1/dialogue.pb.h"
#include "idiolect/v1/history.pb.h"
#include "idiolect/v1/model.pb.h"
#include "idiolect/v1/profile.pb.h"

namespace idiolect {

inline constexpr int kMaxScoreCandidates = 64;

struct Limits {
  int max_text_bytes = 0;
  int max_response_tokens = 0;  // the model's
};

absl::Status Validate(const v1::GenerateReplyRequest& request, const Limits& limits);
absl::Status Validate(const v1::StreamReplyRequest& request, const Limits& limits);
absl::Status Validate(const v1::ScoreRepliesRequest& request, const Limits& limits);

absl::Status Validate(const v1::AppendExchangeRequest& request, const Limits& limits);
absl::Status Validate(const v1::ImportExchangesRequest& request, const Limits& limits);
absl::Status Validate(const v1::ListExchangesRequest& request, const Limits& limits);
absl::Status Validate(const v1::GetExchangeRequest& request, const Limits& limits);
absl::Status Validate(const v1::DeleteExchangeRequest& request, const Limits& limits);
absl::Status Validate(const v1::ExportUserRequest& request, const Limits& limits);
absl::Status Validate(const v1::EraseUserRequest& request, const Limits& limits);

absl::Status Validate(const v1::GetProfileRequest& request, const Limits& limits);
absl::Status Validate(const v1::QueryMemoryRequest& request, const Limits& limits);
absl::Status Validate(const v1::ListUsersRequest& request, const Limits& limits);

absl::Status Validate(const v1::GetModelRequest& request, const Limits& limits);
absl::Status Validate(const v1::LoadModelRequest& request, const Limits& limits);

// A list's page size: 0 is `standard`, and nobody gets more than 1,000.
int CoercePageSize(int requested, int standard);

}  // namespace idiolect
