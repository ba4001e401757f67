// Where a verb reads and writes, and what the screen there can do. Tests pass strings for the streams.
#pragma once

#include <iosfwd>
#include <string>

namespace idiolect {

// Wraps text in the terminal's colour codes, or leaves it alone where there is no terminal.
class Paint {
 public:
  explicit Paint(bool on) : on_(on) {}
  std::string Bold(const std::string& text) const { return Wrap("1", text); }
  std::string Dim(const std::string& text) const { return Wrap("2", text); }
  std::string Red(const std::string& text) const { return Wrap("31", text); }
  // Underlined, in one of several colours; the same index gives the same colour.
  std::string Marked(int index, const std::string& text) const;

 private:
  std::string Wrap(const std::string& code, const std::string& text) const;
  bool on_;
};

struct Console {
  std::istream& in;
  std::ostream& out;  // what was asked for
  std::ostream& err;  // errors and progress
  bool in_is_terminal = false;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  Paint paint = Paint(false);  // for `out`
  int width = 80;              // columns
};

// The process's own streams. Colours only where `out` is a terminal and NO_COLOR is unset or empty. Makes the C library
// read text as UTF-8 where the environment names no character set.
Console StandardConsole();

}  // namespace idiolect
