#include "serve/reply_stream.h"

#include <utility>

#include "serve/caller.h"
#include "serve/convert.h"
#include "serve/reply_request.h"
#include "serve/rpc_status.h"
#include "serve/server_timing.h"
#include "serve/wire.h"

namespace idiolect {
namespace {

class ReplyToStream final : public ReplyObserver {
 public:
  ReplyToStream(ReplyStream& stream, HistoryUse use, ReplyReport report)
      : stream_(stream), use_(std::move(use)), report_(std::move(report)) {}

  bool wants_text() const override { return true; }
  void OnText(std::string_view piece) override { stream_.OnText(piece); }
  void OnDone(absl::StatusOr<Reply> reply) override {
    use_.End();
    if (reply.ok()) report_(*reply);
    stream_.OnReply(std::move(reply));
  }

 private:
  ReplyStream& stream_;
  const HistoryUse use_;
  const ReplyReport report_;
};

}  // namespace

ReplyStream* ReplyStream::Start(Backend& backend, grpc::CallbackServerContext* context,
                                const grpc::ByteBuffer* request) {
  auto* stream = new ReplyStream(backend, context);
  absl::Status status = backend.Admit(stream->record_, *context, stream->caller_);
  if (status.ok()) status = backend.models.Current()->CheckQueue();
  if (status.ok()) status = ParseMessage(*request, stream->request_);
  if (status.ok()) status = Validate(stream->request_, backend.limits());
  if (status.ok()) status = backend.executor.Submit([stream] { stream->Run(); });
  if (!status.ok()) stream->Fail(status);
  return stream;
}

ReplyStream::ReplyStream(Backend& backend, grpc::CallbackServerContext* context)
    : backend_(backend), record_(backend.ledger, "DialogueService.StreamReply", *context), context_(context) {}

void ReplyStream::Run() {
  const CallTrace::Scope scope(record_.trace());
  const UserKey user = caller_.User(request_.user_id());
  HistoryUse use = backend_.UseHistory(user);
  absl::StatusOr<ReplyRequest> request =
      MakeReplyRequest(backend_, *use.engine(), request_, user, DeadlineOf(*context_));
  if (!request.ok()) return Fail(request.status());
  const std::shared_ptr<Cancellation> cancellation = cancellation_;  // the stream may end before Submit returns
  const ModelHost::Lease engine = use.engine();                      // the same
  auto observer =
      std::make_shared<ReplyToStream>(*this, std::move(use), ReplyReport(backend_, *request, record_.trace()));
  auto ticket = engine->SubmitReply(*std::move(request), std::move(observer));
  if (!ticket.ok()) return Fail(ticket.status());
  cancellation->Hold(*std::move(ticket));
}

void ReplyStream::Fail(const absl::Status& status) {
  const grpc::Status answer = ToGrpcStatus(status);
  record_.set_code(answer.error_code());
  Finish(answer);
}

void ReplyStream::OnText(std::string_view piece) {
  std::unique_lock lock(mutex_);
  text_seen_ = true;
  pending_text_ += piece;
  Advance(std::move(lock));
}

void ReplyStream::OnReply(absl::StatusOr<Reply> reply) {
  std::unique_lock lock(mutex_);
  replied_ = true;
  outcome_.Update(reply.status());
  if (reply.ok()) {
    // Several candidates and beam search have no text before the end.
    if (!text_seen_ && !reply->candidates.empty()) pending_text_ = reply->candidates[0].text;
    summary_ = ToProto(*reply);
    context_->AddTrailingMetadata(kServerTiming, ToServerTiming(reply->timing));
  }
  Advance(std::move(lock));
}

void ReplyStream::OnWriteDone(bool ok) {
  std::unique_lock lock(mutex_);
  writing_ = false;
  if (!ok) {
    outcome_.Update(absl::CancelledError("the client has gone"));
    cancellation_->Cancel();
  }
  Advance(std::move(lock));
}

// Starts the next write, or ends the stream, or does nothing because something is still in flight. gRPC is called
// without the lock; `writing_` and `replied_` see to it that one thread at a time comes that far, and that nobody comes
// after.
void ReplyStream::Advance(std::unique_lock<std::mutex> lock) {
  if (writing_) return;
  if (!outcome_.ok()) {
    if (!replied_) return;  // the engine still holds on to this
    lock.unlock();
    return Fail(outcome_);
  }
  v1::StreamReplyResponse message;
  const bool text = !pending_text_.empty();
  if (!text && !replied_) return;
  if (text) {
    message.set_text(std::exchange(pending_text_, {}));
  } else {
    *message.mutable_summary() = std::move(summary_);
  }
  writing_ = true;
  lock.unlock();
  outgoing_ = SerializeMessage(message);
  if (text) {
    StartWrite(&outgoing_);
  } else {
    StartWriteAndFinish(&outgoing_, grpc::WriteOptions(), grpc::Status::OK);
  }
}

}  // namespace idiolect
