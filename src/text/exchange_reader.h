// Exchanges from files, one a line, in the two forms that corpora of personal dialogue come in:
//
//   JSONL  {"user": "ann", "post": "how are you?", "post_user": "ben", "response": "grand!", "time": 1494355140,
//          "source": "chat", "split": "train"}        user, post, response and time are required; other keys are
//          ignored
//   TSV    the 8 columns of the DHAP and Pchatbot repositories: post, post's user, post's time, response, response's
//   user,
//          response's time, two unused. The user is the response's.
//
// Plain or gzip-compressed. Times are unix seconds, whole or with a fraction, kept to the microsecond. Blank lines are
// passed over. One line is in memory at a time.
//
//   auto reader = ExchangeReader::Open("history.jsonl.gz");
//   while (true) {
//     absl::StatusOr<std::optional<RawExchange>> next = (*reader)->Next();
//     if (absl::IsInvalidArgument(next.status())) { …report, go on… continue; }
//     if (!next.ok()) return next.status();
//     if (!next->has_value()) break;
//     …
//   }
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "text/line_reader.h"

namespace idiolect {

struct RawExchange {
  std::string user;
  std::string post;
  std::string post_user;  // may be empty
  std::string response;
  absl::Time time = absl::UnixEpoch();
  std::string source;  // may be empty
  std::string split;   // may be empty; see text/exchange_corpus.h
};

enum class ExchangeFormat { kDetect /* from the first line: an object is JSONL */, kJsonl, kTsv };

// Not thread-safe.
class ExchangeReader {
 public:
  static absl::StatusOr<std::unique_ptr<ExchangeReader>> Open(const std::string& path,
                                                              ExchangeFormat format = ExchangeFormat::kDetect);

  // The next exchange, or nothing at the end. kInvalidArgument: this line is not one, for a reason that names file and
  // line and never holds the text; the next call goes on with the next line. Any other error: the rest can't be read.
  absl::StatusOr<std::optional<RawExchange>> Next();

  // Of the line that Next read last, from 1, and its text; the text is empty where the line was too long to keep.
  int64_t line_number() const { return lines_->line_number(); }
  const std::string& line() const { return line_; }
  // See LineReader.
  int64_t position() const { return lines_->position(); }
  int64_t file_size() const { return lines_->file_size(); }

 private:
  ExchangeReader(std::unique_ptr<LineReader> lines, ExchangeFormat format)
      : lines_(std::move(lines)), format_(format) {}
  absl::StatusOr<bool> NextLineWithText();

  const std::unique_ptr<LineReader> lines_;
  ExchangeFormat format_;
  std::string line_;
};

// One line of either form. kInvalidArgument says what was expected.
absl::StatusOr<RawExchange> ParseJsonExchange(const std::string& line);
absl::StatusOr<RawExchange> ParseTsvExchange(const std::string& line);

}  // namespace idiolect
