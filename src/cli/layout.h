// Text on a screen of fixed columns: widths, cutting, wrapping, numbers and bars. Widths count columns, of which a
// Chinese character takes two, and need a UTF-8 locale (see StandardConsole).
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "absl/time/time.h"

namespace idiolect {

int DisplayWidth(const std::string& text);

// Other people's text made safe and fit for one line of a screen: control characters, which could steer the terminal,
// become spaces; bytes that are not UTF-8 become U+FFFD.
std::string Printable(const std::string& text);

// At most `width` columns of `text`, ending in … where something was cut.
std::string Cut(const std::string& text, int width);

// `text` with spaces up to `width` columns; longer text as it is.
std::string PadRight(const std::string& text, int width);
std::string PadLeft(const std::string& text, int width);

// `fraction`, from 0 to 1, as a bar of blocks, at most `width` columns, in eighths of a column.
std::string Bar(double fraction, int width);

// 1234567 as "1,234,567".
std::string WithCommas(int64_t number);

// In local time, to the minute: "2016-05-09 14:05".
std::string ShortTime(absl::Time time);

// Writes text that comes in pieces, breaking lines between words at `width` columns and indenting what follows the
// first. A word is written when it is known to be whole; Finish writes the last one.
class WrappingWriter {
 public:
  // `column`: where the cursor stands now. `width` 0: breaks nothing.
  WrappingWriter(std::ostream& out, int width, int column, int indent)
      : out_(out), width_(width), column_(column), indent_(indent) {}
  // Whole UTF-8 characters.
  void Write(const std::string& piece);
  void Finish();

 private:
  void WriteWord();

  std::ostream& out_;
  const int width_;
  int column_;
  const int indent_;
  std::string spaces_, word_;  // read and not yet written
};

}  // namespace idiolect
