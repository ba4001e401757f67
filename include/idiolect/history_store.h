// Where histories live. The contract that every store (SQLite, PostgreSQL, the in-memory fake) keeps, in one page.
//
// Durability. When a writing call returns OK, its effect survives a crash of the process and a loss of power. When it
// returns an error, either nothing was written or, where the error is kUnavailable, the outcome is unknown: repeat the
// call with the same request id and it will happen exactly once.
//
// Idempotency. A request id is 1 to 128 bytes chosen by the caller, unique per user and operation. A repeated id with
// the same content returns the first answer again, with `duplicate` set, and writes nothing; with other content it is
// kAlreadyExists. Ids are remembered for 24 hours. An empty request id means «no idempotency»: every call is new.
//
// Times. An exchange whose `time` is absl::InfinitePast() has none of its own: the store gives it the time of the
// append. For idempotency «none» is its content, so the same append repeated later is a duplicate, and has the first
// one's time.
//
// Order and revisions. A user's exchanges are ordered by `sequence`, the order of appending, whatever their `time`.
// A user's revision grows by exactly one with every append and every deletion of an exchange, also one of the store's
// own that makes room or ends a time to live.
//
// Isolation. Every call names one (tenant, user) or one tenant, and sees nothing of the others.
//
// Threads. Every method may be called from any thread at any time; calls block for the duration of their I/O, readers
// never wait for writers. Concurrent appends are committed together, so many blocked callers cost one disk flush.
//
// Errors. kNotFound: no such exchange. kAlreadyExists: request id used with another body. kFailedPrecondition: the
// store has not reached `min_revision`. kInvalidArgument: a page token that this store did not issue. kUnavailable: the
// database can't be reached, is full or read-only at the moment; retry. kDataLoss: the database is damaged; the message
// says what to do. No message contains text of a post or a response.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "idiolect/exchange.h"

namespace idiolect {

// What is known of a user without reading their exchanges. All zero for a user never seen.
struct UserSummary {
  std::string user_id;
  int64_t epoch = 0;
  int64_t revision = 0;
  int64_t exchange_count = 0;
  absl::Time first_time = absl::UnixEpoch();  // smallest and largest `time` of the exchanges
  absl::Time last_time = absl::UnixEpoch();
};

struct AppendResult {
  Exchange exchange;     // as stored, with its sequence
  int64_t revision = 0;  // of the user after this append; on a duplicate, after the first one
  bool duplicate = false;
};

struct DeleteResult {
  int64_t revision = 0;
  bool duplicate = false;
};

// The receipt of an erasure.
struct ErasureReceipt {
  int64_t exchanges_erased = 0;
  int64_t request_ids_erased = 0;
  int64_t last_revision = 0;  // the revision that the user had reached
  absl::Time time = absl::UnixEpoch();
  bool duplicate = false;
};

// One record of an import. `exchange.sequence` is ignored.
struct ImportRecord {
  UserKey user;
  Exchange exchange;
  std::string request_id;
};

enum class ImportOutcome { kStored, kDuplicate, kConflict /* request id used with another body; nothing stored */ };

enum class ListOrder { kNewestFirst, kOldestFirst };

struct ExchangePage {
  std::vector<Exchange> exchanges;
  std::string next_page_token;  // empty at the end
};

struct UserPage {
  std::vector<UserSummary> users;  // ordered by user id, bytewise
  std::string next_page_token;
};

class HistoryStore {
 public:
  virtual ~HistoryStore() = default;

  // Stores one exchange at the end of the user's history. `exchange.sequence` is ignored.
  virtual absl::StatusOr<AppendResult> Append(const UserKey& user, const Exchange& exchange,
                                              std::string_view request_id) = 0;

  // Stores many exchanges in one transaction: after an error none of them is there. The outcomes are in input order.
  virtual absl::StatusOr<std::vector<ImportOutcome>> Import(absl::Span<const ImportRecord> records) = 0;

  // The newest `count` exchanges, oldest first, with the state they were read at, in one consistent read. A user never
  // seen has an empty history. kFailedPrecondition when the user's revision is below `min_revision`.
  virtual absl::StatusOr<History> Recent(const UserKey& user, int count, int64_t min_revision = 0) = 0;

  // A page of at most `page_size` (at least 1) exchanges. `page_token` is empty or comes from the page before.
  virtual absl::StatusOr<ExchangePage> List(const UserKey& user, int page_size, std::string_view page_token,
                                            ListOrder order) = 0;

  virtual absl::StatusOr<Exchange> Get(const UserKey& user, int64_t sequence) = 0;

  virtual absl::StatusOr<UserSummary> Summary(const UserKey& user) = 0;

  // Removes one exchange for good; the text is overwritten (by PostgreSQL when it needs the place), not only unlinked.
  virtual absl::StatusOr<DeleteResult> Delete(const UserKey& user, int64_t sequence, std::string_view request_id) = 0;

  // Forgets a user: exchanges, request ids, revision. What stays is a receipt under a hash of (user, request id), so
  // that a repeated call gets the same receipt. A user never seen gives a receipt of zeros.
  virtual absl::StatusOr<ErasureReceipt> Forget(const UserKey& user, std::string_view request_id) = 0;

  virtual absl::StatusOr<UserPage> ListUsers(std::string_view tenant, int page_size, std::string_view page_token) = 0;

  // For those who look after a database, across tenants. Every tenant that has users, bytewise.
  virtual absl::StatusOr<std::vector<std::string>> ListTenants() = 0;

  // Takes over a user as another store has them, in one transaction: the exchanges with their sequences and times, and
  // the revision, so that the next sequence is (revision + exchanges) / 2 + 1. The epoch is a new one, and no request
  // ids come along. kAlreadyExists when the user has a history here.
  virtual absl::Status Adopt(const UserKey& user, int64_t revision, absl::Span<const Exchange> exchanges) = 0;

  // OK when the store can be read at present. Cheap enough for a readiness probe.
  virtual absl::Status Ping() = 0;
};

// Opens "sqlite:PATH" (created when absent; its folder must exist), "postgres://…" (libpq's URL, for any number of
// processes) or "memory:" (lost with the process). kInvalidArgument for another scheme, kUnavailable when no database
// can be reached, kFailedPrecondition when the file is open elsewhere or of a newer version, kDataLoss when damaged.
absl::StatusOr<std::unique_ptr<HistoryStore>> OpenHistoryStore(std::string_view url);

}  // namespace idiolect
