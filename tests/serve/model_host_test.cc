// Replacing the model under a server in use.
#include "serve/model_host.h"

#include <future>
#include <limits>
#include <map>
#include <set>
#include <thread>

#include "serve/self_test.h"
#include "tests/serve/server_fixture.h"

namespace idiolect::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Fake engines by the name of their directory; which of them are alive.
class ModelHostTest : public ServerFixture {
 protected:
  ModelHostTest() {
    Stop();
    host_ = ModelHost::Start("/models/first", [this](const std::string& dir) { return Load(dir); }).value();
    ServerOptions options;
    options.listen_address = "127.0.0.1:0";
    memory_ = OpenHistoryStore("memory:").value();
    store_ = std::make_unique<HookedStore>(*memory_);
    server_ = Server::Start(options, *host_, *store_).value();
    Connect();
  }
  ~ModelHostTest() override {
    for (const auto& [name, engine] : alive_) engine->Resume();
    server_.reset();
    host_.reset();
  }

  class Tracked final : public FakeEngine {
   public:
    Tracked(const FakeEngineOptions& options, std::function<void()> gone)
        : FakeEngine(options), gone_(std::move(gone)) {}
    ~Tracked() override { gone_(); }

   private:
    const std::function<void()> gone_;
  };

  absl::StatusOr<std::unique_ptr<Engine>> Load(const std::string& dir) {
    const std::string name = dir.substr(dir.rfind('/') + 1);
    if (before_load_) before_load_(name);
    if (name == "missing") return absl::NotFoundError("/models/missing/config.json: cannot be opened");
    const FakeEngineOptions options{.name = name,
                                    .content_hash = std::string(64, name[0]),
                                    .logprob = name == "broken" ? std::numeric_limits<double>::quiet_NaN() : -1};
    auto engine = std::make_unique<Tracked>(options, [this, name] {
      const std::lock_guard lock(mutex_);
      alive_.erase(name);
    });
    const std::lock_guard lock(mutex_);
    alive_[name] = engine.get();
    return engine;
  }

  FakeEngine& Alive(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return *alive_.at(name);
  }
  bool IsAlive(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return alive_.count(name) > 0;
  }

  grpc::Status LoadModel(const std::string& name, const std::string& hash = "") {
    v1::LoadModelRequest request;
    request.set_name(name);
    request.set_content_hash(hash);
    return Call(&v1::ModelService::Stub::LoadModel, *model_, request, loaded_);
  }

  std::string ServingModel() {
    v1::GetModelResponse response;
    EXPECT_TRUE(Call(&v1::ModelService::Stub::GetModel, *model_, {}, response).ok());
    return response.name();
  }

  std::future<grpc::Status> GenerateInBackground() {
    return std::async(std::launch::async, [this] {
      v1::GenerateReplyRequest request;
      request.set_user_id("ann");
      v1::GenerateReplyResponse response;
      return Call(&v1::DialogueService::Stub::GenerateReply, *dialogue_, request, response);
    });
  }

  std::function<void(const std::string&)> before_load_;
  std::mutex mutex_;
  std::map<std::string, FakeEngine*> alive_;
  std::unique_ptr<ModelHost> host_;
  v1::LoadModelResponse loaded_;
};

TEST_F(ModelHostTest, TheNewModelTakesOverAndTheOldOneGoes) {
  ASSERT_TRUE(LoadModel("second").ok());
  EXPECT_EQ(loaded_.name(), "second");
  EXPECT_EQ(loaded_.content_hash(), std::string(64, 's'));
  EXPECT_EQ(ServingModel(), "second");
  EXPECT_TRUE(Eventually([&] { return !IsAlive("first"); }));
  ASSERT_TRUE(LoadModel("").ok());
  EXPECT_EQ(ServingModel(), "first");
}

