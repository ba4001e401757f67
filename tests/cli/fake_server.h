// A small server for the client verbs: real gRPC on a local port, histories in memory, replies from a script.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "grpcpp/grpcpp.h"
#include "idiolect/v1/dialogue.grpc.pb.h"
#include "idiolect/v1/history.grpc.pb.h"
#include "idiolect/v1/model.grpc.pb.h"
#include "idiolect/v1/profile.grpc.pb.h"

namespace idiolect {

class FakeServer : public v1::HistoryService::Service,
                   public v1::DialogueService::Service,
                   public v1::ProfileService::Service,
                   public v1::ModelService::Service {
 public:
  FakeServer();
  ~FakeServer() override { server_->Shutdown(); }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  // What the tests set up and look at; the mutex is for calls in flight only, of which there are none then.
  std::map<std::string, std::vector<v1::Exchange>> histories;
  std::set<std::string> conflicting_responses;  // imports of these are rejected by the server
  int failures_before_import = 0;               // streams that end UNAVAILABLE after they were stored
  int good_streams = 1000;                      // imports after so many fail for good before they have stored
  int streams = 0;                              // imports begun
  std::vector<v1::DecodingOptions> decodings;   // of the replies asked for
  std::vector<int64_t> min_revisions;
  grpc::Status next_reply_status;  // not OK: what replies end with
  std::vector<v1::TokenExplanation> explanation;
  std::string authorization;  // of the last GenerateReply or ListUsers

 private:
  using Context = grpc::ServerContext;
  grpc::Status ImportExchanges(Context*, grpc::ServerReader<v1::ImportExchangesRequest>* reader,
                               v1::ImportExchangesResponse* response) override;
  grpc::Status AppendExchange(Context*, const v1::AppendExchangeRequest*, v1::AppendExchangeResponse*) override;
  grpc::Status ExportUser(Context*, const v1::ExportUserRequest*, grpc::ServerWriter<v1::ExportUserResponse>*) override;
  grpc::Status EraseUser(Context*, const v1::EraseUserRequest*, v1::EraseUserResponse*) override;
  grpc::Status GetExchange(Context*, const v1::GetExchangeRequest*, v1::GetExchangeResponse*) override;
  grpc::Status GenerateReply(Context*, const v1::GenerateReplyRequest*, v1::GenerateReplyResponse*) override;
  grpc::Status StreamReply(Context*, const v1::StreamReplyRequest*,
                           grpc::ServerWriter<v1::StreamReplyResponse>*) override;
  grpc::Status ScoreReplies(Context*, const v1::ScoreRepliesRequest*, v1::ScoreRepliesResponse*) override;
  grpc::Status ListUsers(Context*, const v1::ListUsersRequest*, v1::ListUsersResponse*) override;
  grpc::Status GetProfile(Context*, const v1::GetProfileRequest*, v1::GetProfileResponse*) override;
  grpc::Status QueryMemory(Context*, const v1::QueryMemoryRequest*, v1::QueryMemoryResponse*) override;
  grpc::Status LoadModel(Context*, const v1::LoadModelRequest*, v1::LoadModelResponse*) override;
  grpc::Status GetModel(Context*, const v1::GetModelRequest*, v1::GetModelResponse*) override;

  void NoteCaller(const Context& context);
  bool Store(const std::string& user, const v1::Exchange& exchange, const std::string& request_id);
  v1::GenerateReplyResponse Reply(const std::string& user, const std::string& post,
                                  const v1::DecodingOptions& decoding);

  std::mutex mutex_;
  std::set<std::pair<std::string, std::string>> request_ids_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace idiolect
