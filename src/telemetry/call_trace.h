// The spans of one call: the call itself, and below it what was done for it. They are sent when the call ends.
//
// Who works for a call on some thread (the store, above all) finds its trace by CallTrace::Current, so that nobody in
// between has to hand it on.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "telemetry/span_exporter.h"
#include "telemetry/trace_context.h"

namespace idiolect {

// Thread-safe.
class CallTrace {
 public:
  // Continues the caller's trace, or begins one.
  CallTrace(std::shared_ptr<SpanExporter> exporter, std::string name, const std::optional<TraceContext>& caller,
            absl::Time start);

  // A part of the call. Nothing is kept of what comes after the end.
  void Add(std::string name, absl::Time start, absl::Time end, SpanAttributes attributes = {});
  void End(absl::Time end, bool failed, SpanAttributes attributes);

  std::string trace_id_hex() const;

  // Makes a trace, which may be null, this thread's for as long as it lives.
  class Scope {
   public:
    explicit Scope(std::shared_ptr<CallTrace> trace);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    const std::shared_ptr<CallTrace> trace_;
    CallTrace* const outer_;
  };
  static CallTrace* Current();  // null where there is none

 private:
  const std::shared_ptr<SpanExporter> exporter_;
  std::mutex mutex_;
  Span call_;
  std::vector<Span> parts_;
  bool ended_ = false;
};

// Which calls are traced, and where their spans go. Copies share the exporter.
struct Tracing {
  std::shared_ptr<SpanExporter> exporter;  // null: none
  double share = 0;                        // of the calls whose caller has not decided, 0 to 1

  // Null for a call that is not traced. `traceparent` is the caller's, or empty.
  std::shared_ptr<CallTrace> Start(std::string_view method, std::string_view traceparent, absl::Time start) const;
};

}  // namespace idiolect
