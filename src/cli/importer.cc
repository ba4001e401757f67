#include "cli/importer.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cli/proto_time.h"
#include "nlohmann/json.hpp"
#include "text/utf8.h"

namespace idiolect {
namespace {

constexpr size_t kChunkRecords = 5000;
constexpr size_t kChunkBytes = size_t{8} << 20;
constexpr int kAttempts = 5;
constexpr size_t kMostTextBytes = 16384;
constexpr size_t kMostNameBytes = 256;

// Length before each part, so that no two lists of parts read the same.
std::string Digest(const std::vector<std::string>& parts) {
  std::string joined;
  for (const std::string& part : parts) absl::StrAppend(&joined, part.size(), ":", part);
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(joined.data()), joined.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

uint64_t ContentHash(const RawExchange& exchange) {
  const std::string digest =
      Digest({exchange.user, exchange.post, exchange.response, absl::StrCat(absl::ToUnixMicros(exchange.time))});
  uint64_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof(hash));
  return hash;
}

bool HasControlCharacters(const std::string& text) {
  for (std::string_view rest = text; !rest.empty();) {
    const int code = TakeUtf8Character(rest);
    if (code < 0x20 || (code >= 0x7F && code < 0xA0)) return true;
  }
  return false;
}

v1::ImportExchangesRequest ToRequest(RawExchange exchange, std::string request_id) {
  v1::ImportExchangesRequest request;
  request.set_request_id(std::move(request_id));
  v1::Exchange& stored = *request.mutable_exchange();
  ToProto(exchange.time, *stored.mutable_time());
  request.set_user_id(std::move(exchange.user));
  stored.set_post(std::move(exchange.post));
  stored.set_response(std::move(exchange.response));
  stored.set_post_user(std::move(exchange.post_user));
  stored.set_source(std::move(exchange.source));
  return request;
}

}  // namespace

std::string ImportRequestId(const RawExchange& exchange, int64_t occurrence) {
  return absl::BytesToHexString(Digest({exchange.user, exchange.post, exchange.response,
                                        absl::StrCat(absl::ToUnixMicros(exchange.time)), absl::StrCat(occurrence)}));
}

std::string FindBrokenRule(const RawExchange& exchange) {
  if (exchange.user.size() > kMostNameBytes) return absl::StrCat("user: longer than ", kMostNameBytes, " bytes");
  if (HasControlCharacters(exchange.user)) return "user: holds a control character";
  if (exchange.post.size() > kMostTextBytes) return absl::StrCat("post: longer than ", kMostTextBytes, " bytes");
  if (exchange.response.size() > kMostTextBytes)
    return absl::StrCat("response: longer than ", kMostTextBytes, " bytes");
  if (exchange.post_user.size() > kMostNameBytes)
    return absl::StrCat("post_user: longer than ", kMostNameBytes, " bytes");
  if (exchange.source.size() > kMostNameBytes) return absl::StrCat("source: longer than ", kMostNameBytes, " bytes");
  return "";
}

void RejectLog::Continue(int64_t bytes) {
  std::error_code error;
  std::filesystem::resize_file(path_, bytes, error);
  if (error || bytes == 0) return;
  bytes_ = bytes;
  file_.open(path_, std::ios::binary | std::ios::app);
}

absl::Status RejectLog::Add(int64_t line, const std::string& reason, const std::string& text) {
  if (!file_.is_open()) file_.open(path_, std::ios::binary);
  const nlohmann::ordered_json entry = {{"line", line}, {"reason", reason}, {"text", text}};
  const std::string bytes = entry.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  bytes_ += static_cast<int64_t>(bytes.size());
  file_ << bytes << std::flush;
  if (!file_) return absl::UnavailableError(absl::StrCat("can't write rejected lines to ", path_));
  return absl::OkStatus();
}

Importer::Importer(Client& client, ImportOptions options, OnProgress on_progress)
    : client_(client),
      options_(std::move(options)),
      on_progress_(std::move(on_progress)),
      rejects_(options_.rejects_path) {}

void Importer::Resume() {
  if (options_.state_path.empty()) return;
  const std::optional<ImportState> state = LoadImportState(options_.state_path, options_.job);
  if (!state.has_value()) return;
  done_line_ = state->line;
  counts_ = state->counts;
  rejects_.Continue(state->rejects_bytes);
}

absl::Status Importer::Run() {
  Resume();
  if (options_.limit_per_user > 0) {
    const absl::Status counted = CountUsers();
    if (!counted.ok()) return counted;
  }
  const absl::Status read = ReadFile(
      [this](RawExchange exchange, int64_t line, const std::string& text) {
        return Take(std::move(exchange), line, text);
      },
      [this](int64_t line, const std::string& reason, const std::string& text) { return Reject(line, reason, text); });
  if (sending_failed_) return read;
  // What was readable before a damaged place is stored all the same.
  const absl::Status sent = SendUpTo(last_line_);
  if (read.ok() && sent.ok() && !options_.state_path.empty()) std::remove(options_.state_path.c_str());
  return read.ok() ? sent : read;
}

absl::Status Importer::ReadFile(const LineHandler& on_exchange, const RejectHandler& on_reject) {
  absl::StatusOr<std::unique_ptr<ExchangeReader>> opened = ExchangeReader::Open(options_.path, options_.format);
  if (!opened.ok()) return opened.status();
  ExchangeReader& reader = **opened;
  while (true) {
    absl::StatusOr<std::optional<RawExchange>> next = reader.Next();
    absl::Status status;
    if (absl::IsInvalidArgument(next.status())) {
      status = on_reject(reader.line_number(), std::string(next.status().message()), reader.line());
    } else if (!next.ok()) {
      return next.status();
    } else if (!next->has_value()) {
      return absl::OkStatus();
    } else {
      status = on_exchange(**std::move(next), reader.line_number(), reader.line());
    }
    if (!status.ok()) return status;
    on_progress_(reader.position(), reader.file_size(), reader.line_number());
  }
}

bool Importer::PassesFilters(const RawExchange& exchange) const {
  return (options_.users.empty() || options_.users.contains(exchange.user)) &&
         (options_.splits.empty() || options_.splits.contains(exchange.split));
}

absl::Status Importer::CountUsers() {
  if (options_.path == "-") {
    return absl::InvalidArgumentError("--limit-per-user reads the file twice, which standard input can't give");
  }
  return ReadFile(
      [this](RawExchange exchange, int64_t line, const std::string& text) {
        if (PassesFilters(exchange) && FindBrokenRule(exchange).empty()) ++remaining_[exchange.user];
        return absl::OkStatus();
      },
      [](int64_t line, const std::string& reason, const std::string& text) { return absl::OkStatus(); });
}

// A line that was done before is looked at again, since it counts for the ids and the limits of those that follow.
absl::Status Importer::Take(RawExchange exchange, int64_t line, const std::string& text) {
  last_line_ = line;
  const int64_t occurrence = occurrences_[ContentHash(exchange)]++;
  if (!PassesFilters(exchange)) {
    LeaveOut(line);
    return absl::OkStatus();
  }
  const std::string broken_rule = FindBrokenRule(exchange);
  if (!broken_rule.empty()) return Reject(line, broken_rule, text);
  if (options_.limit_per_user > 0 && remaining_[exchange.user]-- > options_.limit_per_user) {
    LeaveOut(line);
    return absl::OkStatus();
  }
  if (line <= done_line_) return absl::OkStatus();
  std::string request_id = ImportRequestId(exchange, occurrence);
  chunk_.push_back({line, text, ToRequest(std::move(exchange), std::move(request_id))});
  chunk_bytes_ += 2 * text.size();
  return chunk_.size() < kChunkRecords && chunk_bytes_ < kChunkBytes ? absl::OkStatus() : SendUpTo(line);
}

void Importer::LeaveOut(int64_t line) {
  if (line > done_line_) ++counts_.left_out;
}

absl::Status Importer::Reject(int64_t line, const std::string& reason, const std::string& text) {
  last_line_ = std::max(last_line_, line);
  if (line <= done_line_) return absl::OkStatus();
  ++counts_.rejected;
  return rejects_.Add(line, reason, text);
}

absl::Status Importer::SendUpTo(int64_t line) {
  const absl::Status sent = SendChunk();
  sending_failed_ = !sent.ok();
  if (!sent.ok() || options_.state_path.empty() || line <= done_line_) return sent;
  return SaveImportState(options_.state_path, {options_.job, line, counts_, rejects_.bytes()});
}

absl::Status Importer::SendChunk() {
  absl::Status status;
  if (!chunk_.empty()) {
    absl::StatusOr<v1::ImportExchangesResponse> response = SendWithRetries();
    status = response.status();
    if (response.ok()) {
      counts_.stored += response->stored_count();
      counts_.duplicate += response->duplicate_count();
      status = LogServerRejections(*std::move(response));
    }
  }
  chunk_.clear();
  chunk_bytes_ = 0;
  return status;
}

// The server names a hundred rejections a stream, in no certain order. While there are more, the records that it did
// not name are sent again: those that were stored are known by their ids, so this asks for names and changes nothing.
absl::Status Importer::LogServerRejections(v1::ImportExchangesResponse response) {
  while (response.rejected_count() > 0) {
    if (response.rejected().empty()) return absl::InternalError("the server rejected records without naming them");
    const bool all_named = response.rejected_count() == response.rejected_size();
    const absl::Status logged = LogNamed(response);
    if (!logged.ok() || all_named) return logged;
    absl::StatusOr<v1::ImportExchangesResponse> rest = SendWithRetries();
    if (!rest.ok()) return rest.status();
    response = *std::move(rest);
  }
  return absl::OkStatus();
}

// Moves the named records out of the chunk into the log.
absl::Status Importer::LogNamed(const v1::ImportExchangesResponse& response) {
  std::map<int64_t, std::string> reasons;
  for (const v1::RejectedRecord& rejected : response.rejected()) reasons[rejected.index()] = rejected.reason();
  std::vector<Record> unnamed;
  for (size_t i = 0; i < chunk_.size(); ++i) {
    const auto found = reasons.find(static_cast<int64_t>(i));
    if (found == reasons.end()) {
      unnamed.push_back(std::move(chunk_[i]));
      continue;
    }
    const absl::Status status = Reject(chunk_[i].line, found->second, chunk_[i].text);
    if (!status.ok()) return status;
  }
  chunk_ = std::move(unnamed);
  return absl::OkStatus();
}

absl::StatusOr<v1::ImportExchangesResponse> Importer::SendWithRetries() {
  absl::Duration pause = options_.retry_pause;
  for (int attempt = 1;; ++attempt, pause *= 2) {
    absl::StatusOr<v1::ImportExchangesResponse> response = SendOnce();
    reached_ = reached_ || response.ok();
    // A server that was never there is soon told; one that went away in the middle may be starting anew.
    if (!reached_ || attempt == kAttempts || !absl::IsUnavailable(response.status())) return response;
    absl::SleepFor(pause);
  }
}

absl::StatusOr<v1::ImportExchangesResponse> Importer::SendOnce() {
  grpc::ClientContext context;
  v1::ImportExchangesResponse response;
  const auto stream = client_.history().ImportExchanges(&context, &response);
  for (const Record& record : chunk_) {
    if (!stream->Write(record.request)) break;  // Finish says why
  }
  stream->WritesDone();
  const absl::Status status = client_.ToStatus(stream->Finish());
  if (!status.ok()) return status;
  return response;
}

}  // namespace idiolect
