// The writing calls of the store, each inside a transaction that its caller has begun: on an error the caller rolls
// back.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "idiolect/history_store.h"
#include "store/key_ring.h"
#include "store/request_table.h"
#include "store/sqlite_connection.h"
#include "store/user_state.h"

namespace idiolect {

class HistoryWrites {
 public:
  // Request ids remembered before `oldest_request` don't count any more.
  // `keys` is null where nothing is encrypted.
  HistoryWrites(SqliteConnection& connection, KeyRing* keys, absl::Time now, absl::Time oldest_request)
      : connection_(connection), keys_(keys), now_(now), oldest_request_(oldest_request) {}

  absl::StatusOr<AppendResult> Append(const UserKey& user, const Exchange& exchange, std::string_view request_id);
  absl::StatusOr<std::vector<ImportOutcome>> Import(absl::Span<const ImportRecord> records);
  absl::StatusOr<DeleteResult> Delete(const UserKey& user, int64_t sequence, std::string_view request_id);
  absl::StatusOr<ErasureReceipt> Forget(const UserKey& user, std::string_view request_id);
  absl::Status Adopt(const UserKey& user, int64_t revision, absl::Span<const Exchange> exchanges);

 private:
  // A user as the row in the table says, or as a new one is; with the cipher where texts are encrypted.
  struct User {
    const UserKey& key;
    bool known = false;
    UserState state;
    std::optional<UserCipher> cipher;
  };
  absl::StatusOr<User> Find(const UserKey& key);
  absl::Status Begin(User& user);
  // A request as the table knows it: of encrypted texts not even a digest is kept that somebody could try guesses on.
  struct Request {
    RequestKind kind;
    std::string id;
    std::string digest;
  };
  static Request Seal(const User& user, RequestKind kind, std::string_view id, std::string digest);
  // The answer given before; an error where it was given to other content.
  absl::StatusOr<std::optional<AnsweredRequest>> FindAnswer(const User& user, const Request& request);
  absl::Status Remember(const User& user, const Request& request, int64_t sequence);
  absl::StatusOr<AppendResult> AppendNew(User& user, const Exchange& exchange);
  absl::StatusOr<DeleteResult> DeleteNew(User& user, int64_t sequence);
  absl::StatusOr<ErasureReceipt> ForgetNow(const UserKey& user);

  SqliteConnection& connection_;
  KeyRing* const keys_;
  absl::Time now_;
  absl::Time oldest_request_;
};

}  // namespace idiolect
