// A tokenizer of made-up words, for measuring models of any vocabulary without training one.
#pragma once

#include <string>

namespace idiolect {

// The bytes of a tokenizer.model with exactly `vocab_size` pieces (at least 262): the five control pieces, the 256
// bytes, and the words SyntheticWord(0), SyntheticWord(1), …, each one token.
std::string SyntheticTokenizer(int vocab_size);

// Five letters; different for every index below 26^5.
std::string SyntheticWord(int index);
inline constexpr int kPiecesBeforeWords = 5 + 256;

}  // namespace idiolect
