// What `serve` prints when it starts: one line on each thing that it depends on, as soon as that is there, so that a
// glance tells what runs, and where a start hangs or fails.
#pragma once

#include <iosfwd>

#include "cli/serve_settings.h"
#include "idiolect/engine.h"

namespace idiolect {

void ReportStore(const ServeSettings& settings, std::ostream& out);
void ReportModel(const ModelInfo& model, std::ostream& out);
void ReportProtection(const ServerOptions& options, std::ostream& out);
void ReportEngine(const EngineOptions& options, const ModelInfo& model, std::ostream& out);

}  // namespace idiolect
