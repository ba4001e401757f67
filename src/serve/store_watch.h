// Asks the store again and again whether it can be reached, and tells Health. A single failure is forgiven, so that one
// slow moment takes no server out of the rotation.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "absl/time/time.h"
#include "idiolect/history_store.h"
#include "serve/health.h"

namespace idiolect {

class StoreWatch {
 public:
  // Both must outlive it.
  StoreWatch(HistoryStore& store, Health& health, absl::Duration interval);
  ~StoreWatch();

 private:
  void Watch();
  void Check();

  HistoryStore& store_;
  Health& health_;
  const absl::Duration interval_;
  int failures_ = 0;  // in a row; the thread's own
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses everything above
};

}  // namespace idiolect
