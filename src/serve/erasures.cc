#include "serve/erasures.h"

#include <utility>

namespace idiolect {

HistoryUse::HistoryUse(ModelHost& models, StoreExecutor& executor, UserKey user)
    : models_(models),
      executor_(executor),
      user_(std::move(user)),
      engine_(models.Current()),
      count_at_start_(models.erasures()) {}

void HistoryUse::End() const {
  if (models_.erasures() == count_at_start_) return;
  // Not here: the engine must not be called back from its own thread.
  executor_.Continue([&models = models_, user = user_] { models.Forget(user); });
}

}  // namespace idiolect
