// The file of API keys: one JSON object a line, made by `idiolect keys` and read by the server.
//
//   {"id":"5f0c…","tenant":"acme","scopes":"reply,history.read","note":"chat backend","sha256":"9b1d…",
//    "created":"2026-01-05T10:00:00Z","expires":"…","revoked":"…"}
//
// It holds no secret, but whoever can write it can let anybody in.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "access/api_key.h"

namespace idiolect {

// In the order of the file. kNotFound where it can't be read; kFailedPrecondition where everybody may write it;
// kInvalidArgument names the line and what is wrong with it.
absl::StatusOr<std::vector<ApiKey>> ReadApiKeyFile(const std::string& path);

// Reads the file (none counts as empty), has `change` change the keys, and replaces the file as a whole, durably. Those
// who change it at the same time wait for each other. An error of `change` leaves the file as it was.
absl::Status ChangeApiKeyFile(const std::string& path,
                              const std::function<absl::Status(std::vector<ApiKey>& keys)>& change);

// As it stands in the file.
std::string ToJsonLine(const ApiKey& key);

}  // namespace idiolect
