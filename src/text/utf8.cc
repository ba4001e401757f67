#include "text/utf8.h"

#include <cstddef>

namespace idiolect {
namespace {

// What a lead byte announces: how many bytes follow it, its own payload, and the smallest code point that needs them.
struct LeadByte {
  int following = -1;  // -1: no lead byte
  int payload = 0;
  int smallest = 0;
};

LeadByte ReadLeadByte(unsigned char byte) {
  if (byte < 0x80) return {0, byte, 0};
  if (byte < 0xC0) return {};
  if (byte < 0xE0) return {1, byte & 0x1F, 0x80};
  if (byte < 0xF0) return {2, byte & 0x0F, 0x800};
  if (byte < 0xF8) return {3, byte & 0x07, 0x10000};
  return {};
}

bool IsSurrogate(int code) { return code >= 0xD800 && code <= 0xDFFF; }

}  // namespace

int TakeUtf8Character(std::string_view& text) {
  const LeadByte lead = ReadLeadByte(static_cast<unsigned char>(text[0]));
  int code = lead.payload;
  bool well_formed = lead.following >= 0 && text.size() > static_cast<size_t>(lead.following);
  for (int i = 1; well_formed && i <= lead.following; ++i) {
    const unsigned char byte = static_cast<unsigned char>(text[i]);
    well_formed = (byte & 0xC0) == 0x80;
    code = code << 6 | (byte & 0x3F);
  }
  if (!well_formed || code < lead.smallest || code > 0x10FFFF || IsSurrogate(code)) {
    text.remove_prefix(1);
    return -1;
  }
  text.remove_prefix(lead.following + 1);
  return code;
}

bool IsValidUtf8(std::string_view text) {
  while (!text.empty()) {
    if (TakeUtf8Character(text) < 0) return false;
  }
  return true;
}

}  // namespace idiolect
