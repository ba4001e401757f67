#include "store/history_writes.h"

#include <optional>
#include <utility>

#include "store/content_digest.h"
#include "store/exchange_table.h"
#include "store/request_table.h"
#include "store/store_errors.h"
#include "store/user_table.h"

namespace idiolect {

absl::StatusOr<AppendResult> HistoryWrites::Append(const UserKey& user, const Exchange& exchange,
                                                   std::string_view request_id) {
  if (request_id.empty()) return AppendNew(user, exchange);
  std::string digest = AppendDigest(exchange);
  STORE_ASSIGN_OR_RETURN(std::optional<AnsweredRequest> answered,
                         FindRequest(connection_, user, RequestKind::kAppend, request_id, StoredTime(oldest_request_)));
  if (answered.has_value()) {
    if (answered->digest != digest) return RequestIdReused();
    return AppendResult{StoredExchange(exchange, answered->sequence, absl::FromUnixMicros(answered->created)),
                        answered->revision, /*duplicate=*/true};
  }
  STORE_ASSIGN_OR_RETURN(AppendResult result, AppendNew(user, exchange));
  STORE_RETURN_IF_ERROR(
      RememberRequest(connection_, user, RequestKind::kAppend, request_id,
                      {std::move(digest), result.exchange.sequence, result.revision, StoredTime(now_)}));
  return result;
}

absl::StatusOr<AppendResult> HistoryWrites::AppendNew(const UserKey& user, const Exchange& exchange) {
  STORE_ASSIGN_OR_RETURN(std::optional<UserState> known, LoadUser(connection_, user));
  UserState state = known.value_or(UserState());
  if (!known.has_value()) {
    STORE_ASSIGN_OR_RETURN(state.epoch, TakeEpoch(connection_));
  }
  Exchange stored = StoredExchange(exchange, state.last_sequence + 1, now_);
  state.CountAppend(StoredTime(stored.time));
  AppendResult result{std::move(stored), state.revision};
  STORE_RETURN_IF_ERROR(InsertExchange(connection_, user, result.exchange));
  STORE_RETURN_IF_ERROR(SaveUser(connection_, user, state));
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

absl::StatusOr<DeleteResult> HistoryWrites::Delete(const UserKey& user, int64_t sequence, std::string_view request_id) {
  if (request_id.empty()) return DeleteNew(user, sequence);
  std::string digest = DeleteDigest(sequence);
  STORE_ASSIGN_OR_RETURN(std::optional<AnsweredRequest> answered,
                         FindRequest(connection_, user, RequestKind::kDelete, request_id, StoredTime(oldest_request_)));
  if (answered.has_value()) {
    if (answered->digest != digest) return RequestIdReused();
    return DeleteResult{answered->revision, /*duplicate=*/true};
  }
  STORE_ASSIGN_OR_RETURN(DeleteResult result, DeleteNew(user, sequence));
  STORE_RETURN_IF_ERROR(RememberRequest(connection_, user, RequestKind::kDelete, request_id,
                                        {std::move(digest), sequence, result.revision, StoredTime(now_)}));
  return result;
}

absl::StatusOr<DeleteResult> HistoryWrites::DeleteNew(const UserKey& user, int64_t sequence) {
  STORE_ASSIGN_OR_RETURN(std::optional<UserState> state, LoadUser(connection_, user));
  if (!state.has_value()) return NoSuchExchange(sequence);
  STORE_ASSIGN_OR_RETURN(std::optional<int64_t> time, LoadExchangeTime(connection_, user, sequence));
  if (!time.has_value()) return NoSuchExchange(sequence);
  STORE_RETURN_IF_ERROR(RemoveExchange(connection_, user, sequence));
  --state->exchange_count;
  ++state->revision;
  if (*time == state->first_time || *time == state->last_time) {
    STORE_ASSIGN_OR_RETURN(std::tie(state->first_time, state->last_time), LoadTimeRange(connection_, user));
  }
  STORE_RETURN_IF_ERROR(SaveUser(connection_, user, *state));
  return DeleteResult{state->revision};
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
  return receipt;
}

}  // namespace idiolect
