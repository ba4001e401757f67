#include "serve/validation.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "serve/field_rules.h"

namespace idiolect {
namespace {

// GenerateReplyRequest and StreamReplyRequest are the same, field by field.
template <typename Request>
absl::Status ValidateReply(const Request& request, const Limits& limits) {
  FieldViolations violations;
  CheckUserId(request.user_id(), violations);
  CheckLength("post", request.post(), limits.max_text_bytes, violations);
  CheckDecoding(request.decoding(), limits, violations);
  CheckNotNegative("min_revision", request.min_revision(), violations);
  return violations.ToStatus();
}

// AppendExchangeRequest and ImportExchangesRequest as well.
template <typename Request>
absl::Status ValidateWrite(const Request& request, const Limits& limits) {
  FieldViolations violations;
  CheckUserId(request.user_id(), violations);
  CheckExchange(request.has_exchange(), request.exchange(), limits, violations);
  CheckRequestId(request.request_id(), violations);
  return violations.ToStatus();
}

void CheckCandidates(const v1::ScoreRepliesRequest& request, const Limits& limits, FieldViolations& violations) {
  if (request.candidates().empty() || request.candidates_size() > kMaxScoreCandidates) {
    violations.Add("candidates",
                   absl::StrCat("must be 1 to ", kMaxScoreCandidates, ", are ", request.candidates_size()));
  }
  for (int i = 0; i < std::min(request.candidates_size(), kMaxScoreCandidates); ++i) {
    CheckLength(absl::StrCat("candidates[", i, "]"), request.candidates(i), limits.max_text_bytes, violations);
  }
}

}  // namespace

absl::Status Validate(const v1::GenerateReplyRequest& request, const Limits& limits) {
  return ValidateReply(request, limits);
}

absl::Status Validate(const v1::StreamReplyRequest& request, const Limits& limits) {
  return ValidateReply(request, limits);
}

absl::Status Validate(const v1::ScoreRepliesRequest& request, const Limits& limits) {
  FieldViolations violations;
  CheckUserId(request.user_id(), violations);
  CheckLength("post", request.post(), limits.max_text_bytes, violations);
  CheckCandidates(request, limits, violations);
  if (!v1::Scoring_IsValid(request.scoring())) violations.Add("scoring", "is none of the values of Scoring");
  if (!v1::Normalization_IsValid(request.normalization())) {
    violations.Add("normalization", "is none of the values of Normalization");
  }
  CheckNotNegative("min_revision", request.min_revision(), violations);
  return violations.ToStatus();
}

absl::Status Validate(const v1::AppendExchangeRequest& request, const Limits& limits) {
  return ValidateWrite(request, limits);
}

absl::Status Validate(const v1::ImportExchangesRequest& request, const Limits& limits) {
  return ValidateWrite(request, limits);
}

absl::Status Validate(const v1::ListExchangesRequest& request, const Limits& limits) {
  FieldViolations violations;
  CheckUserId(request.user_id(), violations);
  CheckNotNegative("page_size", request.page_size(), violations);
  if (!v1::ExchangeOrder_IsValid(request.order())) violations.Add("order", "is none of the values of ExchangeOrder");
  CheckNotNegative("min_revision", request.min_revision(), violations);
  return violations.ToStatus();
}

absl::Status Validate(const v1::GetExchangeRequest& request, const Limits& limits) {
  FieldViolations violations;
  CheckUserId(request.user_id(), violations);
  CheckExchangeId(request.exchange_id(), violations);
  return violations.ToStatus();
}

absl::Status Validate(const v1::DeleteExchangeRequest& request, const Limits& limits) {
  FieldViolations violations;
  CheckUserId(request.user_id(), violations);
  CheckExchangeId(request.exchange_id(), violations);
  CheckRequestId(request.request_id(), violations);
  return violations.ToStatus();
}

absl::Status Validate(const v1::ExportUserRequest& request, const Limits& limits) {
  FieldViolations violations;
  CheckUserId(request.user_id(), violations);
  return violations.ToStatus();
}

absl::Status Validate(const v1::EraseUserRequest& request, const Limits& limits) {
  FieldViolations violations;
  CheckUserId(request.user_id(), violations);
  CheckRequestId(request.request_id(), violations);
  return violations.ToStatus();
}

absl::Status Validate(const v1::GetProfileRequest& request, const Limits& limits) {
  FieldViolations violations;
  CheckUserId(request.user_id(), violations);
  CheckNotNegative("min_revision", request.min_revision(), violations);
  CheckNotNegative("vocabulary_size", request.vocabulary_size(), violations);
  return violations.ToStatus();
}

absl::Status Validate(const v1::QueryMemoryRequest& request, const Limits& limits) {
  FieldViolations violations;
  CheckUserId(request.user_id(), violations);
  CheckLength("post", request.post(), limits.max_text_bytes, violations);
  CheckNotNegative("min_revision", request.min_revision(), violations);
  return violations.ToStatus();
}

absl::Status Validate(const v1::ListUsersRequest& request, const Limits& limits) {
  FieldViolations violations;
  CheckNotNegative("page_size", request.page_size(), violations);
  return violations.ToStatus();
}

absl::Status Validate(const v1::GetModelRequest& request, const Limits& limits) { return absl::OkStatus(); }

absl::Status Validate(const v1::LoadModelRequest& request, const Limits& limits) {
  constexpr size_t kMaxNameBytes = 255, kHashDigits = 64;
  FieldViolations violations;
  const std::string& name = request.name();
  if (name.size() > kMaxNameBytes || name == "." || name == ".." ||
      name.find_first_of(std::string_view("/\0", 2)) != std::string::npos) {
    violations.Add("name", "must be the name of a directory beside the present model's, without a path");
  }
  const std::string& hash = request.content_hash();
  if (!hash.empty() &&
      (hash.size() != kHashDigits || hash.find_first_not_of("0123456789abcdef") != std::string::npos)) {
    violations.Add("content_hash", "must be 64 lower-case hexadecimal digits");
  }
  return violations.ToStatus();
}

int CoercePageSize(int requested, int standard) {
  constexpr int kMaxPageSize = 1000;
  return requested == 0 ? standard : std::min(requested, kMaxPageSize);
}

}  // namespace idiolect
