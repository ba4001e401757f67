// Words as people see them: what stands between white space.
#pragma once

#include <string_view>
#include <vector>

namespace idiolect {

// Views into `text`.
std::vector<std::string_view> SplitWords(std::string_view text);

// Without the punctuation around it; empty when there is nothing else.
std::string_view StripPunctuation(std::string_view word);

}  // namespace idiolect
