#include "telemetry/call_trace.h"

#include <random>
#include <utility>

#include "absl/strings/escaping.h"

namespace idiolect {
namespace {

constexpr size_t kTraceIdBytes = 16, kSpanIdBytes = 8;
constexpr size_t kMostParts = 1000;  // of a long import or export

thread_local CallTrace* current = nullptr;

bool Chosen(double share) {
  thread_local std::mt19937 random{std::random_device{}()};
  return std::uniform_real_distribution<>()(random) < share;
}

}  // namespace

CallTrace::CallTrace(std::shared_ptr<SpanExporter> exporter, std::string name,
                     const std::optional<TraceContext>& caller, absl::Time start)
    : exporter_(std::move(exporter)) {
  call_.trace_id = caller.has_value() ? caller->trace_id : RandomId(kTraceIdBytes);
  if (caller.has_value()) call_.parent_span_id = caller->span_id;
  call_.span_id = RandomId(kSpanIdBytes);
  call_.name = std::move(name);
  call_.is_call = true;
  call_.start = start;
}

void CallTrace::Add(std::string name, absl::Time start, absl::Time end, SpanAttributes attributes) {
  const std::lock_guard lock(mutex_);
  if (ended_ || parts_.size() >= kMostParts) return;
  Span& part = parts_.emplace_back();
  part.trace_id = call_.trace_id;
  part.parent_span_id = call_.span_id;
  part.span_id = RandomId(kSpanIdBytes);
  part.name = std::move(name);
  part.start = start;
  part.end = end;
  part.attributes = std::move(attributes);
}

void CallTrace::End(absl::Time end, bool failed, SpanAttributes attributes) {
  std::unique_lock lock(mutex_);
  if (std::exchange(ended_, true)) return;
  call_.end = end;
  call_.failed = failed;
  call_.attributes = std::move(attributes);
  std::vector<Span> spans = std::move(parts_);
  spans.push_back(call_);
  lock.unlock();
  exporter_->Export(std::move(spans));
}

std::string CallTrace::trace_id_hex() const { return absl::BytesToHexString(call_.trace_id); }

CallTrace::Scope::Scope(std::shared_ptr<CallTrace> trace) : trace_(std::move(trace)), outer_(current) {
  current = trace_.get();
}
CallTrace::Scope::~Scope() { current = outer_; }

CallTrace* CallTrace::Current() { return current; }

std::shared_ptr<CallTrace> Tracing::Start(std::string_view method, std::string_view traceparent,
                                          absl::Time start) const {
  if (exporter == nullptr) return nullptr;
  const std::optional<TraceContext> caller = ParseTraceparent(traceparent);
  if (!(caller.has_value() ? caller->sampled : Chosen(share))) return nullptr;
  return std::make_shared<CallTrace>(exporter, std::string(method), caller, start);
}

}  // namespace idiolect
