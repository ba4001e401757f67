#include "cli/observe_settings.h"

namespace idiolect {

void ObserveSettings::AddTo(Settings& s) {
  s.Add("metrics_listen", metrics_listen, "HOST:PORT that answers GET /metrics for Prometheus; empty: none");
  s.Add("trace_endpoint", trace_endpoint,
        "OTLP/gRPC collector that is sent traces, HOST:PORT or https://HOST:PORT; empty: none");
  s.Add("trace_share", trace_share, {0, 1}, "Of the calls whose clients have not decided by traceparent");
  s.Add("log_format", log_format, "Lines of the log, on standard error").OneOf({"text", "json"});
  s.Add("log_level", log_level, "The least that is logged; debug has a line a call")
      .OneOf({"debug", "info", "warn", "error"});
}

}  // namespace idiolect
