#include "store/postgres_writes.h"

#include <string>
#include <tuple>
#include <utility>

#include "store/content_digest.h"
#include "store/postgres_rows.h"
#include "store/status_macros.h"
#include "store/store_errors.h"

namespace idiolect {

absl::StatusOr<std::optional<PostgresWrites::User>> PostgresWrites::LockUser(const UserKey& key) {
  connection_.BeginWrite();
  SendLockUser(connection_, key);
  context_.keys.SendLoad(connection_, key);
  STORE_ASSIGN_OR_RETURN(const std::vector<PostgresResult> results, connection_.Run());
  const std::optional<UserState> state = ReadUser(results[1]);
  if (!state.has_value()) return std::nullopt;
  User user{key, *state, std::nullopt};
  if (context_.keys.encrypts()) {
    STORE_ASSIGN_OR_RETURN(user.cipher, context_.keys.CipherOf(key, state->key_ref, results[2]));
  }
  return user;
}

absl::StatusOr<DeleteResult> PostgresWrites::Delete(const UserKey& key, int64_t sequence, const CallId& call) {
  STORE_ASSIGN_OR_RETURN(std::optional<User> user, LockUser(key));
  if (!user.has_value()) return NoSuchExchange(sequence);
  const PostgresRequest request =
      SealPostgresRequest(user->cipher, {call.Kind(RequestKind::kDelete), call.id, DeleteDigest(sequence)});
  SendFindRequest(connection_, key, request, StoredTime(context_.oldest_request));
  STORE_ASSIGN_OR_RETURN(const std::vector<PostgresResult> results, connection_.Run());
  const std::optional<AnsweredRequest> answered = ReadRequest(results.front());
  if (!answered.has_value()) return DeleteNew(*user, sequence, request);
  if (answered->digest != request.digest) return RequestIdReused();
  STORE_RETURN_IF_ERROR(connection_.Commit());  // waits until the first answer is safe
  return DeleteResult{answered->revision, /*duplicate=*/!call.unnamed};
}

absl::StatusOr<DeleteResult> PostgresWrites::DeleteNew(User& user, int64_t sequence, const PostgresRequest& request) {
  UserState& state = user.state;
  SendRemoveExchange(connection_, user.key, sequence);
  SendLoadTimeRange(connection_, user.key);
  STORE_ASSIGN_OR_RETURN(const std::vector<PostgresResult> results, connection_.Run());
  if (results.front().rows() == 0) return NoSuchExchange(sequence);
  std::tie(state.first_time, state.last_time) = ReadTimeRange(results.back());
  --state.exchange_count;
  ++state.revision;
  SendSaveUser(connection_, user.key, state);
  SendRememberRequest(connection_, user.key, request,
                      {request.digest, sequence, state.revision, StoredTime(context_.now)});
  SendNoteDeletion(connection_, user.key);
  STORE_RETURN_IF_ERROR(connection_.Commit());
  return DeleteResult{state.revision};
}

absl::StatusOr<ErasureReceipt> PostgresWrites::Forget(const UserKey& key, std::string_view request_id) {
  connection_.BeginWrite();
  SendLockUser(connection_, key);
  STORE_ASSIGN_OR_RETURN(const std::vector<PostgresResult> results, connection_.Run());
  const std::optional<UserState> state = ReadUser(results.back());
  const std::string digest = request_id.empty() ? "" : ReceiptDigest(key, request_id);
  if (!digest.empty()) {
    STORE_ASSIGN_OR_RETURN(const std::optional<ErasureReceipt> given, FindReceipt(digest));
    if (given.has_value()) {
      STORE_RETURN_IF_ERROR(connection_.Commit());
      return *given;
    }
  }
  ErasureReceipt receipt{.time = absl::FromUnixMicros(StoredTime(context_.now))};
  if (state.has_value()) {
    STORE_ASSIGN_OR_RETURN(receipt, ForgetNow(key, state->revision));
  }
  if (!digest.empty()) {
    SendRememberReceipt(connection_, digest, receipt);
    STORE_ASSIGN_OR_RETURN(const std::vector<PostgresResult> remembered, connection_.Run());
    if (remembered.back().changed_rows() == 0) return absl::AbortedError("the same erasure runs elsewhere");
  }
  STORE_RETURN_IF_ERROR(connection_.Commit());
  return receipt;
}

absl::StatusOr<std::optional<ErasureReceipt>> PostgresWrites::FindReceipt(std::string_view digest) {
  SendFindReceipt(connection_, digest);
  STORE_ASSIGN_OR_RETURN(const std::vector<PostgresResult> results, connection_.Run());
  std::optional<ErasureReceipt> given = ReadReceipt(results.front());
  if (given.has_value()) given->duplicate = true;
  return given;
}

absl::StatusOr<ErasureReceipt> PostgresWrites::ForgetNow(const UserKey& key, int64_t last_revision) {
  SendRemoveAllExchanges(connection_, key);
  SendRemoveRequestsOfUser(connection_, key);
  SendRemoveUser(connection_, key);
  context_.keys.SendErase(connection_, key);
  SendNoteDeletion(connection_, key);
  STORE_ASSIGN_OR_RETURN(const std::vector<PostgresResult> results, connection_.Run());
  return ErasureReceipt{.exchanges_erased = results[0].changed_rows(),
                        .request_ids_erased = results[1].Integer(0, 0),
                        .last_revision = last_revision,
                        .time = absl::FromUnixMicros(StoredTime(context_.now))};
}

absl::Status PostgresWrites::AddUser(User& user) {
  STORE_ASSIGN_OR_RETURN(const PostgresKeys::NewKey key, context_.keys.Make());
  if (context_.keys.encrypts()) {
    STORE_ASSIGN_OR_RETURN(user.cipher, context_.keys.Unwrap(user.key, key));
  }
  SendInsertUser(connection_, user.key, key.id);
  STORE_ASSIGN_OR_RETURN(const std::vector<PostgresResult> results, connection_.Run());
  if (results.front().rows() == 0) return UserExists();
  context_.keys.SendStore(connection_, user.key, key);
  return absl::OkStatus();
}

absl::Status PostgresWrites::Adopt(const UserKey& key, int64_t revision, absl::Span<const Exchange> exchanges) {
  connection_.BeginWrite();
  STORE_RETURN_IF_ERROR(connection_.Run().status());
  User user{key, UserState::Adopted(/*epoch=*/0, revision, exchanges), std::nullopt};
  STORE_RETURN_IF_ERROR(AddUser(user));
  for (const Exchange& exchange : exchanges) {
    STORE_RETURN_IF_ERROR(
        SendInsertExchange(connection_, key, StoredExchange(exchange, exchange.sequence, context_.now), user.cipher));
  }
  SendSaveUser(connection_, key, user.state);
  return connection_.Commit();
}

absl::StatusOr<std::vector<ImportOutcome>> PostgresWrites::Import(absl::Span<PostgresAppend> appends) {
  std::vector<PostgresAppend*> pointers;
  for (PostgresAppend& append : appends) pointers.push_back(&append);
  PostgresAppends transaction(connection_, context_, pointers);
  STORE_RETURN_IF_ERROR(transaction.Lock());
  transaction.Decide();
  std::vector<ImportOutcome> outcomes;
  for (const PostgresAppend& append : appends) {
    if (append.result.ok()) {
      outcomes.push_back(append.result->duplicate ? ImportOutcome::kDuplicate : ImportOutcome::kStored);
    } else if (absl::IsAlreadyExists(append.result.status())) {
      outcomes.push_back(ImportOutcome::kConflict);
    } else {
      return append.result.status();
    }
  }
  STORE_RETURN_IF_ERROR(transaction.Commit());
  return outcomes;
}

}  // namespace idiolect
