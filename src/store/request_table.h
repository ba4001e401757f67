// The tables `requests` and `receipts`: what was answered to calls that carried a request id.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "idiolect/history_store.h"
#include "store/sqlite_connection.h"
#include "store/text_vault.h"

namespace idiolect {

// A record of an import is an append: the same id in both names the same exchange. Values are stored; never renumber.
// kUnnamed are calls without a request id, known to the store itself by a random one, so that it may repeat them.
enum class RequestKind { kAppend = 1, kDelete = 2, kUnnamed = 3 };

// The answer given to a request, and what the request was.
struct AnsweredRequest {
  std::string digest;
  int64_t sequence = 0;
  int64_t revision = 0;
  int64_t created = 0;  // microseconds; when the request was answered
};

// What stands for a request id where texts are encrypted, since ids may be made from texts.
std::string SealedRequestId(const UserCipher& cipher, std::string_view request_id);

// Nothing where the id is new, or was remembered before `oldest` (microseconds).
absl::StatusOr<std::optional<AnsweredRequest>> FindRequest(SqliteConnection& connection, const UserKey& user,
                                                           RequestKind kind, std::string_view request_id,
                                                           int64_t oldest);
absl::Status RememberRequest(SqliteConnection& connection, const UserKey& user, RequestKind kind,
                             std::string_view request_id, const AnsweredRequest& answer);

// How many there were.
absl::StatusOr<int64_t> RemoveRequestsOfUser(SqliteConnection& connection, const UserKey& user);
// Removes some of those remembered before `oldest`, as many as can be removed without holding up the writers. Whether
// there may be more.
absl::StatusOr<bool> PruneRequests(SqliteConnection& connection, int64_t oldest);

absl::StatusOr<std::optional<ErasureReceipt>> FindReceipt(SqliteConnection& connection, std::string_view digest);
absl::Status RememberReceipt(SqliteConnection& connection, std::string_view digest, const ErasureReceipt& receipt);

}  // namespace idiolect
