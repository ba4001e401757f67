#include "train/held_signals.h"

#include <atomic>

namespace idiolect {
namespace {

std::atomic<int> held{0};
void Hold(int signal) { held = signal; }

}  // namespace

HeldSignals::HeldSignals() {
  held = 0;
  struct sigaction hold = {};
  hold.sa_handler = Hold;
  hold.sa_flags = SA_RESTART;  // what is being read is read on
  for (size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &hold, &before_[i]);
}

HeldSignals::~HeldSignals() {
  for (size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &before_[i], nullptr);
  if (any()) raise(held);
}

bool HeldSignals::any() const { return held != 0; }

}  // namespace idiolect
