// The API's messages to the house's values and back.
#pragma once

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "idiolect/engine.h"
#include "idiolect/exchange.h"
#include "idiolect/history_store.h"
#include "idiolect/v1/dialogue.pb.h"
#include "idiolect/v1/history.pb.h"
#include "idiolect/v1/profile.pb.h"
#include "profile/profile_queries.h"

namespace idiolect {

// Microseconds are kept, finer is cut.
absl::Time FromProto(const google::protobuf::Timestamp& time);
google::protobuf::Timestamp ToProto(absl::Time time);
google::protobuf::Duration ToProto(absl::Duration duration);

// Without a time: InfinitePast, for which the store puts the time of the append.
Exchange FromProto(const v1::Exchange& exchange);
v1::Exchange ToProto(const Exchange& exchange, std::string_view user_id);

// "users/{user_id}/exchanges/{sequence}"
std::string ExchangeName(std::string_view user_id, int64_t sequence);

DecodingOptions FromProto(const v1::DecodingOptions& options);
v1::GenerateReplyResponse ToProto(const Reply& reply);

Scoring FromProto(v1::Scoring scoring);
v1::ScoreRepliesResponse ToProto(const Scores& scores);

v1::UserSummary ToProto(const UserSummary& summary);
v1::GetProfileResponse ToProto(const ReadableProfile& profile, std::string_view user_id);
v1::QueryMemoryResponse ToProto(const ReadableMemory& memory, std::string_view user_id);

}  // namespace idiolect
