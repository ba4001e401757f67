// What the style statistics need to know of characters: code points of a text, case, letters, white space, emoji.
#pragma once

#include <string>
#include <string_view>

namespace idiolect {

// Takes the first code point off `rest`, which must not be empty. A byte that is not UTF-8 counts as one U+FFFD.
char32_t TakeCodePoint(std::string_view& rest);
void AppendUtf8(char32_t code_point, std::string& out);

bool IsLetter(char32_t c);
bool IsCapital(char32_t c);
bool IsSpace(char32_t c);
// Punctuation that clings to a word without belonging to it: ASCII's, and the quotes, dashes and full stops of others.
bool IsWordEdge(char32_t c);
bool IsQuestionMark(char32_t c);
bool IsExclamationMark(char32_t c);
// A pictograph by its block, or the selector that turns the character before it into one. Emoticons such as ":)" are
// not.
bool IsEmoji(char32_t c);

// Every code point in lower case, where it has one.
std::string LowerCase(std::string_view text);

}  // namespace idiolect