TEST_F(ModelHostTest, CallsInFlightFinishOnTheModelThatTheyBeganWith) {
  const int before = Alive("first").submitted();
  Alive("first").Pause();
  std::future<grpc::Status> in_flight = GenerateInBackground();
  ASSERT_TRUE(Eventually([&] { return Alive("first").submitted() == before + 1; }));
  ASSERT_TRUE(LoadModel("second").ok());
  EXPECT_TRUE(GenerateInBackground().get().ok()) << "the new model waits for nobody";
  EXPECT_TRUE(IsAlive("first"));
  EXPECT_EQ(in_flight.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  Alive("first").Resume();
  EXPECT_TRUE(in_flight.get().ok());
  EXPECT_TRUE(Eventually([&] { return !IsAlive("first"); }));
}

TEST_F(ModelHostTest, WhatFailsItsSelfTestNeverServes) {
  const grpc::Status status = LoadModel("broken");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("self-test"));
  EXPECT_EQ(ServingModel(), "first");
  EXPECT_FALSE(IsAlive("broken"));
  EXPECT_EQ(ModelHost::Start("/models/broken", [this](const std::string& dir) { return Load(dir); }).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(ModelHostTest, AModelThatCantBeLoadedChangesNothing) {
  EXPECT_EQ(LoadModel("missing").error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(ServingModel(), "first");
}

TEST_F(ModelHostTest, TheContentHashMustBeTheOneAskedFor) {
  EXPECT_EQ(LoadModel("second", std::string(64, 'a')).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(ServingModel(), "first");
  before_load_ = nullptr;
  EXPECT_EQ(LoadModel("ccc", std::string(64, 'c')).error_code(), grpc::StatusCode::OK);
  EXPECT_EQ(ServingModel(), "ccc");
}

TEST_F(ModelHostTest, OnlyNamesOfDirectoriesBesideAreTaken) {
  for (const char* name : {"..", ".", "a/b", "/etc", "../models/second"}) {
    const grpc::Status status = LoadModel(name);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << name;
    EXPECT_THAT(FieldsOf(status), ElementsAre("name")) << name;
  }
  EXPECT_THAT(FieldsOf(LoadModel("second", "ABC")), ElementsAre("content_hash"));
  EXPECT_EQ(host_->SiblingDir("second"), "/models/second");
}

TEST_F(ModelHostTest, OneLoadAtATime) {
  std::promise<void> loading, go;
  before_load_ = [&](const std::string& name) {
    loading.set_value();
    go.get_future().wait();
  };
  std::future<grpc::Status> first = std::async(std::launch::async, [this] { return LoadModel("second"); });
  loading.get_future().wait();
  v1::LoadModelResponse response;
  EXPECT_EQ(Call(&v1::ModelService::Stub::LoadModel, *model_, {}, response).error_code(), grpc::StatusCode::ABORTED);
  EXPECT_TRUE(GenerateInBackground().get().ok()) << "calls go on meanwhile";
  go.set_value();
  EXPECT_TRUE(first.get().ok());
}

TEST_F(ModelHostTest, ForgettingReachesTheModelThatIsGoing) {
  Append("ann", "hi", "hello");
  ASSERT_TRUE(GenerateInBackground().get().ok());
  const ModelHost::Lease old = host_->Current();
  ASSERT_TRUE(LoadModel("second").ok());
  ASSERT_TRUE(Alive("first").HoldsProfileOf({"default", "ann"}));
  host_->Forget({"default", "ann"});
  EXPECT_FALSE(Alive("first").HoldsProfileOf({"default", "ann"}));
}

TEST_F(ModelHostTest, NoCallFailsWhileModelsComeAndGo) {
  std::atomic<bool> done{false};
  std::atomic<int> answered{0};
  std::vector<std::thread> callers;
  std::mutex mutex;
  std::vector<std::string> failures;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      while (!done) {
        const grpc::Status status = GenerateInBackground().get();
        ++answered;
        const std::lock_guard lock(mutex);
        if (!status.ok()) failures.push_back(status.error_message());
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    const int before = answered;
    EXPECT_TRUE(LoadModel(absl::StrCat("model-", i)).ok());
    EXPECT_TRUE(Eventually([&] { return answered > before; }));
  }
  done = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_THAT(failures, ElementsAre());
  EXPECT_TRUE(Eventually([&] {
    const std::lock_guard lock(mutex_);
    return alive_.size() == 1;
  }));
}

// As HistoryServiceTest.AProfileBuiltWhileItsUserIsErasedDoesNotStay, of what the store itself deletes: a time to live.
TEST_F(ModelHostTest, AProfileBuiltWhileTheStoreDeletesDoesNotStay) {
  Append("ann", "p", "mine");
  const UserKey ann{"default", "ann"};
  store_->after_recent = [&] { host_->Erased(ann); };
  EXPECT_EQ(Reply("ann", "hi").profile_revision(), 1);
  EXPECT_TRUE(Eventually([&] { return !Alive("first").HoldsProfileOf(ann); }));
}

TEST(ModelHostWithOneEngineTest, HasItForGood) {
  FakeEngine engine;
  ModelHost host(engine);
  EXPECT_EQ(host.Load("/models/other").status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(host.Current().get(), &engine);
  EXPECT_EQ(host.SiblingDir(""), "");
  EXPECT_EQ(host.SiblingDir("other"), "other");
}

}  // namespace
}  // namespace idiolect::testing
