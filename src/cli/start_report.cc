#include "cli/start_report.h"

#include <algorithm>
#include <ostream>
#include <thread>

#include "cli/layout.h"

namespace idiolect {
namespace {

int ThreadsOf(const EngineOptions& options) {
  return options.engines > 0 ? options.engines : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

std::string WithoutPassword(const std::string& url) {
  const size_t host = url.rfind('@'), user = url.find("://");
  if (host == std::string::npos || user == std::string::npos) return url;
  const size_t password = url.find(':', user + 3);
  return password < host ? url.substr(0, password + 1) + "********" + url.substr(host) : url;
}

void ReportStore(const ServeSettings& settings, std::ostream& out) {
  const bool sealed = !settings.master_key.empty() || !settings.master_key_file.empty();
  out << "store " << WithoutPassword(settings.store_url)
      << (sealed ? ", texts encrypted under the master key" : ", texts not encrypted") << std::endl;
}

void ReportModel(const ModelInfo& model, std::ostream& out) {
  out << "model " << model.name << ", " << WithCommas(model.parameter_count) << " parameters, content "
      << model.content_hash.substr(0, 12) << std::endl;
}

void ReportEngine(const EngineOptions& options, const ModelInfo& model, std::ostream& out) {
  out << "engine " << model.precision << " on " << model.device << ", " << ThreadsOf(options) << " threads, batches of "
      << options.max_batch_rows << " rows, " << WithCommas(options.max_queue) << " requests may wait, "
      << (options.profile_cache_bytes >> 20) << " MiB of profiles" << std::endl;
}

}  // namespace idiolect
