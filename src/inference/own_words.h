// The words that a user has said lately: what word guidance (DecodingOptions::word_guidance) has a reply rather say.
#pragma once

#include <cstdint>
#include <vector>

#include "inference/compact_profile.h"
#include "inference/word_evidence.h"
#include "model/exchange_tokenizer.h"

namespace idiolect {

struct OwnWord {
  int32_t id;
  double lift;  // WordEvidence::Lift by the profile's words: nats, at least 0
};

// The tokens that are a whole word, or a punctuation mark, somewhere in the responses of the profile's newest
// kCountedExchanges pairs, in the order of their ids. Of whole words alone: a lifted beginning of a word would go on as
// the user never does.
std::vector<OwnWord> OwnWords(const CompactProfile& profile, const ExchangeTokenizer& texts,
                              const WordEvidence& evidence);

}  // namespace idiolect
