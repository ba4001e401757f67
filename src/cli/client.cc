#include "cli/client.h"

#include <chrono>
#include <random>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/number_checks.h"
#include "google/protobuf/util/json_util.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "routing/user_route.h"

namespace idiolect {
namespace {

template <typename Detail>
bool FindDetail(const google::rpc::Status& rich, Detail& detail) {
  for (const google::protobuf::Any& any : rich.details()) {
    if (any.UnpackTo(&detail)) return true;
  }
  return false;
}

std::string DescribeViolations(const google::rpc::BadRequest& bad_request) {
  std::vector<std::string> parts;
  for (const auto& violation : bad_request.field_violations()) {
    parts.push_back(absl::StrCat(violation.field(), ": ", violation.description()));
  }
  return absl::StrJoin(parts, "; ");
}

std::shared_ptr<grpc::Channel> Connect(const ChannelSettings& settings, absl::Status& error) {
  absl::StatusOr<std::shared_ptr<grpc::Channel>> channel = MakeChannel(settings);
  error = channel.status();
  return channel.ok() ? *channel : grpc::CreateChannel(settings.address, nullptr);
}

std::string DescribeDelay(const google::protobuf::Duration& delay) {
  return absl::FormatDuration(absl::Seconds(delay.seconds()) + absl::Nanoseconds(delay.nanos()));
}

// The server's message with what its details add; gRPC carries those as a serialised google.rpc.Status.
std::string Describe(const grpc::Status& status) {
  google::rpc::Status rich;
  google::rpc::BadRequest bad_request;
  google::rpc::RetryInfo retry;
  const std::string message = status.error_message().empty() ? "the server gave no reason" : status.error_message();
  if (!rich.ParseFromString(status.error_details())) return message;
  if (FindDetail(rich, bad_request) && bad_request.field_violations_size() > 0) return DescribeViolations(bad_request);
  if (FindDetail(rich, retry)) {
    return absl::StrCat(message, "; try again in ", DescribeDelay(retry.retry_delay()));
  }
  return message;
}

}  // namespace

void ClientOptions::AddTo(CLI::App& verb) {
  verb.add_option("--server", address, "Address of the server (default IDIOLECT_SERVER, else 127.0.0.1:50051)")
      ->envname("IDIOLECT_SERVER")
      ->option_text("HOST:PORT");
  AddChannelOptions(verb, *this);
  verb.add_option("--timeout", timeout_seconds, "Longest wait for one answer, in seconds (default 60)")
      ->check(Between(0.001, 86400.0))
      ->option_text("SECONDS");
}

Client::Client(const ClientOptions& options)
    : options_(options),
      channel_(Connect(options, no_channel_)),
      dialogue_(v1::DialogueService::NewStub(channel_)),
      history_(v1::HistoryService::NewStub(channel_)),
      profile_(v1::ProfileService::NewStub(channel_)),
      model_(v1::ModelService::NewStub(channel_)) {}

void Client::SetDeadline(grpc::ClientContext& context) const {
  context.set_deadline(std::chrono::system_clock::now() +
                       absl::ToChronoMicroseconds(absl::Seconds(options_.timeout_seconds)));
}

void Client::RouteTo(grpc::ClientContext& context, const std::string& user_id) {
  context.AddMetadata(kRouteHeader, RouteOf(user_id));
}

absl::Status Client::ToStatus(const grpc::Status& status) const {
  if (status.ok()) return absl::OkStatus();
  if (!no_channel_.ok()) return no_channel_;
  const auto code = static_cast<absl::StatusCode>(status.error_code());  // gRPC's codes and absl's are the same numbers
  // A server that answers «unavailable» leaves the connection standing; only without one is it the server that is
  // missing.
  if (code == absl::StatusCode::kUnavailable && channel_->GetState(false) != GRPC_CHANNEL_READY) {
    return absl::UnavailableError(
        absl::StrCat("can't reach a server at ", options_.address,
                     "; `idiolect serve` starts one, --server or IDIOLECT_SERVER names another",
                     options_.tls_ca.empty() ? "" : absl::StrCat(" (", status.error_message(), ")")));
  }
  if (code == absl::StatusCode::kUnauthenticated) {
    return absl::UnauthenticatedError(absl::StrCat(Describe(status), "; --api-key or IDIOLECT_API_KEY has it"));
  }
  if (code == absl::StatusCode::kDeadlineExceeded) {
    return absl::DeadlineExceededError(
        absl::StrCat("no answer from ", options_.address, " within the time given; --timeout allows more"));
  }
  return absl::Status(code, Describe(status));
}

std::string ToJson(const google::protobuf::Message& message, bool many_lines) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = many_lines;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  // Fails only for messages that hold an Any of an unknown type; the API's hold none.
  (void)google::protobuf::util::MessageToJsonString(message, &json, options);
  return json;
}

std::string NewRequestId() {
  std::random_device random;
  std::string id;
  for (int i = 0; i < 4; ++i) absl::StrAppend(&id, absl::Hex(random(), absl::kZeroPad8));
  return id;
}

}  // namespace idiolect
