#include "serve/field_rules.h"

#include "absl/strings/str_cat.h"

namespace idiolect {
namespace {

constexpr int kMaxNameBytes = 256;  // of a user id, a post's user, a source
constexpr int kMaxRequestIdBytes = 128;

// C0, DEL and C1, the last of which are two bytes in UTF-8.
bool HoldsControlCharacter(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    if (byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) return true;
  }
  return false;
}

// Of google.protobuf.Timestamp: the years 1 to 9999.
void CheckTime(const google::protobuf::Timestamp& time, FieldViolations& violations) {
  constexpr int64_t kFirstSecond = -62'135'596'800, kLastSecond = 253'402'300'799;
  if (time.seconds() < kFirstSecond || time.seconds() > kLastSecond) {
    violations.Add("exchange.time.seconds", "must be within the years 1 to 9999");
  }
  if (time.nanos() < 0 || time.nanos() > 999'999'999) {
    violations.Add("exchange.time.nanos", "must be 0 to 999,999,999");
  }
}

// Written so that NaN is outside.
void CheckRange(std::string_view field, double number, double low, double high, FieldViolations& violations) {
  if (!(number >= low && number <= high)) violations.Add(field, absl::StrCat("must be ", low, " to ", high));
}

void CheckRange(std::string_view field, int number, int low, int high, FieldViolations& violations) {
  if (number < low || number > high) violations.Add(field, absl::StrCat("must be ", low, " to ", high));
}

// Rules between fields.
void CheckCombination(const v1::DecodingOptions& options, FieldViolations& violations) {
  const bool beam_search = options.beam_size() > 1;
  if (beam_search && options.temperature() > 0) {
    violations.Add("decoding.temperature", "must be 0 with beam search (decoding.beam_size above 1)");
  } else if (beam_search && options.guidance() > 0) {
    violations.Add("decoding.guidance", "must be 0 with beam search (decoding.beam_size above 1)");
  } else if (beam_search && options.word_guidance() > 0) {
    violations.Add("decoding.word_guidance", "must be 0 with beam search (decoding.beam_size above 1)");
  } else if (beam_search && options.candidate_count() > options.beam_size()) {
    violations.Add("decoding.candidate_count", "must be at most decoding.beam_size");
  } else if (!beam_search && options.temperature() == 0 && options.candidate_count() > 1) {
    violations.Add("decoding.candidate_count", "must be 1 with temperature 0: greedy decoding has one candidate");
  }
}

}  // namespace

void CheckUserId(std::string_view user_id, FieldViolations& violations) {
  if (user_id.empty()) violations.Add("user_id", "must not be empty");
  CheckLength("user_id", user_id, kMaxNameBytes, violations);
  if (HoldsControlCharacter(user_id)) violations.Add("user_id", "must not hold control characters");
}

void CheckRequestId(std::string_view request_id, FieldViolations& violations) {
  CheckLength("request_id", request_id, kMaxRequestIdBytes, violations);
}

void CheckLength(std::string_view field, std::string_view text, int max_bytes, FieldViolations& violations) {
  if (text.size() <= static_cast<size_t>(max_bytes)) return;
  violations.Add(field, absl::StrCat("must be at most ", max_bytes, " bytes, has ", text.size()));
}

void CheckNotNegative(std::string_view field, int64_t number, FieldViolations& violations) {
  if (number < 0) violations.Add(field, "must not be negative");
}

void CheckExchange(bool present, const v1::Exchange& exchange, const Limits& limits, FieldViolations& violations) {
  if (!present) return violations.Add("exchange", "must be given");
  CheckLength("exchange.post", exchange.post(), limits.max_text_bytes, violations);
  if (exchange.response().empty()) violations.Add("exchange.response", "must not be empty");
  CheckLength("exchange.response", exchange.response(), limits.max_text_bytes, violations);
  CheckLength("exchange.post_user", exchange.post_user(), kMaxNameBytes, violations);
  CheckLength("exchange.source", exchange.source(), kMaxNameBytes, violations);
  if (exchange.has_time()) CheckTime(exchange.time(), violations);
}

void CheckExchangeId(int64_t exchange_id, FieldViolations& violations) {
  if (exchange_id < 1) violations.Add("exchange_id", "must be at least 1");
}

void CheckDecoding(const v1::DecodingOptions& options, const Limits& limits, FieldViolations& violations) {
  CheckRange("decoding.max_tokens", options.max_tokens(), 0, limits.max_response_tokens, violations);
  CheckRange("decoding.temperature", options.temperature(), 0.0, 10.0, violations);
  if (options.has_top_p() && !(options.top_p() > 0 && options.top_p() <= 1)) {
    violations.Add("decoding.top_p", "must be above 0 and at most 1");
  }
  CheckRange("decoding.top_k", options.top_k(), 0, 1'000'000, violations);
  CheckRange("decoding.beam_size", options.beam_size(), 0, 16, violations);
  CheckRange("decoding.length_penalty", options.length_penalty(), -5.0, 5.0, violations);
  CheckRange("decoding.no_repeat_ngram_size", options.no_repeat_ngram_size(), 0, 16, violations);
  CheckRange("decoding.candidate_count", options.candidate_count(), 0, 16, violations);
  CheckRange("decoding.guidance", options.guidance(), 0.0, 5.0, violations);
  CheckRange("decoding.word_guidance", options.word_guidance(), 0.0, 5.0, violations);
  CheckCombination(options, violations);
}

}  // namespace idiolect
