// Does something again and again on a thread of its own.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "absl/time/time.h"

namespace idiolect {

class Periodic {
 public:
  // `work` is called every `interval`, for the first time after one, until this is destroyed.
  Periodic(absl::Duration interval, std::function<void()> work);
  ~Periodic();  // waits for a `work` that is under way
  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;

 private:
  void Run();

  const absl::Duration interval_;
  const std::function<void()> work_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses everything above
};

}  // namespace idiolect
