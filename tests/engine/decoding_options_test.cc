#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "absl/strings/match.h"
#include "idiolect/engine.h"

namespace idiolect {
namespace {

struct Case {
  const char* field;  // that the error must name; empty: fine
  std::function<void(DecodingOptions&)> change;
};

TEST(DecodingOptionsTest, NamesTheFieldThatIsOutOfRange) {
  const Case cases[] = {
      {"", [](auto& o) {}},
      {"", [](auto& o) { o.temperature = 10; }},
      {"", [](auto& o) { o.beam_size = 16, o.candidate_count = 16; }},
      {"decoding.max_tokens", [](auto& o) { o.max_tokens = 33; }},
      {"decoding.max_tokens", [](auto& o) { o.max_tokens = -1; }},
      {"decoding.temperature", [](auto& o) { o.temperature = -0.1; }},
      {"decoding.temperature", [](auto& o) { o.temperature = 10.1; }},
      {"decoding.temperature", [](auto& o) { o.temperature = std::nan(""); }},
      {"decoding.top_p", [](auto& o) { o.top_p = 0; }},
      {"decoding.top_p", [](auto& o) { o.top_p = 1.01; }},
      {"decoding.top_k", [](auto& o) { o.top_k = -1; }},
      {"decoding.beam_size", [](auto& o) { o.beam_size = 0; }},
      {"decoding.beam_size", [](auto& o) { o.beam_size = 17; }},
      {"decoding.length_penalty", [](auto& o) { o.length_penalty = INFINITY; }},
      {"decoding.no_repeat_ngram_size", [](auto& o) { o.no_repeat_ngram_size = 17; }},
      {"decoding.candidate_count", [](auto& o) { o.candidate_count = 0; }},
      {"decoding.candidate_count", [](auto& o) { o.candidate_count = 2; }},
      {"decoding.candidate_count", [](auto& o) { o.beam_size = 2, o.candidate_count = 3; }},
      {"decoding.temperature", [](auto& o) { o.beam_size = 2, o.temperature = 1; }},
      {"decoding.guidance", [](auto& o) { o.guidance = -0.1; }},
      {"decoding.guidance", [](auto& o) { o.guidance = NAN; }},
      {"decoding.guidance", [](auto& o) { o.beam_size = 2, o.guidance = 1; }},
      {"decoding.word_guidance", [](auto& o) { o.word_guidance = 5.1; }},
      {"decoding.word_guidance", [](auto& o) { o.word_guidance = NAN; }},
      {"decoding.word_guidance", [](auto& o) { o.beam_size = 2, o.word_guidance = 0.35; }},
  };
  for (const Case& c : cases) {
    DecodingOptions options;
    c.change(options);
    const absl::Status status = ValidateDecodingOptions(options, 32);
    if (*c.field == '\0') {
      EXPECT_TRUE(status.ok()) << status;
    } else {
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.field;
      EXPECT_TRUE(absl::StartsWith(status.message(), std::string(c.field) + ":")) << status;
    }
  }
}

}  // namespace
}  // namespace idiolect
