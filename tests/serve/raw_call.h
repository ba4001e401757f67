// Calls by method path and bytes: what no generated client would send, and services that there is no client for.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "grpcpp/channel.h"
#include "grpcpp/support/status.h"

namespace idiolect::testing {

struct RawAnswer {
  grpc::Status status;
  std::vector<std::string> messages;
};

using CallMetadata = std::vector<std::pair<std::string, std::string>>;

// Sends the requests, then reads to the end; whether the method streams makes no difference on the wire.
RawAnswer RawCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                  const std::vector<std::string>& requests, const CallMetadata& metadata = {});

// "field: description" of each violation in the details of an error.
std::vector<std::string> ViolationsOf(const grpc::Status& status);
// Of the fields alone.
std::vector<std::string> FieldsOf(const grpc::Status& status);
// 0 without RetryInfo.
int RetryDelayMs(const grpc::Status& status);

}  // namespace idiolect::testing
