// How the client verbs reach a server: in the clear or over TLS, with a key or without.
#pragma once

#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "grpcpp/channel.h"

namespace idiolect {

struct ChannelSettings {
  std::string address = "127.0.0.1:50051";
  std::string tls_ca{};  // PEM file of who must have signed the server's certificate; "system": the system's
  std::string tls_cert{}, tls_key{};  // PEM files with which the client shows who it is, where the server asks for that
  std::string api_key{};              // sent with every call
  bool key_in_the_clear = false;      // send it to another machine without TLS all the same
};

// Connects when it is first used. kInvalidArgument where the settings don't fit together, kNotFound where a file can't
// be read, kFailedPrecondition where a key would go to another machine in the clear.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const ChannelSettings& settings);

// Options for all of it but the address.
void AddChannelOptions(CLI::App& verb, ChannelSettings& settings);

}  // namespace idiolect
