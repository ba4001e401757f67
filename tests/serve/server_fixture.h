// A whole server on a free port of this machine, with a fake engine and a store in memory, and a client to it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "grpcpp/grpcpp.h"
#include "idiolect/v1/dialogue.grpc.pb.h"
#include "idiolect/v1/history.grpc.pb.h"
#include "idiolect/v1/model.grpc.pb.h"
#include "idiolect/v1/profile.grpc.pb.h"
#include "serve/server.h"
#include "tests/serve/hooked_store.h"
#include "tests/serve/raw_call.h"
#include "tests/support/fake_engine.h"

namespace idiolect::testing {

class ServerFixture : public ::testing::Test {
 protected:
  ServerFixture() { Start({}, {}); }
  ~ServerFixture() override { Stop(); }

  void Start(const FakeEngineOptions& engine_options, ServerOptions options) {
    Stop();
    engine_ = std::make_unique<FakeEngine>(engine_options);
    memory_ = OpenHistoryStore("memory:").value();
    store_ = std::make_unique<HookedStore>(*memory_);
    options.listen_address = "127.0.0.1:0";
    server_ = Server::Start(options, *engine_, *store_).value();
    Connect();
  }

  void Connect() {
    channel_ = grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials());
    dialogue_ = v1::DialogueService::NewStub(channel_);
    history_ = v1::HistoryService::NewStub(channel_);
    profile_ = v1::ProfileService::NewStub(channel_);
    model_ = v1::ModelService::NewStub(channel_);
  }

  void Stop() {
    if (engine_ != nullptr) engine_->Resume();
    server_.reset();
    engine_.reset();
    store_.reset();
  }

  // The revision after it; 0 on an error.
  int64_t Append(const std::string& user, const std::string& post, const std::string& response) {
    v1::AppendExchangeRequest request;
    request.set_user_id(user);
    request.mutable_exchange()->set_post(post);
    request.mutable_exchange()->set_response(response);
    v1::AppendExchangeResponse answer;
    const grpc::Status status = Call(&v1::HistoryService::Stub::AppendExchange, *history_, request, answer);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return answer.revision();
  }

  v1::GenerateReplyResponse Reply(const std::string& user, const std::string& post, uint64_t seed = 0) {
    v1::GenerateReplyRequest request;
    request.set_user_id(user);
    request.set_post(post);
    request.mutable_decoding()->set_seed(seed);
    v1::GenerateReplyResponse answer;
    const grpc::Status status = Call(&v1::DialogueService::Stub::GenerateReply, *dialogue_, request, answer);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return answer;
  }

  template <typename Stub, typename Request, typename Response>
  static grpc::Status Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*), Stub& stub,
                           const Request& request, Response& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    return (stub.*method)(&context, request, &response);
  }

  // Waits for something that another thread is about to bring about.
  static bool Eventually(const std::function<bool()>& condition) {
    for (int i = 0; i < 1000; ++i) {
      if (condition()) return true;
      absl::SleepFor(absl::Milliseconds(10));
    }
    return false;
  }

  std::unique_ptr<FakeEngine> engine_;
  std::unique_ptr<HistoryStore> memory_;
  std::unique_ptr<HookedStore> store_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::DialogueService::Stub> dialogue_;
  std::unique_ptr<v1::HistoryService::Stub> history_;
  std::unique_ptr<v1::ProfileService::Stub> profile_;
  std::unique_ptr<v1::ModelService::Stub> model_;
};

}  // namespace idiolect::testing
