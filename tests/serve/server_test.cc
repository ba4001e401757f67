#include <future>

#include "tests/serve/server_fixture.h"

namespace idiolect::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// grpc.health.v1 by its bytes: a request is {1: service}, an answer {1: 1 for SERVING or 2 for NOT_SERVING}.
std::string HealthRequest(const std::string& service) {
  return service.empty() ? "" : std::string("\x0A") + static_cast<char>(service.size()) + service;
}
constexpr char kServing[] = "\x08\x01", kNotServing[] = "\x08\x02";

class ServerTest : public ServerFixture {
 protected:
  RawAnswer Health(const std::string& service) {
    return RawCall(channel_, "/grpc.health.v1.Health/Check", {HealthRequest(service)});
  }

  std::future<grpc::Status> GenerateInBackground() {
    return std::async(std::launch::async, [this] {
      v1::GenerateReplyRequest request;
      request.set_user_id("ann");
      v1::GenerateReplyResponse response;
      return Call(&v1::DialogueService::Stub::GenerateReply, *dialogue_, request, response);
    });
  }
};

TEST_F(ServerTest, IsHealthyAsAWholeAndByService) {
  for (const char* service : {"", "idiolect.v1.DialogueService", "idiolect.v1.HistoryService",
                              "idiolect.v1.ProfileService", "idiolect.v1.ModelService"}) {
    EXPECT_THAT(Health(service).messages, ElementsAre(kServing)) << service;
  }
  EXPECT_EQ(Health("idiolect.v1.NoService").status.error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(ServerTest, ReflectsItsServices) {
  // ServerReflectionRequest{list_services: "*"}
  const RawAnswer answer =
      RawCall(channel_, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", {"\x3A\x01*"});
  ASSERT_THAT(answer.messages, SizeIs(1));
  for (const char* service : {"idiolect.v1.DialogueService", "idiolect.v1.HistoryService", "idiolect.v1.ProfileService",
                              "idiolect.v1.ModelService", "grpc.health.v1.Health"}) {
    EXPECT_THAT(answer.messages[0], HasSubstr(service));
  }
}

TEST_F(ServerTest, DrainsBeforeItStops) {
  engine_->Pause();
  std::future<grpc::Status> in_flight = GenerateInBackground();
  ASSERT_TRUE(Eventually([&] { return engine_->submitted() == 1; }));

  server_->StartDraining();
  EXPECT_THAT(Health("").messages, ElementsAre(kNotServing));
  EXPECT_THAT(Health("idiolect.v1.DialogueService").messages, ElementsAre(kNotServing));
  EXPECT_THAT(Health("liveness").messages, ElementsAre(kServing));
  EXPECT_EQ(GenerateInBackground().get().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(RawCall(channel_, "/idiolect.v1.HistoryService/ImportExchanges", {}).status.error_code(),
            grpc::StatusCode::UNAVAILABLE);

  std::future<void> stopped = std::async(std::launch::async, [this] { server_->Shutdown(); });
  std::future<void> waited = std::async(std::launch::async, [this] { server_->Wait(); });
  EXPECT_EQ(stopped.wait_for(std::chrono::milliseconds(200)), std::future_status::timeout);
  EXPECT_EQ(waited.wait_for(std::chrono::milliseconds(0)), std::future_status::timeout);
  engine_->Resume();
  EXPECT_TRUE(in_flight.get().ok());
  stopped.get();
  waited.get();
}

TEST_F(ServerTest, CancelsWhatOutlivesTheDrainLimit) {
  ServerOptions options;
  options.drain_limit = absl::Milliseconds(100);
  Start({.tokens_per_reply = 10'000, .step = absl::Milliseconds(10)}, options);
  std::future<grpc::Status> in_flight = GenerateInBackground();
  ASSERT_TRUE(Eventually([&] { return engine_->submitted() == 1; }));
  server_->Shutdown();
  EXPECT_EQ(in_flight.get().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(engine_->cancelled(), 1);
}

TEST_F(ServerTest, IsNotReadyWithoutItsStore) {
  ServerOptions options;
  options.store_check_interval = absl::Milliseconds(10);
  Start({}, options);
  store_->unreachable = true;
  EXPECT_TRUE(Eventually([&] { return Health("").messages == std::vector<std::string>{kNotServing}; }));
  EXPECT_THAT(Health("idiolect.v1.HistoryService").messages, ElementsAre(kNotServing));
  EXPECT_THAT(Health("idiolect.v1.ModelService").messages, ElementsAre(kServing));
  EXPECT_THAT(Health("liveness").messages, ElementsAre(kServing));
  store_->unreachable = false;
  EXPECT_TRUE(Eventually([&] { return Health("").messages == std::vector<std::string>{kServing}; }));
}

TEST_F(ServerTest, TheStoreComingBackEndsNoDraining) {
  ServerOptions options;
  options.store_check_interval = absl::Milliseconds(10);
  Start({}, options);
  store_->unreachable = true;
  ASSERT_TRUE(Eventually([&] { return Health("").messages == std::vector<std::string>{kNotServing}; }));
  server_->StartDraining();
  store_->unreachable = false;
  absl::SleepFor(absl::Milliseconds(200));
  EXPECT_THAT(Health("").messages, ElementsAre(kNotServing));
}

TEST_F(ServerTest, ShutdownDoesNotWaitForHealthWatches) {
  std::future<RawAnswer> watch =
      std::async(std::launch::async, [this] { return RawCall(channel_, "/grpc.health.v1.Health/Watch", {""}); });
  absl::SleepFor(absl::Milliseconds(200));
  const absl::Time start = absl::Now();
  server_->Shutdown();
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
  EXPECT_THAT(watch.get().messages, ElementsAre(kServing, kNotServing));
}

TEST_F(ServerTest, TwoServersDoNotShareAPort) {
  ServerOptions options;
  options.listen_address = server_->address();
  EXPECT_EQ(Server::Start(options, *engine_, *store_).status().code(), absl::StatusCode::kUnavailable);
  options.listen_address = "nowhere";
  EXPECT_EQ(Server::Start(options, *engine_, *store_).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ServerTest, TooManyCallsForTheStoreAreTurnedAway) {
  ServerOptions options;
  options.store_threads = 1;
  options.max_store_queue = 1;
  Start({}, options);
  std::promise<void> go;
  std::shared_future<void> gone = go.get_future().share();
  std::atomic<int> reading{0};
  store_->after_recent = [&reading, gone] {
    ++reading;
    gone.wait();
  };
  std::future<grpc::Status> first = GenerateInBackground();
  ASSERT_TRUE(Eventually([&] { return reading == 1; }));
  std::vector<std::future<grpc::Status>> rest;
  for (int i = 0; i < 4; ++i) rest.push_back(GenerateInBackground());
  absl::SleepFor(absl::Milliseconds(200));
  go.set_value();
  int refused = 0;
  for (std::future<grpc::Status>& call : rest) {
    const grpc::Status status = call.get();
    if (status.ok()) continue;
    ++refused;
    EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_GT(RetryDelayMs(status), 0);
  }
  EXPECT_TRUE(first.get().ok());
  EXPECT_EQ(refused, 3);
}

TEST_F(ServerTest, AMessageOverTheLimitIsRefused) {
  ServerOptions options;
  options.max_message_bytes = 1000;
  Start({}, options);
  v1::GenerateReplyRequest request;
  request.set_user_id("ann");
  request.set_post(std::string(2000, 'p'));
  v1::GenerateReplyResponse response;
  EXPECT_EQ(Call(&v1::DialogueService::Stub::GenerateReply, *dialogue_, request, response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
}

}  // namespace
}  // namespace idiolect::testing
