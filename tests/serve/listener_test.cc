#include "serve/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace idiolect {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ListenerTest, LoopbackIsWhatOnlyThisMachineReaches) {
  for (const char* address : {"127.0.0.1:50051", "127.8.8.8:0", "[::1]:50051", "localhost:1", "unix:/run/i.sock"}) {
    EXPECT_TRUE(IsLoopback(address)) << address;
  }
  for (const char* address :
       {"0.0.0.0:50051", "[::]:50051", "10.0.0.1:1", "example.org:443", "localhost.example.org:1",
        "127.0.0.1.example.org:1", ":50051", "dns:///127.0.0.1:1", "[::ffff:10.0.0.1]:1", "127.1:1"}) {
    EXPECT_FALSE(IsLoopback(address)) << address;
  }
}

class RemoteListenerTest : public ::testing::Test {
 protected:
  RemoteListenerTest() { options_.listen_address = "0.0.0.0:50051"; }
  std::string Refusal() const { return std::string(CheckListener(options_).message()); }
  void AddTls() { options_.tls = {.cert = "cert.pem", .key = "key.pem", .client_ca = {}}; }
  void AddKeys() { options_.api_keys_file = "keys.jsonl"; }

  ServerOptions options_;
};

TEST_F(RemoteListenerTest, NeedsTlsAndKeys) {
  EXPECT_EQ(CheckListener(options_).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Refusal(), AllOf(HasSubstr("listen: "), HasSubstr("tls_cert"), HasSubstr("api_keys_file")));
  AddTls();
  EXPECT_THAT(Refusal(), AllOf(Not(HasSubstr("tls_cert")), HasSubstr("unsafe_remote and unsafe_no_keys")));
  AddKeys();
  EXPECT_EQ(Refusal(), "");
}

TEST_F(RemoteListenerTest, WhatIsMissingMustBeWantedTwice) {
  options_.unsafe_remote = true;
  EXPECT_THAT(Refusal(), HasSubstr("unsafe_no_tls and unsafe_no_keys as well"));
  options_.unsafe_no_tls = true;
  EXPECT_THAT(Refusal(), AllOf(HasSubstr("by unsafe_no_keys as well"), Not(HasSubstr("unsafe_no_tls"))));
  AddKeys();
  EXPECT_EQ(Refusal(), "");
  options_.unsafe_remote = false;
  EXPECT_THAT(Refusal(), HasSubstr("by unsafe_remote as well"));
}

TEST_F(RemoteListenerTest, LoopbackNeedsNothing) {
  options_.listen_address = "127.0.0.1:50051";
  EXPECT_EQ(Refusal(), "");
}

}  // namespace
}  // namespace idiolect
