// Which calls are in flight: who waits for them at the end, and what log, metrics and traces say of each.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/status_code_enum.h"
#include "serve/log_limit.h"
#include "telemetry/call_trace.h"
#include "telemetry/metrics.h"

namespace idiolect {

class CallRecord;

class CallLedger {
 public:
  // `metrics` must outlive it.
  CallLedger(Metrics& metrics, const Tracing& tracing) : metrics_(metrics), tracing_(tracing) {}

  // From now on calls are refused.
  void StartDraining();
  // Waits until no call is in flight, and then until none has come for a moment: those that come while gRPC shuts down
  // are told CANCELLED, which clients don't repeat, instead of our UNAVAILABLE. A server without calls does not wait at
  // all. False when `limit` passed while calls were in flight.
  bool AwaitIdle(absl::Duration limit);
  // Cancels calls whose client has not taken what was sent to it for `limit`. So what waits for slow readers is
  // bounded.
  void CancelStuck(absl::Duration limit);
  // Has gRPC tell the clients of all calls in flight CANCELLED. The calls end by themselves, soon after.
  void CancelAll();

 private:
  friend class CallRecord;
  bool Enter(CallRecord& call);  // false while draining; must be left all the same
  void Leave(CallRecord& call);
  bool AwaitEmpty(std::unique_lock<std::recursive_mutex>& lock, absl::Duration limit);
  void AwaitQuiet(std::unique_lock<std::recursive_mutex>& lock);

  Metrics& metrics_;
  const Tracing tracing_;
  // Recursive: gRPC may end a call, which then leaves, on the thread that cancels it.
  std::recursive_mutex mutex_;
  std::condition_variable_any idle_;
  std::set<CallRecord*> in_flight_;
  std::atomic<int64_t> unsent_bytes_{0};
  bool draining_ = false;
  absl::Time last_arrival_ = absl::InfinitePast();
  std::array<LogLimit, 17> failures_;  // by code
};

// One call, from its arrival until gRPC is done with it.
class CallRecord {
 public:
  // `method` is a literal, "DialogueService.GenerateReply".
  CallRecord(CallLedger& ledger, std::string_view method, grpc::CallbackServerContext& context);
  // Counts the call and logs it: method, code, duration and request id; never a text, never a user. Failures that are
  // not the client's stand out, one a second of each code.
  ~CallRecord();
  CallRecord(const CallRecord&) = delete;
  CallRecord& operator=(const CallRecord&) = delete;

  // kUnavailable while the server drains.
  absl::Status admission() const;
  std::string_view method() const { return method_; }
  // Null where the call is not traced.
  const std::shared_ptr<CallTrace>& trace() const { return trace_; }
  void set_code(grpc::StatusCode code) { code_ = code; }

  // To be asked before so many bytes are given to gRPC for the client: false where they would be more than the server
  // holds for all clients together. Small ones always go.
  bool StartSending(int64_t bytes, int64_t max_unsent_bytes);
  // The client has taken them.
  void Sent();

  // What the call keeps of its answer until the client has taken more; counts among what waits for slow readers.
  void Keep(int64_t bytes);
  // Whether a long answer would be refused at this moment, so that it need not be read from the store.
  bool HasRoom(int64_t max_unsent_bytes) const;

 private:
  friend class CallLedger;
  static constexpr int64_t kNotSending = std::numeric_limits<int64_t>::max();
  void Log(absl::Duration took) const;
  void EndTrace(absl::Time end) const;
  CallLedger& ledger_;
  const std::string_view method_;
  grpc::CallbackServerContext& context_;
  const std::string request_id_;
  const absl::Time start_ = absl::Now();
  const std::shared_ptr<CallTrace> trace_;
  const bool admitted_;
  std::atomic<int64_t> unsent_bytes_{0};
  int64_t kept_bytes_ = 0;
  std::atomic<int64_t> sending_since_ms_{kNotSending};  // of the unix time
  grpc::StatusCode code_ = grpc::StatusCode::OK;
};

}  // namespace idiolect
