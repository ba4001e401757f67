#include "serve/call_ledger.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "serve/request_id.h"
#include "serve/rpc_status.h"
#include "telemetry/log.h"

namespace idiolect {
namespace {

// A proxy that asks for the server's health every second needs two to see that it drains.
constexpr absl::Duration kQuiet = absl::Milliseconds(250), kLongestLinger = absl::Seconds(5);

// Replies are small: they go on while long lists wait for slow readers.
constexpr int64_t kSmallBytes = 16 << 10;

// The other codes tell the client what it did wrong, or that it hung up.
bool IsServerFault(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::UNKNOWN:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DATA_LOSS:
      return true;
    default:
      return false;
  }
}

}  // namespace

void CallLedger::StartDraining() {
  const std::lock_guard lock(mutex_);
  draining_ = true;
}

bool CallLedger::AwaitIdle(absl::Duration limit) {
  std::unique_lock lock(mutex_);
  if (!AwaitEmpty(lock, limit)) return false;
  AwaitQuiet(lock);
  return true;
}

bool CallLedger::AwaitEmpty(std::unique_lock<std::recursive_mutex>& lock, absl::Duration limit) {
  const auto idle = [this] { return in_flight_.empty(); };
  if (limit < absl::Hours(24 * 365)) return idle_.wait_for(lock, absl::ToChronoNanoseconds(limit), idle);
  idle_.wait(lock, idle);  // so far ahead the clock's arithmetic overflows
  return true;
}

void CallLedger::AwaitQuiet(std::unique_lock<std::recursive_mutex>& lock) {
  const absl::Time latest = absl::Now() + kLongestLinger;
  for (absl::Time now = absl::Now(); now < std::min(latest, last_arrival_ + kQuiet); now = absl::Now()) {
    idle_.wait_for(lock, absl::ToChronoMilliseconds(last_arrival_ + kQuiet - now + absl::Milliseconds(1)));
  }
}

void CallLedger::CancelAll() {
  const std::lock_guard lock(mutex_);
  const std::set<CallRecord*> calls = in_flight_;
  for (CallRecord* call : calls) {
    if (in_flight_.count(call) > 0) call->context_.TryCancel();
  }
}

void CallLedger::CancelStuck(absl::Duration limit) {
  const int64_t begun_by_ms = absl::ToUnixMillis(absl::Now() - limit);
  const std::lock_guard lock(mutex_);
  const std::set<CallRecord*> calls = in_flight_;
  for (CallRecord* call : calls) {
    if (in_flight_.count(call) > 0 && call->sending_since_ms_.load() < begun_by_ms) call->context_.TryCancel();
  }
}

bool CallLedger::Enter(CallRecord& call) {
  const std::lock_guard lock(mutex_);
  in_flight_.insert(&call);
  last_arrival_ = absl::Now();
  return !draining_;
}

void CallLedger::Leave(CallRecord& call) {
  // Notified under the lock: whoever waits may destroy the ledger as soon as it is released.
  const std::lock_guard lock(mutex_);
  in_flight_.erase(&call);
  if (in_flight_.empty()) idle_.notify_all();
}

CallRecord::CallRecord(CallLedger& ledger, std::string_view method, grpc::CallbackServerContext& context)
    : ledger_(ledger),
      method_(method),
      context_(context),
      request_id_(RequestIdOf(context)),
      trace_(ledger.tracing_.Start(method, MetadataOf(context, "traceparent"), start_)),
      admitted_(ledger.Enter(*this)) {
  ledger_.metrics_.OnCallStart();
  // In the trailer: a refusal with headers of its own is no longer one that gRPC's clients repeat by themselves.
  context_.AddTrailingMetadata(kRequestIdKey, request_id_);
}

bool CallRecord::StartSending(int64_t bytes, int64_t max_unsent_bytes) {
  const int64_t all = ledger_.unsent_bytes_.fetch_add(bytes) + bytes;
  if (bytes > kSmallBytes && all > max_unsent_bytes) {
    ledger_.unsent_bytes_.fetch_sub(bytes);
    return false;
  }
  unsent_bytes_ += bytes;
  sending_since_ms_ = absl::ToUnixMillis(absl::Now());
  return true;
}

void CallRecord::Sent() {
  sending_since_ms_ = kNotSending;
  ledger_.unsent_bytes_.fetch_sub(unsent_bytes_.exchange(0));
}

void CallRecord::Keep(int64_t bytes) { ledger_.unsent_bytes_.fetch_add(bytes - std::exchange(kept_bytes_, bytes)); }

bool CallRecord::HasRoom(int64_t max_unsent_bytes) const { return ledger_.unsent_bytes_.load() <= max_unsent_bytes; }

CallRecord::~CallRecord() {
  Sent();
  Keep(0);
  const absl::Time end = absl::Now();
  const absl::Duration took = end - start_;
  ledger_.metrics_.OnCallEnd(method_, StatusCodeName(code_), took);
  Log(took);
  if (trace_ != nullptr) EndTrace(end);
  ledger_.Leave(*this);
}

void CallRecord::Log(absl::Duration took) const {
  const double ms = absl::ToDoubleMilliseconds(took);
  const std::string trace_id = trace_ == nullptr ? "" : trace_->trace_id_hex();
  // What is refused while the server drains is no news.
  if (!admitted_ || !IsServerFault(code_)) {
    return LogEvent(spdlog::level::debug, "call ended",
                    {{"method", method_},
                     {"code", StatusCodeName(code_)},
                     {"ms", ms},
                     {"request_id", request_id_},
                     {"trace_id", trace_id}});
  }
  const auto left_out = ledger_.failures_.at(static_cast<size_t>(code_)).Admit(absl::Now());
  if (!left_out.has_value()) return;
  LogEvent(spdlog::level::warn, "call failed",
           {{"method", method_},
            {"code", StatusCodeName(code_)},
            {"ms", ms},
            {"request_id", request_id_},
            {"trace_id", trace_id},
            {"others_with_this_code_since_the_last_line", *left_out}});
}

void CallRecord::EndTrace(absl::Time end) const {
  const size_t dot = method_.find('.');
  trace_->End(end, IsServerFault(code_),
              {{"rpc.system", "grpc"},
               {"rpc.service", "idiolect.v1." + std::string(method_.substr(0, dot))},
               {"rpc.method", std::string(method_.substr(dot + 1))},
               {"rpc.grpc.status_code", static_cast<int64_t>(code_)},
               {"idiolect.request_id", request_id_}});
}

absl::Status CallRecord::admission() const {
  return admitted_ ? absl::OkStatus() : absl::UnavailableError("the server is shutting down");
}

}  // namespace idiolect
