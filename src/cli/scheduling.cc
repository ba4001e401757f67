#include "cli/scheduling.h"

#include <sched.h>

namespace idiolect {

void PreferThroughput() {
  const sched_param none{};
  if (sched_getscheduler(0) == SCHED_OTHER) (void)sched_setscheduler(0, SCHED_BATCH, &none);  // a wish
}

}  // namespace idiolect
