#include "store/postgres_connection.h"

#include <endian.h>
#include <libpq-fe.h>
#include <poll.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "store/postgres_error.h"
#include "store/status_macros.h"

namespace idiolect {
namespace {

constexpr PostgresStatement kBeginWrite{"begin_write", "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE"};
constexpr PostgresStatement kBeginRead{"begin_read", "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"};
constexpr PostgresStatement kCommit{"commit", "COMMIT"};
constexpr PostgresStatement kRollback{"rollback", "ROLLBACK"};

constexpr int kBinary = 1;
constexpr size_t kMostValues = 12;
// The server gives up first and says why; later than this there is no server.
constexpr absl::Duration kNetworkSlack = absl::Seconds(5);

std::string_view Field(const PGresult* result, int field) {
  const char* text = PQresultErrorField(result, field);
  return text == nullptr ? "" : text;
}

void NoteWarning(void* warned, const PGresult* notice) {
  if (Field(notice, PG_DIAG_SEVERITY_NONLOCALIZED) == "WARNING") *static_cast<bool*>(warned) = true;
}

// The values in the form that libpq takes.
class BoundValues {
 public:
  explicit BoundValues(std::initializer_list<PostgresValue> values) {
    if (values.size() > kMostValues) std::abort();
    for (const PostgresValue& value : values) Add(value);
  }
  const char* const* data() const { return data_; }
  const int* lengths() const { return lengths_; }
  const int* formats() const { return formats_; }
  int count() const { return count_; }

 private:
  void Add(const PostgresValue& value) {
    if (const int64_t* integer = std::get_if<int64_t>(&value)) {
      integers_[count_] = htobe64(static_cast<uint64_t>(*integer));
      data_[count_] = reinterpret_cast<const char*>(&integers_[count_]);
      lengths_[count_] = sizeof(int64_t);
    } else {
      const std::string_view bytes = std::get<std::string_view>(value);
      data_[count_] = bytes.data() == nullptr ? "" : bytes.data();  // null would be NULL
      lengths_[count_] = static_cast<int>(bytes.size());
    }
    formats_[count_++] = kBinary;
  }

