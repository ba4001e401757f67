#include "profile/words.h"

#include "profile/characters.h"

namespace idiolect {

std::vector<std::string_view> SplitWords(std::string_view text) {
  std::vector<std::string_view> words;
  const char* begin = nullptr;  // of the word that we are in
  for (std::string_view rest = text; !rest.empty();) {
    const char* at = rest.data();
    if (!IsSpace(TakeCodePoint(rest))) {
      if (begin == nullptr) begin = at;
    } else if (begin != nullptr) {
      words.emplace_back(begin, at - begin);
      begin = nullptr;
    }
  }
  if (begin != nullptr) words.emplace_back(begin, text.data() + text.size() - begin);
  return words;
}

std::string_view StripPunctuation(std::string_view word) {
  size_t first = word.size(), last = 0;  // the bytes from the first to past the last character that is no edge
  for (std::string_view rest = word; !rest.empty();) {
    const size_t at = word.size() - rest.size();
    if (IsWordEdge(TakeCodePoint(rest))) continue;
    if (first == word.size()) first = at;
    last = word.size() - rest.size();
  }
  return first < last ? word.substr(first, last - first) : std::string_view();
}

}  // namespace idiolect
