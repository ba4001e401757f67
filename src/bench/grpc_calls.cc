#include "bench/grpc_calls.h"

#include <string>

#include "absl/strings/numbers.h"

namespace idiolect {
namespace {

// The milliseconds behind `name;dur=` in the server's timing.
absl::Duration DurationOf(const std::string& timing, const std::string& name) {
  const size_t at = timing.find(name + ";dur=");
  if (at == std::string::npos) return absl::ZeroDuration();
  const size_t begin = at + name.size() + 5;
  double milliseconds = 0;
  (void)absl::SimpleAtod(timing.substr(begin, timing.find(',', begin) - begin), &milliseconds);
  return absl::Milliseconds(milliseconds);
}

void ReadTiming(const grpc::ClientContext& context, BenchOutcome& outcome) {
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto found = trailers.find("server-timing");
  if (found == trailers.end()) return;
  const std::string timing(found->second.data(), found->second.size());
  outcome.queue = DurationOf(timing, "queue");
  outcome.first_token = DurationOf(timing, "first-token");
  outcome.profile_built = timing.find("profile;desc=built") != std::string::npos;
}

}  // namespace

absl::Status FromGrpc(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

int TokensOf(const v1::GenerateReplyResponse& response) {
  int tokens = 0;
  for (const v1::ReplyCandidate& c : response.candidates()) tokens += c.token_count();
  return tokens;
}

int TokensOf(const v1::ScoreRepliesResponse& response) {
  int tokens = 0;
  for (const v1::ScoredReply& r : response.replies()) tokens += r.tokens_size();
  return tokens;
}

void PendingCall::Finish(int tokens, std::optional<absl::Duration> first_token) {
  BenchOutcome outcome;
  outcome.status = FromGrpc(status_);
  outcome.tokens = tokens;
  ReadTiming(context_, outcome);
  if (first_token.has_value()) outcome.first_token = *first_token;
  done_(outcome);
  delete this;
}

}  // namespace idiolect
