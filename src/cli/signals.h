// The signals by which an operator speaks to `serve`: SIGTERM and SIGINT end it, SIGHUP loads the model anew.
#pragma once

#include <csignal>
#include <functional>
#include <future>

namespace idiolect {

class Signals {
 public:
  // Blocks them in this thread and in all that it starts from now on, so that Await gets them. Before any thread
  // starts.
  Signals();

  // Returns when the process is asked to end. Each SIGHUP meanwhile runs `reload` on a thread of its own, one at a
  // time; one that comes while the last is still running is dropped, with a line in the log.
  void Await(const std::function<void()>& reload);

 private:
  sigset_t signals_;
  std::future<void> reloading_;  // waited for at the end
};

}  // namespace idiolect
