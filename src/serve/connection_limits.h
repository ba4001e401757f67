// What one connection may take, by gRPC's own means; their number is ConnectionAcceptor's.
#pragma once

#include "grpcpp/server_builder.h"
#include "serve/server_options.h"

namespace idiolect {

void LimitConnections(const ServerOptions& options, grpc::ServerBuilder& builder);

// Each connection takes two descriptors, and the usual limit of 1,024 is soon reached: raises it as far as the system
// lets the process.
void RaiseDescriptorLimit();

}  // namespace idiolect
