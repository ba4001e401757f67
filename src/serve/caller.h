// Who is calling.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "grpcpp/server_context.h"
#include "idiolect/exchange.h"

namespace idiolect {

struct Caller {
  std::string tenant;

  UserKey User(const std::string& user_id) const { return {tenant, user_id}; }
};

// The caller's credentials decide the tenant, never the request. Until the server asks for credentials there is one
// tenant, and whoever reaches the address belongs to it.
Caller CallerOf(const grpc::CallbackServerContext& context);

// When the caller stops waiting; InfiniteFuture for one who never does.
absl::Time DeadlineOf(const grpc::CallbackServerContext& context);

}  // namespace idiolect
