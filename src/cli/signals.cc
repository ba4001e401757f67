#include "cli/signals.h"

#include <chrono>

#include "spdlog/spdlog.h"

namespace idiolect {

Signals::Signals() {
  sigemptyset(&signals_);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals_, signal);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

void Signals::Await(const std::function<void()>& reload) {
  for (;;) {
    int signal = 0;
    sigwait(&signals_, &signal);
    if (signal != SIGHUP) {
      spdlog::info("{} received, draining", signal == SIGTERM ? "SIGTERM" : "SIGINT");
      return;
    }
    if (reloading_.valid() && reloading_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      spdlog::warn("SIGHUP received while a model is being loaded: dropped");
      continue;
    }
    spdlog::info("SIGHUP received, loading the model anew");
    reloading_ = std::async(std::launch::async, reload);
  }
}

}  // namespace idiolect
