// The rarer writing calls in PostgreSQL, each a transaction of its own that its caller may have to run again.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "idiolect/history_store.h"
#include "store/postgres_appends.h"
#include "store/postgres_connection.h"

namespace idiolect {

class PostgresWrites {
 public:
  PostgresWrites(PostgresConnection& connection, const PostgresWriteContext& context)
      : connection_(connection), context_(context) {}

  absl::StatusOr<DeleteResult> Delete(const UserKey& user, int64_t sequence, const CallId& call);
  absl::StatusOr<ErasureReceipt> Forget(const UserKey& user, std::string_view request_id);
  absl::Status Adopt(const UserKey& user, int64_t revision, absl::Span<const Exchange> exchanges);
  // All or nothing.
  absl::StatusOr<std::vector<ImportOutcome>> Import(absl::Span<PostgresAppend> appends);

 private:
  struct User {
    const UserKey& key;
    UserState state;
    std::optional<UserCipher> cipher;
  };
  // Begins the transaction. Nothing where there is no such user.
  absl::StatusOr<std::optional<User>> LockUser(const UserKey& key);
  absl::StatusOr<DeleteResult> DeleteNew(User& user, int64_t sequence, const PostgresRequest& request);
  absl::StatusOr<std::optional<ErasureReceipt>> FindReceipt(std::string_view digest);
  // Removes all of the user; what is left is to commit.
  absl::StatusOr<ErasureReceipt> ForgetNow(const UserKey& key, int64_t last_revision);
  absl::Status AddUser(User& user);

  PostgresConnection& connection_;
  const PostgresWriteContext& context_;
};

}  // namespace idiolect
