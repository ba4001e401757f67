// Who is calling, by the key that they send. Follows the file of keys: what `idiolect keys` changes takes effect within
// seconds, without a restart.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "access/api_key.h"
#include "access/file_watch.h"

namespace idiolect {

class ApiKeyTable;

// Thread-safe.
class Authenticator {
 public:
  // Reads the file, whose errors are ReadApiKeyFile's, and looks every `poll` whether it has changed. A change that
  // can't be read is logged, and the keys from before stay in force.
  static absl::StatusOr<std::unique_ptr<Authenticator>> Open(const std::string& path,
                                                             absl::Duration poll = absl::Seconds(1));

  // The key whose text this is. kUnauthenticated, in the same words whether there is none, it is wrong, revoked or
  // expired: who has no key learns nothing else.
  absl::StatusOr<ApiKey> Authenticate(std::string_view text) const;

  // Whether the key of this id is still valid, for calls that last.
  bool IsValid(const std::string& id) const;

 private:
  explicit Authenticator(std::string path) : path_(std::move(path)) {}
  absl::Status Read();
  std::shared_ptr<const ApiKeyTable> table() const;

  const std::string path_;
  std::mutex reading_;
  mutable std::mutex mutex_;
  std::shared_ptr<const ApiKeyTable> table_;
  std::unique_ptr<FileWatch> watch_;
};

}  // namespace idiolect
