// Appends of any number of users as one transaction: three round trips and one commit, however many they are.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "idiolect/history_store.h"
#include "store/postgres_connection.h"
#include "store/postgres_keys.h"
#include "store/postgres_rows.h"
#include "store/user_state.h"

namespace idiolect {

// What a transaction that writes needs to know.
struct PostgresWriteContext {
  const PostgresKeys& keys;
  absl::Time now;
  absl::Time oldest_request;  // request ids remembered before don't count any more
};

// A call's request id; for a call without one a random id, by which the store knows whether it has happened.
struct CallId {
  explicit CallId(std::string_view request_id);
  RequestKind Kind(RequestKind named) const { return unnamed ? RequestKind::kUnnamed : named; }

  bool unnamed;
  std::string id;
};

// One append: the question, and the answer once the transaction is committed.
struct PostgresAppend {
  const UserKey& user;
  const Exchange& exchange;
  CallId call;
  absl::StatusOr<AppendResult> result = absl::UnknownError("not run");
  bool tried = false;  // a commit that held it was sent
};

// Goes through Lock, Decide and Commit, once. An error of these is the whole transaction's.
class PostgresAppends {
 public:
  // Appends of one user keep their order.
  PostgresAppends(PostgresConnection& connection, const PostgresWriteContext& context,
                  absl::Span<PostgresAppend* const> appends);

  // Locks the users, adds those who are new, and reads what was answered to the requests.
  absl::Status Lock();
  // Gives every append its result, in memory.
  void Decide();
  // Writes what is new. Also where nothing is: an answer that is given again has to be as safe as the first one, and a
  // commit that holds locks waits for the standby.
  absl::Status Commit();

 private:
  struct Appended {
    Exchange exchange;
    PostgresRequest request;
    AnsweredRequest answer;
  };
  struct User {
    std::vector<PostgresAppend*> appends;
    UserState state;
    absl::Status status;  // of the user's key
    std::optional<UserCipher> cipher;
    std::map<std::pair<RequestKind, std::string>, AnsweredRequest> answers;
    std::vector<Appended> appended;
  };
  using Users = std::map<UserKey, User>;

  absl::StatusOr<std::vector<Users::value_type*>> LockKnown();
  absl::Status Add(absl::Span<Users::value_type* const> users);
  absl::Status FindAnswers();
  PostgresRequest RequestOf(const User& user, const PostgresAppend& append) const;
  absl::StatusOr<AppendResult> Decide(User& user, const PostgresAppend& append);

  PostgresConnection& connection_;
  const PostgresWriteContext& context_;
  Users users_;  // in the order of locking
};

}  // namespace idiolect
