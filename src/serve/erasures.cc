#include "serve/erasures.h"

#include <utility>

namespace idiolect {

HistoryUse::HistoryUse(Erasures& erasures, UserKey user)
    : erasures_(erasures),
      user_(std::move(user)),
      engine_(erasures.models_.Current()),
      count_at_start_(erasures.models_.erasures()) {}

void HistoryUse::End() const {
  if (erasures_.models_.erasures() == count_at_start_) return;
  // Not here: the engine must not be called back from its own thread.
  erasures_.executor_.Continue([&models = erasures_.models_, user = user_] { models.Forget(user); });
}

}  // namespace idiolect
