// What the verbs that open a store have in common on the command line.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "store/text_vault.h"

namespace idiolect {

// Of the master key in the file, or else in IDIOLECT_MASTER_KEY; null where there is neither.
absl::Status FindVault(const std::string& master_key_file, std::shared_ptr<const TextVault>& vault);

// Values of --ttl-days, "30" or "acme=30", by tenant; "" is everybody else.
absl::Status ParseTimesToLive(const std::vector<std::string>& values, std::map<std::string, absl::Duration>& times);

}  // namespace idiolect
