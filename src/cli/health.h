// Asks a server's standard health service, grpc.health.v1.Health.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "cli/client.h"

namespace idiolect {

// "serving", "not serving" or "unknown", for the service of this name; the empty name is the server as a whole. An
// error when the server can't be reached or has no such service.
absl::StatusOr<std::string> CheckHealth(Client& client, const std::string& service);

}  // namespace idiolect
