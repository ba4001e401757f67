#include "store/request_table.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "store/user_state.h"

namespace idiolect {

std::string SealedRequestId(const UserCipher& cipher, std::string_view request_id) {
  return absl::BytesToHexString(cipher.Digest(absl::StrCat("request ", std::string(request_id))));
}

absl::StatusOr<std::optional<AnsweredRequest>> FindRequest(SqliteConnection& connection, const UserKey& user,
                                                           RequestKind kind, std::string_view request_id,
                                                           int64_t oldest) {
  STORE_ASSIGN_OR_RETURN(
      SqliteStatement row,
      connection.Query("SELECT digest, sequence, revision, created FROM requests WHERE tenant = ? AND user_id = ? "
                       "AND operation = ? AND request_id = ? AND created >= ?",
                       user.tenant, user.user_id, static_cast<int64_t>(kind), request_id, oldest));
  STORE_ASSIGN_OR_RETURN(bool found, row.Next());
  if (!found) return std::nullopt;
  return AnsweredRequest{
      .digest = row.Bytes(0), .sequence = row.Integer(1), .revision = row.Integer(2), .created = row.Integer(3)};
}

absl::Status RememberRequest(SqliteConnection& connection, const UserKey& user, RequestKind kind,
                             std::string_view request_id, const AnsweredRequest& answer) {
  // REPLACE: the same id may still be there, too old to count and not pruned yet.
  return connection.Run("INSERT OR REPLACE INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?)", user.tenant, user.user_id,
                        static_cast<int64_t>(kind), request_id, Blob{answer.digest}, answer.sequence, answer.revision,
                        answer.created);
}

absl::StatusOr<int64_t> RemoveRequestsOfUser(SqliteConnection& connection, const UserKey& user) {
  STORE_RETURN_IF_ERROR(
      connection.Run("DELETE FROM requests WHERE tenant = ? AND user_id = ?", user.tenant, user.user_id));
  return connection.changed_rows();
}

absl::StatusOr<bool> PruneRequests(SqliteConnection& connection, int64_t oldest) {
  constexpr int64_t kMost = 10000;
  STORE_RETURN_IF_ERROR(
      connection.Run("DELETE FROM requests WHERE (tenant, user_id, operation, request_id) IN "
                     "(SELECT tenant, user_id, operation, request_id FROM requests WHERE created < ? LIMIT ?)",
                     oldest, kMost));
  return connection.changed_rows() == kMost;
}

absl::StatusOr<std::optional<ErasureReceipt>> FindReceipt(SqliteConnection& connection, std::string_view digest) {
  STORE_ASSIGN_OR_RETURN(SqliteStatement row,
                         connection.Query("SELECT exchanges_erased, request_ids_erased, last_revision, time "
                                          "FROM receipts WHERE digest = ?",
                                          Blob{digest}));
  STORE_ASSIGN_OR_RETURN(bool found, row.Next());
  if (!found) return std::nullopt;
  return ErasureReceipt{.exchanges_erased = row.Integer(0),
                        .request_ids_erased = row.Integer(1),
                        .last_revision = row.Integer(2),
                        .time = absl::FromUnixMicros(row.Integer(3))};
}

absl::Status RememberReceipt(SqliteConnection& connection, std::string_view digest, const ErasureReceipt& receipt) {
  return connection.Run("INSERT INTO receipts VALUES (?, ?, ?, ?, ?)", Blob{digest}, receipt.exchanges_erased,
                        receipt.request_ids_erased, receipt.last_revision, StoredTime(receipt.time));
}

}  // namespace idiolect
