// An exchange as the line that `import` reads.
#pragma once

#include <string>

#include "idiolect/v1/history.pb.h"

namespace idiolect {

// Without the line's end. Reading it gives every field back, the time to the microsecond (until the year 2242, after
// which JSON's numbers are too coarse for that).
std::string ToJsonLine(const std::string& user, const v1::Exchange& exchange);

}  // namespace idiolect
