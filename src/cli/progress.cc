#include "cli/progress.h"

#include <algorithm>
#include <ostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "cli/layout.h"

namespace idiolect {
namespace {

constexpr int kBarColumns = 20;
constexpr absl::Duration kRedraw = absl::Milliseconds(100);
constexpr absl::Duration kNewLine = absl::Seconds(10);

std::string DescribeRate(const ProgressState& state) {
  const double seconds = absl::ToDoubleSeconds(state.elapsed);
  const int64_t rate = seconds > 0 ? static_cast<int64_t>(state.lines / seconds) : 0;
  return absl::StrCat(WithCommas(state.lines), " lines  ", WithCommas(rate), "/s");
}

}  // namespace

std::string ClockTime(absl::Duration duration) {
  const int64_t seconds = std::max<int64_t>(0, absl::ToInt64Seconds(duration));
  if (seconds < 3600) return absl::StrFormat("%d:%02d", seconds / 60, seconds % 60);
  return absl::StrFormat("%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string FormatProgress(const std::string& name, const ProgressState& state, int width) {
  std::string facts = DescribeRate(state);
  if (state.total_bytes > 0) {
    const double fraction = std::clamp(static_cast<double>(state.done_bytes) / state.total_bytes, 0.0, 1.0);
    facts = absl::StrFormat("[%s] %3d%%  %s", PadRight(Bar(fraction, kBarColumns), kBarColumns),
                            static_cast<int>(fraction * 100), facts);
    if (fraction > 0) absl::StrAppend(&facts, "  ", ClockTime(state.elapsed * (1 / fraction - 1)), " left");
  }
  const int room = width - DisplayWidth(facts) - 2;
  return room < 4 ? Cut(facts, width) : absl::StrCat(Cut(name, room), "  ", facts);
}

Progress::Progress(Console& console, std::string name)
    : console_(console),
      name_(std::move(name)),
      start_(absl::Now()),
      next_(start_ + (console.err_is_terminal ? kRedraw : kNewLine)) {}

void Progress::Update(int64_t done_bytes, int64_t total_bytes, int64_t lines) {
  const absl::Time now = absl::Now();
  if (now < next_) return;
  const ProgressState state{done_bytes, total_bytes, lines, now - start_};
  if (console_.err_is_terminal) {
    console_.err << "\r\033[K" << FormatProgress(name_, state, console_.width - 1) << std::flush;
    drawn_ = true;
  } else {
    console_.err << FormatProgress(name_, state, 1000) << std::endl;
  }
  next_ = now + (console_.err_is_terminal ? kRedraw : kNewLine);
}

void Progress::Clear() {
  if (drawn_) console_.err << "\r\033[K" << std::flush;
  drawn_ = false;
}

}  // namespace idiolect
