#include "cli/store_flags.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "store/master_key.h"

namespace idiolect {

absl::Status FindVault(const std::string& master_key_file, std::shared_ptr<const TextVault>& vault) {
  absl::StatusOr<std::optional<SecretKey>> key = FindMasterKey(master_key_file);
  if (!key.ok()) return key.status();
  if (key->has_value()) vault = std::make_shared<TextVault>(**std::move(key));
  return absl::OkStatus();
}

absl::Status ParseTimesToLive(const std::vector<std::string>& values, std::map<std::string, absl::Duration>& times) {
  for (const std::string& value : values) {
    const size_t equals = value.rfind('=');
    const std::string tenant = equals == std::string::npos ? "" : value.substr(0, equals);
    double days = 0;
    if (!absl::SimpleAtod(equals == std::string::npos ? value : value.substr(equals + 1), &days) || !(days > 0)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--ttl-days: '", value, "' is neither a number of days nor TENANT=DAYS"));
    }
    times[tenant] = absl::Hours(24) * days;
  }
  return absl::OkStatus();
}

}  // namespace idiolect
