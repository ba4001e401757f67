#include "serve/erasures.h"

#include <utility>

namespace idiolect {

void Erasures::Erased(const UserKey& user) {
  count_.fetch_add(1);
  engine_.Forget(user);
}

HistoryUse::HistoryUse(Erasures& erasures, UserKey user)
    : erasures_(erasures), user_(std::move(user)), count_at_start_(erasures.count_.load()) {}

void HistoryUse::End() const {
  if (erasures_.count_.load() == count_at_start_) return;
  // Not here: the engine must not be called back from its own thread.
  erasures_.executor_.Continue([&engine = erasures_.engine_, user = user_] { engine.Forget(user); });
}

}  // namespace idiolect
