// From a validated request for a reply to what `engine` takes: reads the user's history. Blocks for the store.
#pragma once

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "serve/backend.h"
#include "serve/convert.h"
#include "telemetry/call_trace.h"

namespace idiolect {

// `Proto` is GenerateReplyRequest or StreamReplyRequest.
template <typename Proto>
absl::StatusOr<ReplyRequest> MakeReplyRequest(Backend& backend, const Engine& engine, const Proto& proto, UserKey user,
                                              absl::Time deadline) {
  absl::StatusOr<History> history = backend.store.Recent(user, engine.model_info().max_history, proto.min_revision());
  if (!history.ok()) return history.status();
  return ReplyRequest{.user = std::move(user),
                      .history = *std::move(history),
                      .post = proto.post(),
                      .decoding = FromProto(proto.decoding()),
                      .explain = proto.explain(),
                      .deadline = deadline};
}

// Tells metrics and traces of the reply to a request, once there is one.
class ReplyReport {
 public:
  ReplyReport(Backend& backend, const ReplyRequest& request, std::shared_ptr<CallTrace> trace)
      : metrics_(*backend.metrics),
        history_length_(static_cast<int>(request.history.exchanges.size())),
        trace_(std::move(trace)) {}

  void operator()(const Reply& reply) const {
    metrics_.OnAnswer(reply, history_length_);
    if (trace_ != nullptr) Trace(reply);
  }

 private:
  void Trace(const Reply& reply) const {
    const ReplyTiming& timing = reply.timing;
    const absl::Time submitted = absl::Now() - timing.total;
    const int64_t tokens = reply.candidates.empty() ? 0 : static_cast<int64_t>(reply.candidates[0].tokens.size());
    trace_->Add("queue", submitted, submitted + timing.queue);
    trace_->Add("profile", submitted + timing.queue, submitted + timing.first_token,
                {{"built", timing.profile_built}, {"exchanges", static_cast<int64_t>(history_length_)}});
    trace_->Add("decode", submitted + timing.first_token, submitted + timing.total,
                {{"tokens", tokens}, {"candidates", static_cast<int64_t>(reply.candidates.size())}});
  }

  Metrics& metrics_;
  int history_length_;
  std::shared_ptr<CallTrace> trace_;
};

}  // namespace idiolect
