// Sends spans to an OpenTelemetry collector over OTLP/gRPC, some hundred at a time, from a thread of its own. Whoever
// ends a span never waits: what the collector does not take in time is dropped, and counted.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "telemetry/metrics.h"
#include "telemetry/span.h"

namespace idiolect {

class SpanExporter {
 public:
  // `endpoint` is HOST:PORT or http://HOST:PORT in the clear, https://HOST:PORT with the system's certificates. The
  // collector may come later. `version` is the server's.
  SpanExporter(const std::string& endpoint, std::string version, std::shared_ptr<Metrics> metrics);
  ~SpanExporter();  // sends what is left, for at most two seconds
  SpanExporter(const SpanExporter&) = delete;
  SpanExporter& operator=(const SpanExporter&) = delete;

  // Any thread.
  void Export(std::vector<Span> spans);

 private:
  class Collector;  // the stub
  void Work();

  const std::unique_ptr<Collector> collector_;
  const std::shared_ptr<Metrics> metrics_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Span> waiting_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses everything above
};

}  // namespace idiolect
