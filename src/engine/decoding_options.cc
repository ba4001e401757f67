#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "idiolect/engine.h"

namespace idiolect {
namespace {

struct Range {
  const char* field;
  double value, low, high;
};

}  // namespace

absl::Status ValidateDecodingOptions(const DecodingOptions& o, int max_response_tokens) {
  const Range ranges[] = {
      {"decoding.max_tokens", static_cast<double>(o.max_tokens), 0, static_cast<double>(max_response_tokens)},
      {"decoding.temperature", o.temperature, 0, 10},
      {"decoding.top_p", o.top_p, std::nextafter(0.0, 1.0), 1},
      {"decoding.top_k", static_cast<double>(o.top_k), 0, 1'000'000},
      {"decoding.beam_size", static_cast<double>(o.beam_size), 1, 16},
      {"decoding.length_penalty", o.length_penalty, -5, 5},
      {"decoding.no_repeat_ngram_size", static_cast<double>(o.no_repeat_ngram_size), 0, 16},
      {"decoding.candidate_count", static_cast<double>(o.candidate_count), 1, 16},
      {"decoding.guidance", o.guidance, 0, 5},
      {"decoding.word_guidance", o.word_guidance, 0, 5},
  };
  for (const Range& r : ranges) {
    if (!(r.value >= r.low && r.value <= r.high)) {  // also refuses NaN
      return absl::InvalidArgumentError(absl::StrCat(r.field, ": ", r.value, " is not in the range ",
                                                     r.low == ranges[2].low ? "above 0" : absl::StrCat(r.low), " to ",
                                                     r.high));
    }
  }
  if (o.beam_size > 1 && o.temperature > 0)
    return absl::InvalidArgumentError("decoding.temperature: beam search needs temperature 0");
  if (o.beam_size > 1 && o.guidance > 0)
    return absl::InvalidArgumentError("decoding.guidance: beam search needs guidance 0");
  if (o.beam_size > 1 && o.word_guidance > 0)
    return absl::InvalidArgumentError("decoding.word_guidance: beam search needs word_guidance 0");
  if (o.beam_size > 1 && o.candidate_count > o.beam_size)
    return absl::InvalidArgumentError("decoding.candidate_count: more than decoding.beam_size");
  if (o.beam_size == 1 && o.temperature == 0 && o.candidate_count > 1) {
    return absl::InvalidArgumentError(
        "decoding.candidate_count: greedy decoding has one candidate; raise decoding.temperature or "
        "decoding.beam_size");
  }
  return absl::OkStatus();
}

}  // namespace idiolect
