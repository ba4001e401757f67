#include "cli/layout.h"

#include <wchar.h>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "text/utf8.h"

namespace idiolect {
namespace {

// Columns of one character; control characters and broken bytes count one, as Printable puts something there.
int CharacterWidth(int code) {
  if (code < 0) return 1;
  const int width = wcwidth(static_cast<wchar_t>(code));
  return width < 0 ? 1 : width;
}

// Takes the first character off `rest`, as bytes, and tells its columns.
std::string TakeCharacter(std::string_view& rest, int& width) {
  const std::string_view before = rest;
  width = CharacterWidth(TakeUtf8Character(rest));
  return std::string(before.substr(0, before.size() - rest.size()));
}

bool IsControl(int code) { return code < 0x20 || (code >= 0x7F && code < 0xA0); }

}  // namespace

int DisplayWidth(const std::string& text) {
  int total = 0;
  for (std::string_view rest = text; !rest.empty();) total += CharacterWidth(TakeUtf8Character(rest));
  return total;
}

std::string Printable(const std::string& text) {
  std::string result;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view before = rest;
    const int code = TakeUtf8Character(rest);
    if (code < 0) {
      result += "\uFFFD";
    } else if (IsControl(code)) {
      result += ' ';
    } else {
      result += before.substr(0, before.size() - rest.size());
    }
  }
  return result;
}

std::string Cut(const std::string& text, int width) {
  if (DisplayWidth(text) <= width) return text;
  std::string result;
  int used = 1, next = 0;  // one column for the …
  for (std::string_view rest = text; !rest.empty();) {
    const std::string character = TakeCharacter(rest, next);
    if (used + next > width) break;
    used += next;
    result += character;
  }
  return result + "…";
}

std::string PadRight(const std::string& text, int width) {
  return text + std::string(std::max(0, width - DisplayWidth(text)), ' ');
}

std::string PadLeft(const std::string& text, int width) {
  return std::string(std::max(0, width - DisplayWidth(text)), ' ') + text;
}

std::string Bar(double fraction, int width) {
  constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int eighths = static_cast<int>(std::lround(std::clamp(fraction, 0.0, 1.0) * width * 8));
  std::string bar;
  for (int i = 0; i < eighths / 8; ++i) bar += "█";
  return bar + kEighths[eighths % 8];
}

std::string WithCommas(int64_t number) {
  const std::string digits = absl::StrCat(number);
  std::string grouped;
  for (size_t i = 0; i < digits.size(); ++i) {
    const bool after_digit = i > 0 && digits[i - 1] != '-';
    if (after_digit && (digits.size() - i) % 3 == 0) grouped += ',';
    grouped += digits[i];
  }
  return grouped;
}

std::string ShortTime(absl::Time time) { return absl::FormatTime("%Y-%m-%d %H:%M", time, absl::LocalTimeZone()); }

void WrappingWriter::Write(const std::string& piece) {
  int width = 0;
  for (std::string_view rest = piece; !rest.empty();) {
    const std::string character = TakeCharacter(rest, width);
    if (character == " ") {
      if (!word_.empty()) WriteWord();
      spaces_ += character;
      continue;
    }
    // Chinese and Japanese break between any two characters.
    if (width == 2 && !word_.empty()) WriteWord();
    word_ += character;
    if (width == 2) WriteWord();
  }
  out_.flush();
}

void WrappingWriter::WriteWord() {
  const int needed = static_cast<int>(spaces_.size()) + DisplayWidth(word_);
  if (width_ > 0 && column_ + needed > width_ && column_ > indent_) {
    out_ << '\n' << std::string(indent_, ' ') << word_;
    column_ = indent_ + DisplayWidth(word_);
  } else {
    out_ << spaces_ << word_;
    column_ += needed;
  }
  spaces_.clear();
  word_.clear();
}

void WrappingWriter::Finish() {
  WriteWord();
  out_.flush();
}

}  // namespace idiolect
