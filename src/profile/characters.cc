#include "profile/characters.h"

#include <clocale>
#include <cwctype>

namespace idiolect {
namespace {

// glibc's own Unicode tables, whatever locale the process runs in. C.UTF-8 is part of Debian's libc; where it is
// missing, case and letters beyond ASCII go unnoticed, nothing worse.
locale_t UnicodeLocale() {
  static const locale_t locale = [] {
    const locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return unicode != nullptr ? unicode : newlocale(LC_CTYPE_MASK, "C", nullptr);
  }();
  return locale;
}

struct Range {
  char32_t first, last;
};

template <size_t n>
bool InAny(char32_t c, const Range (&ranges)[n]) {
  for (const Range& range : ranges) {
    if (c >= range.first && c <= range.last) return true;
  }
  return false;
}

int SequenceLength(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  if (lead >= 0xF0 && lead < 0xF5) return 4;
  return 0;
}

constexpr char32_t kReplacement = 0xFFFD;

}  // namespace

char32_t TakeCodePoint(std::string_view& rest) {
  const auto lead = static_cast<unsigned char>(rest.front());
  const int length = SequenceLength(lead);
  if (length == 0 || static_cast<size_t>(length) > rest.size()) {
    rest.remove_prefix(1);
    return kReplacement;
  }
  char32_t c = length == 1 ? lead : lead & (0x7F >> length);
  for (int i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(rest[i]);
    if ((byte & 0xC0) != 0x80) {
      rest.remove_prefix(1);
      return kReplacement;
    }
    c = (c << 6) | (byte & 0x3F);
  }
  rest.remove_prefix(length);
  return c;
}

void AppendUtf8(char32_t c, std::string& out) {
  if (c < 0x80) {
    out += static_cast<char>(c);
    return;
  }
  const int continuation_bytes = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  constexpr unsigned char kLeads[] = {0, 0xC0, 0xE0, 0xF0};
  out += static_cast<char>(kLeads[continuation_bytes] | (c >> (6 * continuation_bytes)));
  for (int i = continuation_bytes - 1; i >= 0; --i) out += static_cast<char>(0x80 | ((c >> (6 * i)) & 0x3F));
}

bool IsLetter(char32_t c) { return iswalpha_l(c, UnicodeLocale()) && !iswdigit_l(c, UnicodeLocale()); }
bool IsCapital(char32_t c) { return iswupper_l(c, UnicodeLocale()) != 0; }
bool IsSpace(char32_t c) { return iswspace_l(c, UnicodeLocale()) != 0; }

bool IsWordEdge(char32_t c) {
  static constexpr Range kEdges[] = {{'!', '/'},       {':', '@'},       {'[', '`'},       {'{', '~'},
                                     {0xA1, 0xA1},     {0xAB, 0xAB},     {0xBB, 0xBB},     {0xBF, 0xBF},
                                     {0x2010, 0x2027}, {0x3001, 0x3002}, {0x300A, 0x300F}, {0xFF01, 0xFF01},
                                     {0xFF0C, 0xFF0C}, {0xFF1A, 0xFF1B}, {0xFF1F, 0xFF1F}};
  return InAny(c, kEdges);
}

bool IsQuestionMark(char32_t c) { return c == '?' || c == 0x37E || c == 0x61F || c == 0xFF1F; }
bool IsExclamationMark(char32_t c) { return c == '!' || c == 0xFF01; }

bool IsEmoji(char32_t c) {
  static constexpr Range kEmoji[] = {{0x231A, 0x231B},   {0x23E9, 0x23F3},   {0x2600, 0x27BF},   {0x2B1B, 0x2B1C},
                                     {0x2B50, 0x2B55},   {0xFE0F, 0xFE0F},   {0x1F004, 0x1F004}, {0x1F0CF, 0x1F0CF},
                                     {0x1F18E, 0x1F19A}, {0x1F1E6, 0x1F1FF}, {0x1F300, 0x1FAFF}};
  return InAny(c, kEmoji);
}

std::string LowerCase(std::string_view text) {
  std::string lower;
  lower.reserve(text.size());
  while (!text.empty()) AppendUtf8(towlower_l(TakeCodePoint(text), UnicodeLocale()), lower);
  return lower;
}

}  // namespace idiolect
