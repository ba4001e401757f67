// UTF-8, as strictly as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <string_view>

namespace idiolect {

// Takes the first character off `text`. Returns its code point, or -1 and takes one byte where `text` does not begin
// with a well-formed character. `text` must not be empty.
int TakeUtf8Character(std::string_view& text);

bool IsValidUtf8(std::string_view text);

}  // namespace idiolect
