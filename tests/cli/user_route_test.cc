// Which calls name their user to a proxy. The server here notes the header and gives empty answers.
#include "routing/user_route.h"

#include <gmock/gmock.h>

#include <map>
#include <mutex>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "grpcpp/generic/async_generic_service.h"
#include "grpcpp/grpcpp.h"

namespace idiolect {
namespace {

class EmptyAnswer : public grpc::ServerGenericBidiReactor {
 public:
  EmptyAnswer() { StartRead(&request_); }
  void OnReadDone(bool) override { StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK); }
  void OnDone() override { delete this; }

 private:
  grpc::ByteBuffer request_;
  const grpc::Slice nothing_ = grpc::Slice("");
  const grpc::ByteBuffer response_{&nothing_, 1};
};

class RecordingServer : public grpc::CallbackGenericService {
 public:
  RecordingServer() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterCallbackGenericService(this);
    server_ = builder.BuildAndStart();
  }
  ~RecordingServer() override { server_->Shutdown(); }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  // By method, without the service. Empty where a call came without the header.
  std::map<std::string, std::string> routes() {
    const std::lock_guard lock(mutex_);
    return routes_;
  }

 private:
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    const auto found = context->client_metadata().find(kRouteHeader);
    const std::lock_guard lock(mutex_);
    routes_[context->method().substr(context->method().rfind('/') + 1)] =
        found == context->client_metadata().end() ? "" : std::string(found->second.data(), found->second.size());
    return new EmptyAnswer;
  }

  std::mutex mutex_;
  std::map<std::string, std::string> routes_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

std::map<std::string, std::string> RoutesOf(const std::vector<std::string>& arguments) {
  RecordingServer server;
  std::vector<const char*> argv = {"idiolect"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  const std::string address = server.address();
  argv.insert(argv.end(), {"--server", address.c_str()});
  std::istringstream in("hello\n");
  std::ostringstream out, err;
  Console console{in, out, err};
  RunCommandLine(AllCommands(), static_cast<int>(argv.size()), argv.data(), console, [] {});
  return server.routes();
}

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Pair;

TEST(UserRoute, IsNamedByEveryVerbThatIsAboutOneUser) {
  const std::string route = RouteOf("ann");
  EXPECT_THAT(RoutesOf({"ask", "--user", "ann", "hello"}), Contains(Pair("GenerateReply", route)));
  EXPECT_THAT(RoutesOf({"chat", "--user", "ann"}), Contains(Pair("StreamReply", route)));
  EXPECT_THAT(RoutesOf({"rank", "--user", "ann", "--post", "a", "b"}), Contains(Pair("ScoreReplies", route)));
  EXPECT_THAT(RoutesOf({"profile", "--user", "ann", "--post", "a"}),
              AllOf(Contains(Pair("GetProfile", route)), Contains(Pair("QueryMemory", route))));
  EXPECT_THAT(RoutesOf({"export", "--user", "ann"}), Contains(Pair("ExportUser", route)));
  EXPECT_THAT(RoutesOf({"erase", "--user", "ann", "--yes"}), Contains(Pair("EraseUser", route)));
}

TEST(UserRoute, IsNotMadeUpForCallsAboutMany) { EXPECT_THAT(RoutesOf({"users"}), Contains(Pair("ListUsers", ""))); }

TEST(UserRoute, IsNamedByALoad) {
  EXPECT_THAT(RoutesOf({"bench", "--users", "1", "--history", "1", "--seconds", "0.1", "--warmup-seconds", "0"}),
              Contains(Pair("GenerateReply", RouteOf("bench-1-0"))));
}

}  // namespace
}  // namespace idiolect
