// Word guidance (DecodingOptions::word_guidance): which tokens a reply should rather say, since the user does.
#pragma once

#include <vector>

#include "engine/token_distribution.h"
#include "inference/compact_profile.h"
#include "inference/word_evidence.h"
#include "text/tokenizer.h"

namespace idiolect {

// For each token t that is a whole word, or punctuation, somewhere in the responses that the profile holds, the factor
//     e^(word_guidance · WordEvidence::Lift(t))
// in the order of their ids; none with word_guidance 0. Of whole words alone: a lifted beginning of a word would go on
// as the user never does.
std::vector<Lift> WordLifts(const CompactProfile& profile, const Tokenizer& tokenizer, const WordEvidence& evidence,
                            double word_guidance);

}  // namespace idiolect
