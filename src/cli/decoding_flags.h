// The options of `chat` and `ask` that say how a reply is decoded.
#pragma once

#include <cstdint>
#include <optional>

#include "CLI/CLI.hpp"
#include "idiolect/v1/dialogue.pb.h"

namespace idiolect {

struct DecodingFlags {
  std::optional<double> temperature, top_p, length_penalty;
  std::optional<uint64_t> seed;
  int top_k = 0, max_tokens = 0, beam_size = 1, candidates = 1, no_repeat_ngram = 0;
  double guidance = 0;
  std::optional<double> word_guidance;

  // `sampled`: without further options replies are drawn at temperature 0.7, top-p 0.9; otherwise they are the most
  // probable, in both cases with the usual word guidance. Several candidates are drawn in any case, beam search never;
  // it has no word guidance.
  void AddTo(CLI::App& verb, bool sampled);
  // A reply that is drawn without --seed gets a new seed from every call.
  v1::DecodingOptions ToProto() const;

 private:
  bool sampled_ = false;
};

}  // namespace idiolect
