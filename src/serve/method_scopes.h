// What a caller's key must allow for each method, and what the audit log says of it. The table is the whole policy; a
// method that is not in it is refused.
#pragma once

#include <optional>
#include <string_view>

#include "access/scope.h"

namespace idiolect {

struct MethodScope {
  std::string_view method;        // "HistoryService.ExportUser"
  std::optional<Scope> scope;     // none: any valid key
  std::string_view audited = {};  // "read", "export" or "erase"; empty: not recorded
};

// Null where the method is unknown.
const MethodScope* FindMethodScope(std::string_view method);

}  // namespace idiolect
