// Where a server listens, and what it takes to listen there.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "serve/server_options.h"

namespace idiolect {

// Whether only this machine can reach the address: HOST:PORT with a loopback address or localhost, or a unix socket.
bool IsLoopback(std::string_view address);

bool IsUnixSocket(std::string_view address);

// Others than this machine are let in only over TLS and with keys. What is missing of these must be wanted twice: by
// `unsafe_remote`, and by the switch for what is missing. kFailedPrecondition names the settings.
absl::Status CheckListener(const ServerOptions& options);

}  // namespace idiolect
