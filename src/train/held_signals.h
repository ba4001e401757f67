// Puts off SIGINT, SIGTERM and SIGHUP while something lies about that must not stay: they take effect when this goes.
#pragma once

#include <csignal>
#include <iterator>

namespace idiolect {

// One at a time.
class HeldSignals {
 public:
  HeldSignals();
  ~HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  bool any() const;  // has come

 private:
  static constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
  struct sigaction before_[std::size(kSignals)];
};

}  // namespace idiolect
