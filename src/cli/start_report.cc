#include "cli/start_report.h"

#include <algorithm>
#include <ostream>
#include <thread>

#include "cli/layout.h"
#include "store/postgres_url.h"

namespace idiolect {
namespace {

int ThreadsOf(const EngineOptions& options) {
  return options.engines > 0 ? options.engines : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

void ReportStore(const ServeSettings& settings, std::ostream& out) {
  const bool sealed = !settings.master_key.empty() || !settings.master_key_file.empty();
  out << "store " << ShownStoreUrl(settings.store_url)
      << (sealed ? ", texts encrypted under the master key" : ", texts not encrypted") << std::endl;
}

void ReportModel(const ModelInfo& model, std::ostream& out) {
  out << "model " << model.name << ", " << WithCommas(model.parameter_count) << " parameters, content "
      << model.content_hash.substr(0, 12) << std::endl;
}

void ReportProtection(const ServerOptions& options, std::ostream& out) {
  const bool tls = options.tls.enabled(), mutual = !options.tls.client_ca.empty();
  out << "access " << (tls ? "over TLS with " + options.tls.cert : "without TLS")
      << (mutual ? ", clients show certificates of " + options.tls.client_ca : "")
      << (options.api_keys_file.empty() ? ", nobody is asked for a key" : ", API keys of " + options.api_keys_file)
      << (options.audit_file.empty() ? ", no audit log" : ", audit log " + options.audit_file) << std::endl;
}

void ReportEngine(const EngineOptions& options, const ModelInfo& model, std::ostream& out) {
  out << "engine " << model.precision << " on " << model.device << ", " << ThreadsOf(options) << " threads, batches of "
      << options.max_batch_rows << " rows, " << WithCommas(options.max_queue) << " requests may wait, "
      << (options.profile_cache_bytes >> 20) << " MiB of profiles" << std::endl;
}

}  // namespace idiolect
