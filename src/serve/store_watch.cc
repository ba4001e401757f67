#include "serve/store_watch.h"

#include "spdlog/spdlog.h"

namespace idiolect {
namespace {

constexpr int kFailuresToBeGone = 2;

}  // namespace

StoreWatch::StoreWatch(HistoryStore& store, Health& health, absl::Duration interval)
    : store_(store), health_(health), interval_(interval), thread_([this] { Watch(); }) {}

StoreWatch::~StoreWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

void StoreWatch::Watch() {
  std::unique_lock lock(mutex_);
  while (!stopped_.wait_for(lock, absl::ToChronoNanoseconds(interval_), [this] { return stopping_; })) {
    lock.unlock();
    Check();
    lock.lock();
  }
}

void StoreWatch::Check() {
  const absl::Status reached = store_.Ping();
  if (reached.ok()) {
    if (failures_ >= kFailuresToBeGone) {
      spdlog::info("the store can be reached again: ready");
      health_.SetStoreReachable(true);
    }
    failures_ = 0;
  } else if (++failures_ == kFailuresToBeGone) {
    spdlog::error("the store can't be reached, not ready: {}", std::string(reached.message()));
    health_.SetStoreReachable(false);
  }
}

}  // namespace idiolect
