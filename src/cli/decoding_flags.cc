#include "cli/decoding_flags.h"

#include <random>

#include "cli/number_checks.h"
#include "idiolect/reply.h"

namespace idiolect {
namespace {

constexpr double kUsualTemperature = 0.7;
constexpr double kUsualTopP = 0.9;

}  // namespace

void DecodingFlags::AddTo(CLI::App& verb, bool sampled) {
  sampled_ = sampled;
  verb.add_option("--temperature", temperature,
                  sampled ? "0 to 10: how freely words are drawn; 0: always the likeliest (default 0.7)"
                          : "0 to 10: how freely words are drawn (default 0: always the likeliest)")
      ->check(Between(0.0, 10.0))
      ->option_text("T");
  verb.add_option("--top-p", top_p, "Draw among the likeliest words that reach this probability (default 0.9)")
      ->check(Between(0.0, 1.0))
      ->option_text("P");
  verb.add_option("--top-k", top_k, "Draw among the K likeliest words (default 0: all)")
      ->check(CLI::Range(0, 1000000))
      ->option_text("K");
  verb.add_option("--seed", seed, "The same seed draws the same reply (default: a new one every time)")
      ->option_text("N");
  verb.add_option("--max-tokens", max_tokens, "Longest reply (default 0: the model's longest)")
      ->check(AtLeast(0))
      ->option_text("N");
  verb.add_option("--beam-size", beam_size, "1 to 16; above 1: search the best reply with so many beams")
      ->check(CLI::Range(1, 16))
      ->option_text("N");
  verb.add_option("--length-penalty", length_penalty, "-5 to 5, for beam search: above 0 favours longer replies")
      ->check(Between(-5.0, 5.0))
      ->option_text("X");
  verb.add_option("--no-repeat-ngram", no_repeat_ngram, "0 to 16: say no N words in a row twice (default 0: off)")
      ->check(CLI::Range(0, 16))
      ->option_text("N");
  verb.add_option("--guidance", guidance,
                  "0 to 5: how much more weight has what user and post add to what anybody says (default 0: none)")
      ->check(Between(0.0, 5.0))
      ->option_text("X");
  verb.add_option("--word-guidance", word_guidance,
                  "0 to 5: how much rather the person's own words are said (default 0.35; 0 with beam search)")
      ->check(Between(0.0, 5.0))
      ->option_text("X");
  verb.add_option("--candidates", candidates, "1 to 16: show so many replies, best first (default 1)")
      ->check(CLI::Range(1, 16))
      ->option_text("N");
}

v1::DecodingOptions DecodingFlags::ToProto() const {
  const bool draws = temperature.has_value() ? *temperature > 0 : beam_size == 1 && (sampled_ || candidates > 1);
  v1::DecodingOptions options;
  options.set_temperature(temperature.value_or(draws ? kUsualTemperature : 0));
  if (draws || top_p.has_value()) options.set_top_p(top_p.value_or(kUsualTopP));
  if (draws) options.set_seed(seed.value_or(std::random_device()()));
  options.set_top_k(top_k);
  options.set_max_tokens(max_tokens);
  options.set_beam_size(beam_size);
  options.set_length_penalty(length_penalty.value_or(0));
  options.set_no_repeat_ngram_size(no_repeat_ngram);
  options.set_candidate_count(candidates);
  options.set_guidance(guidance);
  options.set_word_guidance(word_guidance.value_or(beam_size > 1 ? 0 : kUsualWordGuidance));
  return options;
}

}  // namespace idiolect
