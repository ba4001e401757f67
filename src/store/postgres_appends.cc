#include "store/postgres_appends.h"

#include <openssl/rand.h>

#include "store/content_digest.h"
#include "store/status_macros.h"
#include "store/store_errors.h"

namespace idiolect {
namespace {

constexpr size_t kRandomIdBytes = 16;

std::string RandomId() {
  std::string id(kRandomIdBytes, '\0');
  RAND_bytes(reinterpret_cast<unsigned char*>(id.data()), kRandomIdBytes);
  return id;
}

}  // namespace

CallId::CallId(std::string_view request_id)
    : unnamed(request_id.empty()), id(unnamed ? RandomId() : std::string(request_id)) {}

PostgresAppends::PostgresAppends(PostgresConnection& connection, const PostgresWriteContext& context,
                                 absl::Span<PostgresAppend* const> appends)
    : connection_(connection), context_(context) {
  for (PostgresAppend* append : appends) users_[append->user].appends.push_back(append);
}

absl::Status PostgresAppends::Lock() {
  STORE_ASSIGN_OR_RETURN(const std::vector<Users::value_type*> strangers, LockKnown());
  STORE_RETURN_IF_ERROR(FindAnswers());
  return Add(strangers);
}

absl::StatusOr<std::vector<PostgresAppends::Users::value_type*>> PostgresAppends::LockKnown() {
  connection_.BeginWrite();
  for (const auto& [key, user] : users_) {
    SendLockUser(connection_, key);
    context_.keys.SendLoad(connection_, key);
  }
  STORE_ASSIGN_OR_RETURN(const std::vector<PostgresResult> results, connection_.Run());
  std::vector<Users::value_type*> strangers;
  size_t next = 1;  // after the beginning
  for (auto& entry : users_) {
    auto& [key, user] = entry;
    const std::optional<UserState> state = ReadUser(results[next++]);
    const PostgresResult* wrapped = context_.keys.encrypts() ? &results[next++] : nullptr;
    if (!state.has_value()) {
      strangers.push_back(&entry);
      continue;
    }
    user.state = *state;
    if (wrapped == nullptr) continue;
    auto cipher = context_.keys.CipherOf(key, state->key_ref, *wrapped);
    user.status = cipher.status();
    if (cipher.ok()) user.cipher = *std::move(cipher);
  }
  return strangers;
}

absl::Status PostgresAppends::Add(absl::Span<Users::value_type* const> users) {
  if (users.empty()) return absl::OkStatus();
  for (Users::value_type* entry : users) {
    auto& [key, user] = *entry;
    STORE_ASSIGN_OR_RETURN(const PostgresKeys::NewKey made, context_.keys.Make());
    user.state.key_ref = made.id;
    SendInsertUser(connection_, key, made.id);
    if (!context_.keys.encrypts()) continue;
    context_.keys.SendStore(connection_, key, made);
    STORE_ASSIGN_OR_RETURN(user.cipher, context_.keys.Unwrap(key, made));
  }
  STORE_ASSIGN_OR_RETURN(const std::vector<PostgresResult> results, connection_.Run());
  const size_t step = context_.keys.encrypts() ? 2 : 1;
  for (size_t i = 0; i < users.size(); ++i) {
    const PostgresResult& epoch = results[i * step];
    // Not locked here, since that would be out of order; run again, the user is among those known.
    if (epoch.rows() == 0) return absl::AbortedError("another server has added the user");
    users[i]->second.state.epoch = epoch.Integer(0, 0);
  }
  return absl::OkStatus();
}

absl::Status PostgresAppends::FindAnswers() {
  std::vector<std::pair<User*, PostgresRequest>> asked;
  for (auto& [key, user] : users_) {
    if (user.state.epoch == 0 || !user.status.ok()) continue;
    for (const PostgresAppend* append : user.appends) {
      if (append->call.unnamed && !append->tried) continue;
      asked.emplace_back(&user, RequestOf(user, *append));
      SendFindRequest(connection_, key, asked.back().second, StoredTime(context_.oldest_request));
    }
  }
  STORE_ASSIGN_OR_RETURN(const std::vector<PostgresResult> results, connection_.Run());
  for (size_t i = 0; i < asked.size(); ++i) {
    auto& [user, request] = asked[i];
    const std::optional<AnsweredRequest> answer = ReadRequest(results[i]);
    if (answer.has_value()) user->answers[{request.kind, std::move(request.id)}] = *answer;
  }
  return absl::OkStatus();
}

PostgresRequest PostgresAppends::RequestOf(const User& user, const PostgresAppend& append) const {
  return SealPostgresRequest(user.cipher,
                             {append.call.Kind(RequestKind::kAppend), append.call.id, AppendDigest(append.exchange)});
}

void PostgresAppends::Decide() {
  for (auto& [key, user] : users_) {
    for (PostgresAppend* append : user.appends) {
      append->tried = true;
      append->result = user.status.ok() ? Decide(user, *append) : user.status;
    }
  }
}

absl::StatusOr<AppendResult> PostgresAppends::Decide(User& user, const PostgresAppend& append) {
  PostgresRequest request = RequestOf(user, append);
  const auto answered = user.answers.find({request.kind, request.id});
  if (answered != user.answers.end()) {
    const AnsweredRequest& answer = answered->second;
    if (answer.digest != request.digest) return RequestIdReused();
    return AppendResult{StoredExchange(append.exchange, answer.sequence, absl::FromUnixMicros(answer.created)),
                        answer.revision, /*duplicate=*/!append.call.unnamed};
  }
  Exchange stored = StoredExchange(append.exchange, user.state.last_sequence + 1, context_.now);
  user.state.CountAppend(StoredTime(stored.time));
  AnsweredRequest answer{request.digest, stored.sequence, user.state.revision, StoredTime(context_.now)};
  user.answers[{request.kind, request.id}] = answer;
  user.appended.push_back({stored, std::move(request), std::move(answer)});
  return AppendResult{std::move(stored), user.state.revision};
}

absl::Status PostgresAppends::Commit() {
  for (const auto& [key, user] : users_) {
    for (const Appended& appended : user.appended) {
      STORE_RETURN_IF_ERROR(SendInsertExchange(connection_, key, appended.exchange, user.cipher));
      SendRememberRequest(connection_, key, appended.request, appended.answer);
    }
    if (!user.appended.empty()) SendSaveUser(connection_, key, user.state);
  }
  return connection_.Commit();
}

}  // namespace idiolect
