#include "serve/erasures.h"

#include <utility>

namespace idiolect {

void Erasures::Erased(const UserKey& user) {
  count_.fetch_add(1);
  models_.Forget(user);
}

HistoryUse::HistoryUse(Erasures& erasures, UserKey user)
    : erasures_(erasures),
      user_(std::move(user)),
      engine_(erasures.models_.Current()),
      count_at_start_(erasures.count_.load()) {}

void HistoryUse::End() const {
  if (erasures_.count_.load() == count_at_start_) return;
  // Not here: the engine must not be called back from its own thread.
  erasures_.executor_.Continue([&models = erasures_.models_, user = user_] { models.Forget(user); });
}

}  // namespace idiolect
