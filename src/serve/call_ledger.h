// Which calls are in flight: who waits for them at the end, and what the log says of the failed ones.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "grpcpp/support/status_code_enum.h"

namespace idiolect {

class CallLedger {
 public:
  // From now on calls are refused.
  void StartDraining();
  // Waits until no call is in flight; false when `limit` passed first.
  bool AwaitIdle(absl::Duration limit);

 private:
  friend class CallRecord;
  bool Enter();  // false while draining; must be left all the same
  void Leave();

  std::mutex mutex_;
  std::condition_variable idle_;
  int in_flight_ = 0;
  bool draining_ = false;
};

// One call, from its arrival until gRPC is done with it.
class CallRecord {
 public:
  // `method` is a literal, "DialogueService.GenerateReply".
  CallRecord(CallLedger& ledger, std::string_view method);
  ~CallRecord();  // logs a failure that isn't the client's: method, code and duration; never a text, never a user
  CallRecord(const CallRecord&) = delete;
  CallRecord& operator=(const CallRecord&) = delete;

  // kUnavailable while the server drains.
  absl::Status admission() const;
  void set_code(grpc::StatusCode code) { code_ = code; }

 private:
  CallLedger& ledger_;
  const std::string_view method_;
  const absl::Time start_ = absl::Now();
  const bool admitted_;
  grpc::StatusCode code_ = grpc::StatusCode::OK;
};

}  // namespace idiolect
