// A look at a SentencePiece file before SentencePiece itself sees it. The library follows the offsets of the file's
// normalisation table without checking them, so a damaged file could make it read outside its memory.
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace idiolect {

// OK when the bytes are a model that can be used without harm: a vocabulary of 5 to 1,048,576 distinct, non-empty UTF-8
// pieces with finite scores, the special tokens at our ids, and normalisation tables whose every step stays inside them
// and inside what the library keeps room for.
// Otherwise kInvalidArgument that names the fault.
absl::Status CheckTokenizerFile(std::string_view bytes);

}  // namespace idiolect