  uint64_t integers_[kMostValues];
  const char* data_[kMostValues];
  int lengths_[kMostValues], formats_[kMostValues];
  int count_ = 0;
};

}  // namespace

PostgresResult::PostgresResult(pg_result* result) : result_(result) {}
void PostgresResult::Clear::operator()(pg_result* result) const { PQclear(result); }
int PostgresResult::rows() const { return PQntuples(result_.get()); }

int64_t PostgresResult::Integer(int row, int column) const {
  uint64_t big_endian = 0;
  if (PQgetlength(result_.get(), row, column) != sizeof(big_endian)) return 0;  // NULL
  std::memcpy(&big_endian, PQgetvalue(result_.get(), row, column), sizeof(big_endian));
  return static_cast<int64_t>(be64toh(big_endian));
}

std::string PostgresResult::Bytes(int row, int column) const {
  return std::string(PQgetvalue(result_.get(), row, column), PQgetlength(result_.get(), row, column));
}

int64_t PostgresResult::changed_rows() const { return std::atoll(PQcmdTuples(result_.get())); }
std::string PostgresResult::tag() const { return PQcmdStatus(result_.get()); }

absl::StatusOr<std::unique_ptr<PostgresConnection>> PostgresConnection::Open(const PostgresUrl& url,
                                                                             absl::Duration timeout) {
  std::vector<const char*> keywords, values;
  for (const auto& [keyword, value] : url.parameters()) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  std::unique_ptr<PostgresConnection> connection(
      new PostgresConnection(PQconnectdbParams(keywords.data(), values.data(), /*expand_dbname=*/0), timeout));
  if (PQstatus(connection->connection_) != CONNECTION_OK) {
    const std::string reason(absl::StripAsciiWhitespace(PQerrorMessage(connection->connection_)));
    return absl::UnavailableError(absl::StrCat("no connection to ", url.shown(), ": ", reason));
  }
  STORE_RETURN_IF_ERROR(AsUnavailable(connection->SetUpSession()));
  return connection;
}

PostgresConnection::PostgresConnection(pg_conn* connection, absl::Duration timeout)
    : connection_(connection), timeout_(timeout) {
  PQsetNoticeReceiver(connection_, &NoteWarning, &warned_);
}

PostgresConnection::~PostgresConnection() { PQfinish(connection_); }

// A commit must not be answered before it is safe, whatever the role's or the database's defaults say.
absl::Status PostgresConnection::SetUpSession() {
  const int64_t timeout = absl::ToInt64Milliseconds(timeout_);
  STORE_RETURN_IF_ERROR(
      RunScript(absl::StrCat("SET statement_timeout = ", timeout, "; SET lock_timeout = ", timeout / 2,
                             "; SET idle_in_transaction_session_timeout = ", 2 * timeout,
                             "; SELECT set_config('synchronous_commit', 'on', false) "
                             "WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')")));
  PQsetnonblocking(connection_, 1);
  return absl::OkStatus();
}

void PostgresConnection::SendPrepare(const PostgresStatement& statement) {
  for (const Sent& sent : sent_) {
    if (sent.prepares && sent.statement->name == std::string_view(statement.name)) return;
  }
  lost_ |= PQsendPrepare(connection_, statement.name, statement.sql, 0, nullptr) == 0;
  sent_.push_back({&statement, /*prepares=*/true});
}

void PostgresConnection::Send(const PostgresStatement& statement, std::initializer_list<PostgresValue> values) {
  if (PQpipelineStatus(connection_) == PQ_PIPELINE_OFF) lost_ |= PQenterPipelineMode(connection_) == 0;
  if (lost_) return;
  if (!prepared_.contains(statement.name)) SendPrepare(statement);
  const BoundValues bound(values);
  lost_ |= PQsendQueryPrepared(connection_, statement.name, bound.count(), bound.data(), bound.lengths(),
                               bound.formats(), kBinary) == 0;
  sent_.push_back({&statement, /*prepares=*/false});
}

absl::StatusOr<std::vector<PostgresResult>> PostgresConnection::Run() {
  const std::vector<Sent> sent = std::exchange(sent_, {});
  std::vector<PostgresResult> results;
  if (sent.empty() && !lost_) return results;
  if (lost_ || PQpipelineSync(connection_) == 0) return Lost("the connection is broken");
  absl::Status first;
  for (const Sent& one : sent) {
    const absl::Status status = TakeResult(one, results);
    if (first.ok()) first = status;
    if (lost_) return first;
  }
  STORE_RETURN_IF_ERROR(AwaitInput());
  PQclear(PQgetResult(connection_));  // of the sync
  if (!first.ok()) return first;
  return results;
}

absl::Status PostgresConnection::TakeResult(const Sent& sent, std::vector<PostgresResult>& results) {
  STORE_RETURN_IF_ERROR(AwaitInput());
  PGresult* result = PQgetResult(connection_);
  if (result == nullptr) return Lost("the connection is out of step");
  PostgresResult owned(result);
  STORE_RETURN_IF_ERROR(AwaitInput());
  PQclear(PQgetResult(connection_));  // null, the end of this statement
  const ExecStatusType status = PQresultStatus(result);
  if (status == PGRES_PIPELINE_ABORTED) return absl::AbortedError("an earlier statement failed");
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return Failure(result);
  if (sent.prepares) {
    prepared_.insert(sent.statement->name);
  } else {
    results.push_back(std::move(owned));
  }
  return absl::OkStatus();
}

absl::Status PostgresConnection::AwaitInput() {
  const int patience = static_cast<int>(absl::ToInt64Milliseconds(timeout_ + kNetworkSlack));
  while (PQisBusy(connection_)) {
    const int unsent = PQflush(connection_);
    if (unsent < 0) return Lost("the connection broke");
    pollfd socket{PQsocket(connection_), static_cast<short>(POLLIN | (unsent > 0 ? POLLOUT : 0)), 0};
    const int ready = poll(&socket, 1, patience);
    if (ready == 0) return Lost("the server does not answer");
    if (ready < 0 && errno != EINTR) return Lost("the connection broke");
    if (ready > 0 && (socket.revents & ~POLLOUT) != 0 && PQconsumeInput(connection_) == 0) {
      return Lost("the connection broke");
    }
  }
  return absl::OkStatus();
}

absl::Status PostgresConnection::Failure(const pg_result* result) {
  const std::string_view state = Field(result, PG_DIAG_SQLSTATE);
  if (PQstatus(connection_) != CONNECTION_OK || EndsConnection(state)) lost_ = true;
  if (state.empty()) return Lost("the connection broke");
  return PostgresError(state, Field(result, PG_DIAG_MESSAGE_PRIMARY));
}

absl::Status PostgresConnection::Lost(std::string_view what) {
  lost_ = true;
  sent_.clear();
  return absl::AbortedError(std::string(what));
}

absl::StatusOr<PostgresResult> PostgresConnection::RunOne(const PostgresStatement& statement,
                                                          std::initializer_list<PostgresValue> values) {
  Send(statement, values);
  STORE_ASSIGN_OR_RETURN(std::vector<PostgresResult> results, Run());
  return std::move(results.back());
}

void PostgresConnection::BeginWrite() { Send(kBeginWrite); }
void PostgresConnection::BeginRead() { Send(kBeginRead); }

absl::Status PostgresConnection::Commit() {
  warned_ = false;
  Send(kCommit);
  STORE_ASSIGN_OR_RETURN(const std::vector<PostgresResult> results, Run());
  if (results.back().tag() != "COMMIT") return absl::InternalError("PostgreSQL rolled back instead of committing");
  if (!warned_) return absl::OkStatus();
  return absl::UnavailableError(
      "the PostgreSQL database did not wait for its standby: the change is not safe yet; repeat it");
}

absl::StatusOr<std::vector<PostgresResult>> PostgresConnection::RunRead() {
  Send(kCommit);
  return Run();
}

void PostgresConnection::Rollback() {
  if (lost_ || PQtransactionStatus(connection_) == PQTRANS_IDLE) return;
  lost_ |= !RunOne(kRollback).ok();
}

absl::Status PostgresConnection::RunScript(const std::string& script) {
  if (PQpipelineStatus(connection_) != PQ_PIPELINE_OFF) lost_ |= PQexitPipelineMode(connection_) == 0;
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection_, script.c_str()), &PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return absl::OkStatus();
  return Failure(result.get());
}

bool PostgresConnection::usable() const {
  return !lost_ && PQstatus(connection_) == CONNECTION_OK && PQtransactionStatus(connection_) == PQTRANS_IDLE;
}

}  // namespace idiolect
