// How far a long job is: a bar that redraws itself at a terminal, a line now and then elsewhere.
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "cli/console.h"

namespace idiolect {

struct ProgressState {
  int64_t done_bytes = 0;
  int64_t total_bytes = 0;  // 0: not known
  int64_t lines = 0;
  absl::Duration elapsed;
};

// 75 seconds as "1:15", 4000 as "1:06:40".
std::string ClockTime(absl::Duration duration);

// "name  [████    ]  42%  12,345 lines  4,100/s  2:13 left" in at most `width` columns; the name gives way.
std::string FormatProgress(const std::string& name, const ProgressState& state, int width);

// Not thread-safe. Draws on the console's `err`.
class Progress {
 public:
  Progress(Console& console, std::string name);
  ~Progress() { Clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Draws when it is time to: ten times a second at a terminal, every ten seconds elsewhere.
  void Update(int64_t done_bytes, int64_t total_bytes, int64_t lines);
  // Takes the bar off the screen.
  void Clear();

 private:
  Console& console_;
  const std::string name_;
  const absl::Time start_;
  absl::Time next_;
  bool drawn_ = false;
};

}  // namespace idiolect
