#include "store/history_writes.h"

#include <optional>
#include <utility>

#include "store/content_digest.h"
#include "store/exchange_table.h"
#include "store/request_table.h"
#include "store/store_errors.h"
#include "store/user_table.h"

namespace idiolect {

absl::StatusOr<HistoryWrites::User> HistoryWrites::Find(const UserKey& key) {
  STORE_ASSIGN_OR_RETURN(std::optional<UserState> known, LoadUser(connection_, key));
  User user{.key = key, .known = known.has_value(), .state = std::move(known).value_or(UserState()), .cipher = {}};
  STORE_ASSIGN_OR_RETURN(user.cipher, FindCipher(keys_, key, user.state.key_ref));
  return user;
}

absl::Status HistoryWrites::Begin(User& user) {
  STORE_ASSIGN_OR_RETURN(user.state.epoch, TakeEpoch(connection_));
  if (keys_ == nullptr) return absl::OkStatus();
  STORE_ASSIGN_OR_RETURN(user.state.key_ref, keys_->NewKey());
  STORE_ASSIGN_OR_RETURN(user.cipher, FindCipher(keys_, user.key, user.state.key_ref));
  return absl::OkStatus();
}

HistoryWrites::Request HistoryWrites::Seal(const User& user, RequestKind kind, std::string_view id,
                                           std::string digest) {
  if (!user.cipher.has_value()) return {kind, std::string(id), std::move(digest)};
  return {kind, SealedRequestId(*user.cipher, id), user.cipher->Digest(digest)};
}

absl::StatusOr<std::optional<AnsweredRequest>> HistoryWrites::FindAnswer(const User& user, const Request& request) {
  STORE_ASSIGN_OR_RETURN(std::optional<AnsweredRequest> answered,
                         FindRequest(connection_, user.key, request.kind, request.id, StoredTime(oldest_request_)));
  if (answered.has_value() && answered->digest != request.digest) return RequestIdReused();
  return answered;
}

absl::Status HistoryWrites::Remember(const User& user, const Request& request, int64_t sequence) {
  return RememberRequest(connection_, user.key, request.kind, request.id,
                         {request.digest, sequence, user.state.revision, StoredTime(now_)});
}

absl::StatusOr<AppendResult> HistoryWrites::Append(const UserKey& key, const Exchange& exchange,
                                                   std::string_view request_id) {
  STORE_ASSIGN_OR_RETURN(User user, Find(key));
  if (!user.known) STORE_RETURN_IF_ERROR(Begin(user));
  if (request_id.empty()) return AppendNew(user, exchange);
  const Request request = Seal(user, RequestKind::kAppend, request_id, AppendDigest(exchange));
  STORE_ASSIGN_OR_RETURN(std::optional<AnsweredRequest> answered, FindAnswer(user, request));
  if (answered.has_value()) {
    return AppendResult{StoredExchange(exchange, answered->sequence, absl::FromUnixMicros(answered->created)),
                        answered->revision, /*duplicate=*/true};
  }
  STORE_ASSIGN_OR_RETURN(AppendResult result, AppendNew(user, exchange));
  STORE_RETURN_IF_ERROR(Remember(user, request, result.exchange.sequence));
  return result;
}

absl::StatusOr<AppendResult> HistoryWrites::AppendNew(User& user, const Exchange& exchange) {
  Exchange stored = StoredExchange(exchange, user.state.last_sequence + 1, now_);
  user.state.CountAppend(StoredTime(stored.time));
  AppendResult result{std::move(stored), user.state.revision};
  STORE_RETURN_IF_ERROR(InsertExchange(connection_, user.key, result.exchange, user.cipher));
  STORE_RETURN_IF_ERROR(SaveUser(connection_, user.key, user.state));
  return result;
}

absl::StatusOr<std::vector<ImportOutcome>> HistoryWrites::Import(absl::Span<const ImportRecord> records) {
  std::vector<ImportOutcome> outcomes;
  outcomes.reserve(records.size());
  for (const ImportRecord& record : records) {
    const absl::StatusOr<AppendResult> appended = Append(record.user, record.exchange, record.request_id);
    if (appended.ok()) {
      outcomes.push_back(appended->duplicate ? ImportOutcome::kDuplicate : ImportOutcome::kStored);
    } else if (absl::IsAlreadyExists(appended.status())) {
      outcomes.push_back(ImportOutcome::kConflict);
    } else {
      return appended.status();
    }
  }
  return outcomes;
}

absl::StatusOr<DeleteResult> HistoryWrites::Delete(const UserKey& key, int64_t sequence, std::string_view request_id) {
  STORE_ASSIGN_OR_RETURN(User user, Find(key));
  if (!user.known) return NoSuchExchange(sequence);
  if (request_id.empty()) return DeleteNew(user, sequence);
  const Request request = Seal(user, RequestKind::kDelete, request_id, DeleteDigest(sequence));
  STORE_ASSIGN_OR_RETURN(std::optional<AnsweredRequest> answered, FindAnswer(user, request));
  if (answered.has_value()) return DeleteResult{answered->revision, /*duplicate=*/true};
  STORE_ASSIGN_OR_RETURN(DeleteResult result, DeleteNew(user, sequence));
  STORE_RETURN_IF_ERROR(Remember(user, request, sequence));
  return result;
}

absl::StatusOr<DeleteResult> HistoryWrites::DeleteNew(User& user, int64_t sequence) {
  UserState& state = user.state;
  STORE_ASSIGN_OR_RETURN(std::optional<int64_t> time, LoadExchangeTime(connection_, user.key, sequence));
  if (!time.has_value()) return NoSuchExchange(sequence);
  STORE_RETURN_IF_ERROR(RemoveExchange(connection_, user.key, sequence));
  --state.exchange_count;
  ++state.revision;
  if (*time == state.first_time || *time == state.last_time) {
    STORE_ASSIGN_OR_RETURN(std::tie(state.first_time, state.last_time), LoadTimeRange(connection_, user.key));
  }
  STORE_RETURN_IF_ERROR(SaveUser(connection_, user.key, state));
  return DeleteResult{state.revision};
}

absl::StatusOr<ErasureReceipt> HistoryWrites::Forget(const UserKey& user, std::string_view request_id) {
  if (request_id.empty()) return ForgetNow(user);
  const std::string digest = ReceiptDigest(user, request_id);
  STORE_ASSIGN_OR_RETURN(std::optional<ErasureReceipt> given, FindReceipt(connection_, digest));
  if (given.has_value()) {
    given->duplicate = true;
    return *given;
  }
  STORE_ASSIGN_OR_RETURN(ErasureReceipt receipt, ForgetNow(user));
  STORE_RETURN_IF_ERROR(RememberReceipt(connection_, digest, receipt));
  return receipt;
}

absl::StatusOr<ErasureReceipt> HistoryWrites::ForgetNow(const UserKey& user) {
  ErasureReceipt receipt{.time = absl::FromUnixMicros(StoredTime(now_))};
  STORE_ASSIGN_OR_RETURN(std::optional<UserState> state, LoadUser(connection_, user));
  if (!state.has_value()) return receipt;
  receipt.last_revision = state->revision;
  STORE_ASSIGN_OR_RETURN(receipt.exchanges_erased, RemoveAllExchanges(connection_, user));
  STORE_ASSIGN_OR_RETURN(receipt.request_ids_erased, RemoveRequestsOfUser(connection_, user));
  STORE_RETURN_IF_ERROR(RemoveUser(connection_, user));
  if (!state->key_ref.empty()) {
    STORE_RETURN_IF_ERROR(connection_.Run("INSERT INTO erased_keys VALUES (?)", Blob{state->key_ref}));
  }
  return receipt;
}

absl::Status HistoryWrites::Adopt(const UserKey& key, int64_t revision, absl::Span<const Exchange> exchanges) {
  STORE_ASSIGN_OR_RETURN(User user, Find(key));
  if (user.known) return UserExists();
  STORE_RETURN_IF_ERROR(Begin(user));
  std::string key_ref = std::move(user.state.key_ref);
  user.state = UserState::Adopted(user.state.epoch, revision, exchanges);
  user.state.key_ref = std::move(key_ref);
  for (const Exchange& exchange : exchanges) {
    STORE_RETURN_IF_ERROR(
        InsertExchange(connection_, key, StoredExchange(exchange, exchange.sequence, now_), user.cipher));
  }
  return SaveUser(connection_, key, user.state);
}

}  // namespace idiolect
