// Lines that somebody types, with editing and a history of lines where that is at a terminal.
#pragma once

#include <memory>
#include <string>

#include "cli/console.h"

namespace idiolect {

class LineInput {
 public:
  virtual ~LineInput() = default;
  // The next line without its end; false at the end of the input. A space is put after the prompt.
  virtual bool Next(const std::string& prompt, std::string& line) = 0;
};

// Plain lines without a prompt where the input is no terminal, so that it can be piped.
std::unique_ptr<LineInput> MakeLineInput(Console& console);

}  // namespace idiolect
