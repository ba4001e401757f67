#include "text/exchange_reader.h"

#include <cmath>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"
#include "text/utf8.h"

namespace idiolect {
namespace {

using Json = nlohmann::json;

// The years 1 to 9999, all that a google.protobuf.Timestamp holds.
constexpr double kFirstSecond = -62135596800.0;
constexpr double kLastSecond = 253402300799.0;

absl::StatusOr<absl::Time> TimeFromSeconds(double seconds, const char* field) {
  if (!(seconds >= kFirstSecond && seconds <= kLastSecond)) {
    return absl::InvalidArgumentError(absl::StrCat(field, ": expected unix seconds within the years 1 to 9999"));
  }
  // Whole seconds apart from the fraction: their product with a million would lose digits.
  const double whole = std::floor(seconds);
  return absl::FromUnixSeconds(static_cast<int64_t>(whole)) + absl::Microseconds(std::llround((seconds - whole) * 1e6));
}

absl::Status TakeString(const Json& object, const char* field, bool required, std::string& value) {
  const auto found = object.find(field);
  if (found == object.end() || (found->is_null() && !required)) {
    return required ? absl::InvalidArgumentError(absl::StrCat("\"", field, "\" is missing")) : absl::OkStatus();
  }
  if (!found->is_string()) {
    return absl::InvalidArgumentError(absl::StrCat("\"", field, "\": expected a string, got ", found->type_name()));
  }
  value = found->get<std::string>();
  return absl::OkStatus();
}

absl::Status TakeTime(const Json& object, absl::Time& value) {
  const auto found = object.find("time");
  if (found == object.end()) return absl::InvalidArgumentError("\"time\" is missing: expected unix seconds");
  if (!found->is_number()) {
    return absl::InvalidArgumentError(absl::StrCat("\"time\": expected unix seconds, got ", found->type_name()));
  }
  absl::StatusOr<absl::Time> time = TimeFromSeconds(found->get<double>(), "\"time\"");
  if (time.ok()) value = *time;
  return time.status();
}

absl::StatusOr<RawExchange> CheckNotEmpty(RawExchange exchange) {
  if (exchange.user.empty()) return absl::InvalidArgumentError("the user is empty");
  if (exchange.response.empty()) return absl::InvalidArgumentError("the response is empty");
  return exchange;
}

ExchangeFormat Detect(const std::string& first_line) {
  return absl::StartsWith(absl::StripLeadingAsciiWhitespace(first_line), "{") ? ExchangeFormat::kJsonl
                                                                              : ExchangeFormat::kTsv;
}

}  // namespace

absl::StatusOr<RawExchange> ParseJsonExchange(const std::string& line) {
  Json object;
  try {
    object = Json::parse(line);
  } catch (const Json::parse_error& error) {
    // The parser's own message quotes the text, which may be anybody's private words.
    return absl::InvalidArgumentError(absl::StrCat("expected a JSON object; it breaks off at byte ", error.byte));
  } catch (const Json::exception&) {
    return absl::InvalidArgumentError("expected a JSON object; a number in it is out of range");
  }
  if (!object.is_object()) {
    return absl::InvalidArgumentError(absl::StrCat("expected a JSON object, got ", object.type_name()));
  }
  RawExchange exchange;
  absl::Status status = TakeString(object, "user", true, exchange.user);
  status.Update(TakeString(object, "post", true, exchange.post));
  status.Update(TakeString(object, "post_user", false, exchange.post_user));
  status.Update(TakeString(object, "response", true, exchange.response));
  status.Update(TakeString(object, "source", false, exchange.source));
  status.Update(TakeString(object, "split", false, exchange.split));
  status.Update(TakeTime(object, exchange.time));
  if (!status.ok()) return status;
  return CheckNotEmpty(std::move(exchange));
}

absl::StatusOr<RawExchange> ParseTsvExchange(const std::string& line) {
  constexpr size_t kColumns = 8;
  const std::vector<std::string> columns = absl::StrSplit(line, '\t');
  if (columns.size() != kColumns) {
    return absl::InvalidArgumentError(absl::StrCat("expected ", kColumns, " columns with tabs between them, got ",
                                                   columns.size(), "; or, in a JSONL file, an object"));
  }
  if (!IsValidUtf8(line)) return absl::InvalidArgumentError("expected UTF-8");
  double seconds = 0;
  if (!absl::SimpleAtod(columns[5], &seconds)) {
    return absl::InvalidArgumentError("column 6, the response's time: expected unix seconds");
  }
  absl::StatusOr<absl::Time> time = TimeFromSeconds(seconds, "column 6, the response's time");
  if (!time.ok()) return time.status();
  RawExchange exchange;
  exchange.post = columns[0];
  exchange.post_user = columns[1];
  exchange.response = columns[3];
  exchange.user = columns[4];
  exchange.time = *time;
  return CheckNotEmpty(std::move(exchange));
}

absl::StatusOr<std::unique_ptr<ExchangeReader>> ExchangeReader::Open(const std::string& path, ExchangeFormat format) {
  absl::StatusOr<std::unique_ptr<LineReader>> lines = LineReader::Open(path);
  if (!lines.ok()) return lines.status();
  return absl::WrapUnique(new ExchangeReader(*std::move(lines), format));
}

absl::StatusOr<bool> ExchangeReader::NextLineWithText() {
  while (true) {
    absl::StatusOr<bool> more = lines_->Next(line_);
    if (!more.ok() || !*more) return more;
    if (!absl::StripAsciiWhitespace(line_).empty()) return true;
  }
}

absl::StatusOr<std::optional<RawExchange>> ExchangeReader::Next() {
  absl::StatusOr<bool> more = NextLineWithText();
  if (!more.ok()) return more.status();
  if (!*more) return std::nullopt;
  if (format_ == ExchangeFormat::kDetect) format_ = Detect(line_);
  absl::StatusOr<RawExchange> exchange =
      format_ == ExchangeFormat::kJsonl ? ParseJsonExchange(line_) : ParseTsvExchange(line_);
  if (!exchange.ok()) {
    return absl::Status(exchange.status().code(),
                        absl::StrCat(lines_->path(), ":", lines_->line_number(), ": ", exchange.status().message()));
  }
  return *std::move(exchange);
}

}  // namespace idiolect
