// What bounds connections: their number, their silence, and what one of them may ask for at once or reset.
#include <arpa/inet.h>
#include <sys/socket.h>

#include <future>

#include "serve/tcp_listener.h"
#include "tests/serve/http2_frames.h"
#include "tests/serve/server_fixture.h"

namespace idiolect::testing {
namespace {

class ConnectionsTest : public ServerFixture {
 protected:
  // A connection that says nothing.
  Descriptor Connect() const {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(server_->port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    Descriptor connection(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    return connection;
  }

  // Whether the server has closed it.
  static bool IsClosed(const Descriptor& connection) {
    char bytes[512];
    ssize_t got = 0;
    while ((got = recv(connection.get(), bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {  // gRPC's settings come first
    }
    return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }

  bool AnswersANewClient() const {
    grpc::ChannelArguments alone;
    alone.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    const auto channel = grpc::CreateCustomChannel(server_->address(), grpc::InsecureChannelCredentials(), alone);
    v1::GetModelResponse response;
    return Call(&v1::ModelService::Stub::GetModel, *v1::ModelService::NewStub(channel), v1::GetModelRequest(), response)
        .ok();
  }
};

TEST_F(ConnectionsTest, OneTooManyIsClosedAtOnce) {
  ServerOptions options;
  options.max_connections = 4;
  Start({}, options);
  Append("ann", "hi", "moin");  // the fixture's own connection is the first
  std::vector<Descriptor> others;
  for (int i = 0; i < 3; ++i) others.push_back(Connect());
  const Descriptor too_many = Connect();
  EXPECT_TRUE(Eventually([&] { return IsClosed(too_many); }));
  for (const Descriptor& other : others) EXPECT_FALSE(IsClosed(other));
  Append("ann", "hi", "moin");  // who is there is served
  others.pop_back();
  EXPECT_TRUE(Eventually([&] { return AnswersANewClient(); }));
}

TEST_F(ConnectionsTest, EndedOnesDoNotCount) {
  ServerOptions options;
  options.max_connections = 4;
  Start({}, options);
  for (int i = 0; i < 50; ++i) {
    const Descriptor connection = Connect();
    EXPECT_TRUE(Eventually([&] { return AnswersANewClient(); })) << i;
  }
}

TEST_F(ConnectionsTest, SilentOnesMakeRoom) {
  ServerOptions options;
  options.max_connections = 4;
  options.silent_connection = absl::Milliseconds(300);
  Start({}, options);
  std::vector<Descriptor> silent;
  for (int i = 0; i < 4; ++i) silent.push_back(Connect());
  absl::SleepFor(absl::Milliseconds(500));
  EXPECT_TRUE(AnswersANewClient());
  EXPECT_TRUE(Eventually([&] { return IsClosed(silent.front()); }));
}

TEST_F(ConnectionsTest, WhoDoesNotSpeakIsClosed) {
  ServerOptions options;
  options.handshake_limit = absl::Milliseconds(300);
  Start({}, options);
  const Descriptor silent = Connect();
  EXPECT_TRUE(Eventually([&] { return IsClosed(silent); }));
}

TEST_F(ConnectionsTest, WhoHasNoCallsForLongIsClosed) {
  ServerOptions options;
  options.idle_connection = absl::Milliseconds(300);
  Start({}, options);
  Append("ann", "hi", "moin");
  ASSERT_EQ(channel_->GetState(false), GRPC_CHANNEL_READY);
  EXPECT_TRUE(Eventually([&] { return channel_->GetState(false) != GRPC_CHANNEL_READY; }));
  Append("ann", "hi", "moin");  // and connects again when there is something to say
}

TEST_F(ConnectionsTest, OneHasSoManyCallsAtATime) {
  ServerOptions options;
  options.max_calls_per_connection = 2;
  Start({}, options);
  Append("ann", "hi", "moin");  // the limit is known when the connection stands
  engine_->Pause();
  std::vector<std::future<void>> calls;
  for (int i = 0; i < 4; ++i) calls.push_back(std::async(std::launch::async, [this] { Reply("ann", "hi"); }));
  EXPECT_TRUE(Eventually([&] { return engine_->submitted() == 2; }));
  absl::SleepFor(absl::Milliseconds(200));
  EXPECT_EQ(engine_->submitted(), 2);
  engine_->Resume();
  for (std::future<void>& call : calls) call.get();
  EXPECT_EQ(engine_->submitted(), 4);
}

class ResetTest : public ConnectionsTest {
 protected:
  void StartWithLimit(int max_resets_per_second) {
    ServerOptions options;
    options.max_resets_per_second = max_resets_per_second;
    Start({}, options);
    Append("ann", "hi", "moin");  // over the fixture's connection, which was there before
  }

  // Begins `count` calls and resets them at once.
  Descriptor Attack(int count) const {
    std::string bytes = kHttp2Preface + Frame(kSettings, 0);
    for (int i = 0; i < count; ++i) bytes += ResetCall(static_cast<uint32_t>(2 * i + 1));
    Descriptor connection = Connect();
    // When it is closed halfway this is an error, and no signal.
    static_cast<void>(send(connection.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
    return connection;
  }
};

TEST_F(ResetTest, WhoResetsTooManyCallsIsPutOff) {
  StartWithLimit(50);
  const Descriptor attacker = Attack(51);
  EXPECT_TRUE(Eventually([&] { return IsClosed(attacker); }));
  const Descriptor again = Connect();
  EXPECT_TRUE(Eventually([&] { return IsClosed(again); }));
  Append("ann", "hi", "moin");  // who is there is served
}

TEST_F(ResetTest, SomeResetsAreNothing) {
  StartWithLimit(50);
  const Descriptor client = Attack(50);
  absl::SleepFor(absl::Milliseconds(500));
  EXPECT_FALSE(IsClosed(client));
  EXPECT_TRUE(AnswersANewClient());
}

TEST_F(ResetTest, ZeroIsNoLimit) {
  StartWithLimit(0);
  const Descriptor client = Attack(1000);
  absl::SleepFor(absl::Milliseconds(500));
  EXPECT_FALSE(IsClosed(client));
  EXPECT_TRUE(AnswersANewClient());
}

// Frames of a type that HTTP/2 doesn't know, which are to be passed over.
TEST_F(ConnectionsTest, WhoSendsTooMuchIsPutOff) {
  ServerOptions options;
  options.max_bytes_per_second = 1 << 20;
  Start({}, options);
  Append("ann", "hi", "moin");  // over the fixture's connection, which was there before
  const Descriptor attacker = Connect();
  constexpr uint8_t kUnknown = 0x77;
  std::string bytes = kHttp2Preface + Frame(kSettings, 0);
  for (int i = 0; i < 200; ++i) bytes += Frame(kUnknown, 0, std::string(8192, '\0'));
  EXPECT_TRUE(Eventually([&] {
    const ssize_t sent = send(attacker.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) bytes.erase(0, static_cast<size_t>(sent));
    return IsClosed(attacker);
  }));
  const Descriptor again = Connect();
  EXPECT_TRUE(Eventually([&] { return IsClosed(again); }));
  Append("ann", "hi", "moin");  // who is there is served
}

TEST_F(ConnectionsTest, SomeBytesAreNothing) {
  ServerOptions options;
  options.max_bytes_per_second = 1 << 20;
  Start({}, options);
  for (int i = 0; i < 40; ++i) Append("ann", "hi", std::string(16'000, 'x'));  // 640 kB
  EXPECT_TRUE(AnswersANewClient());
}

class SlowReaderTest : public ConnectionsTest {
 protected:
  void StartAndFill(const ServerOptions& options) {
    Start({}, options);
    for (int i = 0; i < 100; ++i) Append("ann", "hi", std::string(16'000, 'x'));
  }

  grpc::Status List() {
    v1::ListExchangesRequest request;
    request.set_user_id("ann");
    request.set_page_size(100);
    v1::ListExchangesResponse response;
    return Call(&v1::HistoryService::Stub::ListExchanges, *history_, request, response);
  }
};

// An export of ann's history over a connection of its own, of which nothing is read until somebody does.
class UnreadExport {
 public:
  explicit UnreadExport(const Server& server) {
    grpc::ChannelArguments small_window;
    small_window.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    small_window.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stub_ = v1::HistoryService::NewStub(
        grpc::CreateCustomChannel(server.address(), grpc::InsecureChannelCredentials(), small_window));
    v1::ExportUserRequest request;
    request.set_user_id("ann");
    stream_ = stub_->ExportUser(&context_, request);
  }
  ~UnreadExport() { context_.TryCancel(); }

  int ReadAll() {
    int count = 0;
    for (v1::ExportUserResponse response; stream_->Read(&response);) ++count;
    return count;
  }
  grpc::Status Finish() { return stream_->Finish(); }

 private:
  std::unique_ptr<v1::HistoryService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::ExportUserResponse>> stream_;
};

TEST_F(SlowReaderTest, WhatWaitsForClientsIsBounded) {
  ServerOptions options;
  options.max_unsent_bytes = 1 << 20;
  StartAndFill(options);
  const grpc::Status status = List();  // 1.6 MB
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_GT(RetryDelayMs(status), 0);
  v1::GetExchangeRequest one;
  one.set_user_id("ann");
  one.set_exchange_id(1);
  v1::GetExchangeResponse response;
  for (int i = 0; i < 200; ++i) {  // 3.2 MB, but one after the other
    ASSERT_TRUE(Call(&v1::HistoryService::Stub::GetExchange, *history_, one, response).ok()) << i;
  }
}

TEST_F(SlowReaderTest, ExportsThatNobodyReadsHoldLittle) {
  constexpr int kExports = 40;
  StartAndFill({});
  std::vector<std::unique_ptr<UnreadExport>> exports;
  for (int i = 0; i < kExports; ++i) exports.push_back(std::make_unique<UnreadExport>(*server_));
  EXPECT_TRUE(Eventually([&] { return store_->listed >= kExports; }));
  absl::SleepFor(absl::Seconds(1));
  EXPECT_LE(store_->listed, kExports * 20);  // of 100 each
  EXPECT_EQ(exports[0]->ReadAll(), 100);
}

TEST_F(SlowReaderTest, ListsAreRefusedBeforeTheyAreReadWhereTooMuchWaits) {
  ServerOptions options;
  options.max_unsent_bytes = 20'000;
  StartAndFill(options);
  const UnreadExport slow(*server_);
  absl::SleepFor(absl::Seconds(1));
  const int64_t listed = store_->listed;
  EXPECT_EQ(List().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(store_->listed, listed);
}

TEST_F(SlowReaderTest, WhoTakesNothingIsCancelled) {
  ServerOptions options;
  options.stuck_limit = absl::Milliseconds(500);
  StartAndFill(options);
  UnreadExport slow(*server_);
  absl::SleepFor(absl::Seconds(2));  // what is on its way soon fills the window
  slow.ReadAll();
  EXPECT_EQ(slow.Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(List().ok());
}

}  // namespace
}  // namespace idiolect::testing
