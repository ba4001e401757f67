#include "cli/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstdlib>
#include <iostream>

#include "absl/strings/str_cat.h"

namespace idiolect {
namespace {

constexpr int kNarrowest = 40;

int TerminalWidth() {
  winsize size = {};
  const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return std::max<int>(kNarrowest, known ? size.ws_col : 80);
}

bool ColoursWanted() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return (no_color == nullptr || *no_color == '\0') && (terminal == nullptr || std::string(terminal) != "dumb");
}

void ReadTextAsUtf8() {
  std::setlocale(LC_CTYPE, "");
  if (MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
}

}  // namespace

std::string Paint::Marked(int index, const std::string& text) const {
  // Green, blue, magenta, yellow, cyan: all readable on dark and light.
  constexpr const char* kColours[] = {"4;32", "4;34", "4;35", "4;33", "4;36"};
  return Wrap(kColours[index % 5], text);
}

std::string Paint::Wrap(const std::string& code, const std::string& text) const {
  return on_ && !text.empty() ? absl::StrCat("\033[", code, "m", text, "\033[0m") : text;
}

Console StandardConsole() {
  ReadTextAsUtf8();
  Console console{std::cin, std::cout, std::cerr};
  console.in_is_terminal = isatty(STDIN_FILENO);
  console.out_is_terminal = isatty(STDOUT_FILENO);
  console.err_is_terminal = isatty(STDERR_FILENO);
  console.paint = Paint(console.out_is_terminal && ColoursWanted());
  console.width = TerminalWidth();
  return console;
}

}  // namespace idiolect
