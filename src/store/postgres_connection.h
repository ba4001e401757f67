// One connection to PostgreSQL. Statements are queued and travel together: a transaction of many statements costs a few
// round trips. Everything is binary, so any bytes come back as they went. Not thread-safe.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "store/postgres_url.h"

struct pg_conn;
struct pg_result;

namespace idiolect {

// Prepared on a connection at its first use there, under its name.
struct PostgresStatement {
  const char* name;
  const char* sql;  // with $1, $2, …; integers are BIGINT, bytes are BYTEA
};

using PostgresValue = std::variant<int64_t, std::string_view>;

// The rows that a statement gave.
class PostgresResult {
 public:
  explicit PostgresResult(pg_result* result);

  int rows() const;
  int64_t Integer(int row, int column) const;
  std::string Bytes(int row, int column) const;
  // Rows that an INSERT, UPDATE or DELETE touched.
  int64_t changed_rows() const;
  // "COMMIT", "ROLLBACK", "SELECT 1".
  std::string tag() const;

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };
  std::unique_ptr<pg_result, Clear> result_;
};

class PostgresConnection {
 public:
  // kUnavailable where no host of the URL accepts the connection and can write. `timeout` bounds each statement, and
  // the wait of a commit for the standby.
  static absl::StatusOr<std::unique_ptr<PostgresConnection>> Open(const PostgresUrl& url, absl::Duration timeout);
  ~PostgresConnection();
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  // Queues a statement. The values are copied.
  void Send(const PostgresStatement& statement, std::initializer_list<PostgresValue> values = {});
  // Sends what is queued and waits for all of it: the results in the order of the statements, or the first error, after
  // which the later statements were not run. Without a Begin the statements are a transaction of their own. See
  // PostgresError for the codes.
  absl::StatusOr<std::vector<PostgresResult>> Run();
  // For one statement.
  absl::StatusOr<PostgresResult> RunOne(const PostgresStatement& statement,
                                        std::initializer_list<PostgresValue> values = {});

  // Queue the beginning of a transaction: one that writes, locking what it reads for that; or one that reads a single
  // state of the database.
  void BeginWrite();
  void BeginRead();
  // Runs what is queued and commits. kAborted where the answer did not come: whether it is committed is unknown.
  // kUnavailable where the commit did not wait for the synchronous standby: it may be lost yet.
  absl::Status Commit();
  // The same for a transaction that only reads, with the results of what was queued.
  absl::StatusOr<std::vector<PostgresResult>> RunRead();
  void Rollback();

  // Several statements without values, as the text says.
  absl::Status RunScript(const std::string& script);

  // Whether the connection can be used for another transaction.
  bool usable() const;

 private:
  struct Sent {
    const PostgresStatement* statement;
    bool prepares;
  };
  PostgresConnection(pg_conn* connection, absl::Duration timeout);
  absl::Status SetUpSession();
  void SendPrepare(const PostgresStatement& statement);
  // The result of one that was sent, and its end. Nothing comes of it after an error before.
  absl::Status TakeResult(const Sent& sent, std::vector<PostgresResult>& results);
  absl::Status AwaitInput();
  absl::Status Failure(const pg_result* result);
  absl::Status Lost(std::string_view what);

  pg_conn* const connection_;
  const absl::Duration timeout_;
  std::unordered_set<std::string_view> prepared_;
  std::vector<Sent> sent_;  // whose results are still to come
  bool lost_ = false;       // of no use any more
  bool warned_ = false;     // by the server, since the last commit began
};

}  // namespace idiolect
