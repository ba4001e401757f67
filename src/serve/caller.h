// Who is calling.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "access/scope.h"
#include "grpcpp/server_context.h"
#include "idiolect/exchange.h"

namespace idiolect {

// The tenant follows from the key that the caller sends, never from the request.
struct Caller {
  std::string tenant;
  std::string key_id{};  // empty where the server asks for no keys
  ScopeSet scopes{};

  UserKey User(const std::string& user_id) const { return {tenant, user_id}; }
};

// When the caller stops waiting; InfiniteFuture for one who never does.
absl::Time DeadlineOf(const grpc::CallbackServerContext& context);

}  // namespace idiolect
