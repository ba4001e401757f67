// Carries a client's hanging up to the engine, whichever comes first: the cancellation or the ticket.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "idiolect/engine.h"

namespace idiolect {

// Shared between the call and the thread that submits it: by the time Submit returns, the engine may have answered and
// the call be gone.
class Cancellation {
 public:
  void Cancel() {
    std::lock_guard lock(mutex_);
    cancelled_ = true;
    if (ticket_ != nullptr) ticket_->Cancel();
  }

  void Hold(std::shared_ptr<Ticket> ticket) {
    std::lock_guard lock(mutex_);
    ticket_ = std::move(ticket);
    if (cancelled_) ticket_->Cancel();
  }

  bool cancelled() const {
    std::lock_guard lock(mutex_);
    return cancelled_;
  }

 private:
  mutable std::mutex mutex_;
  bool cancelled_ = false;
  std::shared_ptr<Ticket> ticket_;
};

}  // namespace idiolect
