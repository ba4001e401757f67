// Sends a file's exchanges to a server: in chunks, each one stream, so that memory is bounded and a broken connection
// costs one chunk. Request ids are made from the content, so whatever is sent twice is stored once.
#pragma once

#include <cstdint>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/client.h"
#include "cli/import_state.h"
#include "idiolect/v1/history.grpc.pb.h"
#include "text/exchange_reader.h"

namespace idiolect {

struct ImportOptions {
  std::string path;  // "-": standard input
  ExchangeFormat format = ExchangeFormat::kDetect;
  absl::flat_hash_set<std::string> users;   // only these; empty: all
  absl::flat_hash_set<std::string> splits;  // only these; empty: all
  int64_t limit_per_user = 0;               // of what passes the filters only the last so many a user; 0: all
  std::string rejects_path;
  // Where it is noted how far the import has come, and which import it is; empty: nowhere.
  std::string state_path, job;
  absl::Duration retry_pause = absl::Seconds(1);  // before the second attempt; doubles with each
};

// The request id of an exchange: SHA-256 in hexadecimal over user, post, response, time and `occurrence`, which tells
// equal lines of a file apart.
std::string ImportRequestId(const RawExchange& exchange, int64_t occurrence);

// Why the server would not take the exchange: "post: longer than 16384 bytes"; empty when it would. Looked at here
// since the server names only the first rejections of a stream.
std::string FindBrokenRule(const RawExchange& exchange);

// The lines that were not stored, in a file of JSON lines {"line", "reason", "text"}. Made when the first one comes, or
// continued.
class RejectLog {
 public:
  explicit RejectLog(std::string path) : path_(std::move(path)) {}
  // Goes on with a log of so many bytes.
  void Continue(int64_t bytes);
  absl::Status Add(int64_t line, const std::string& reason, const std::string& text);
  const std::string& path() const { return path_; }
  int64_t bytes() const { return bytes_; }

 private:
  const std::string path_;
  int64_t bytes_ = 0;
  std::ofstream file_;
};

class Importer {
 public:
  // Where the file stands, for a progress bar.
  using OnProgress = std::function<void(int64_t position, int64_t file_size, int64_t lines)>;

  Importer(Client& client, ImportOptions options, OnProgress on_progress);

  // Goes through the file. A line that can't be stored is counted and logged; an error ends the import, and what came
  // before stays: repeating the import goes on from there. `counts` holds after an error too, and counts what earlier
  // attempts have done.
  absl::Status Run();
  // The line after which this import went on; 0 where it began at the beginning.
  int64_t resumed_after() const { return done_line_; }
  const ImportCounts& counts() const { return counts_; }
  const RejectLog& rejects() const { return rejects_; }

 private:
  struct Record {
    int64_t line = 0;
    std::string text;  // the line
    v1::ImportExchangesRequest request;
  };
  using LineHandler = std::function<absl::Status(RawExchange, int64_t line, const std::string& text)>;
  using RejectHandler = std::function<absl::Status(int64_t line, const std::string& reason, const std::string& text)>;

  absl::Status ReadFile(const LineHandler& on_exchange, const RejectHandler& on_reject);
  bool PassesFilters(const RawExchange& exchange) const;
  absl::Status CountUsers();
  absl::Status Take(RawExchange exchange, int64_t line, const std::string& text);
  absl::Status Reject(int64_t line, const std::string& reason, const std::string& text);
  void LeaveOut(int64_t line);
  void Resume();
  // Sends the chunk, and notes that everything up to `line` is done.
  absl::Status SendUpTo(int64_t line);
  absl::Status SendChunk();
  absl::StatusOr<v1::ImportExchangesResponse> SendWithRetries();
  absl::StatusOr<v1::ImportExchangesResponse> SendOnce();
  absl::Status LogServerRejections(v1::ImportExchangesResponse response);
  absl::Status LogNamed(const v1::ImportExchangesResponse& response);

  Client& client_;
  const ImportOptions options_;
  const OnProgress on_progress_;
  RejectLog rejects_;
  ImportCounts counts_;
  std::vector<Record> chunk_;
  size_t chunk_bytes_ = 0;
  bool reached_ = false;  // the server has taken something
  bool sending_failed_ = false;
  int64_t done_line_ = 0;  // lines up to this one were done by an attempt before
  int64_t last_line_ = 0;  // of those taken
  // How often each content was seen, by 64 bits of its hash; should two contents meet in them, the second is told apart
  // by a higher number than it needs, the same in every import.
  absl::flat_hash_map<uint64_t, int32_t> occurrences_;
  absl::flat_hash_map<std::string, int64_t> remaining_;  // with limit_per_user: exchanges of each user still to come
};

}  // namespace idiolect
