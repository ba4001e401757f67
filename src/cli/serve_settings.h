// Everything that `idiolect serve` can be told, by file, environment and flags. To add a setting: a variable in the
// options that it belongs to, and one line in serve_settings.cc.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cli/engine_flags.h"
#include "cli/observe_settings.h"
#include "config/settings.h"
#include "serve/server_options.h"
#include "store/text_vault.h"

namespace idiolect {

struct ServeSettings {
  std::string model_dir, store_url;
  ServerOptions server;
  EngineFlags engine;
  ObserveSettings observe;
  double drain_seconds = 20;
  double idle_connection_seconds = 600, handshake_seconds = 10, silent_connection_seconds = 10, stuck_seconds = 30;

  std::string master_key, master_key_file;
  std::vector<std::string> ttl_days;
  int64_t max_history = 100'000;
  bool wipe_memory = true;
  bool unsafe_lose_power_cuts = false;

  void AddTo(Settings& settings);

  // What no single setting's range says. kInvalidArgument.
  absl::Status Check() const;

  // Puts the times into `server`, where they are durations.
  void ConvertTimes();

  // Of the master key, in its file or as it is; null where there is neither.
  absl::Status FindVault(std::shared_ptr<const TextVault>& vault) const;
};

}  // namespace idiolect
