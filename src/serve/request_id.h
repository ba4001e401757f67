// The name of a call, by which a client, a proxy and the log speak of the same one: metadata `x-request-id`, taken from
// the caller or made here, and returned with the answer.
#pragma once

#include <string>

#include "grpcpp/server_context.h"

namespace idiolect {

inline constexpr char kRequestIdKey[] = "x-request-id";

// 1 to 128 letters, digits and "-_.:/+=@" of the caller's choosing; whatever else comes is replaced by 32 random
// hexadecimal digits, since it goes to logs.
std::string RequestIdOf(const grpc::ServerContextBase& context);

// The first value of a key of the caller's metadata; empty where there is none.
std::string MetadataOf(const grpc::ServerContextBase& context, const char* key);

}  // namespace idiolect
