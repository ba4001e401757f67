// A connection to a running server, and its errors in words.
#pragma once

#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "cli/client_channel.h"
#include "google/protobuf/message.h"
#include "grpcpp/grpcpp.h"
#include "idiolect/v1/dialogue.grpc.pb.h"
#include "idiolect/v1/history.grpc.pb.h"
#include "idiolect/v1/model.grpc.pb.h"
#include "idiolect/v1/profile.grpc.pb.h"

namespace idiolect {

// Which server, and how long one answer may take. Every client verb has these options.
struct ClientOptions : ChannelSettings {
  double timeout_seconds = 60;

  void AddTo(CLI::App& verb);
};

// Thread-safe. Connects when it is first used.
class Client {
 public:
  // Where the options allow no connection, every call fails at once, and ToStatus says why.
  explicit Client(const ClientOptions& options);

  v1::DialogueService::Stub& dialogue() { return *dialogue_; }
  v1::HistoryService::Stub& history() { return *history_; }
  v1::ProfileService::Stub& profile() { return *profile_; }
  v1::ModelService::Stub& model() { return *model_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  const std::string& address() const { return options_.address; }

  // Gives a call that answers once the deadline of the options; streams of any length go without.
  void SetDeadline(grpc::ClientContext& context) const;

  // Names the user to proxies, as every call that is about one user does (routing/user_route.h).
  static void RouteTo(grpc::ClientContext& context, const std::string& user_id);

  // What a call ended with: the server's own words, each field violation by its field's name, and what to do where the
  // server can't be reached or is busy. One line.
  absl::Status ToStatus(const grpc::Status& status) const;

 private:
  const ClientOptions options_;
  absl::Status no_channel_;  // why there is none
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::DialogueService::Stub> dialogue_;
  const std::unique_ptr<v1::HistoryService::Stub> history_;
  const std::unique_ptr<v1::ProfileService::Stub> profile_;
  const std::unique_ptr<v1::ModelService::Stub> model_;
};

// An answer as JSON, with the names of the API; fields that are zero stand there too.
std::string ToJson(const google::protobuf::Message& message, bool many_lines = true);

// A new id for a writing request, so that sending it twice does it once.
std::string NewRequestId();

}  // namespace idiolect
