#include "serve/dialogue_service.h"

#include <utility>

#include "serve/convert.h"
#include "serve/reply_request.h"
#include "serve/reply_stream.h"
#include "serve/server_timing.h"
#include "serve/unary_call.h"

namespace idiolect {
namespace {

using ReplyCall = UnaryCall<v1::GenerateReplyRequest, v1::GenerateReplyResponse>;
using ScoreCall = UnaryCall<v1::ScoreRepliesRequest, v1::ScoreRepliesResponse>;

class ReplyToCall final : public ReplyObserver {
 public:
  ReplyToCall(ReplyCall& call, HistoryUse use, ReplyReport report)
      : call_(call), use_(std::move(use)), report_(std::move(report)) {}

  void OnDone(absl::StatusOr<Reply> reply) override {
    use_.End();
    if (reply.ok()) {
      report_(*reply);
      call_.response() = ToProto(*reply);
      call_.AddTrailer(kServerTiming, ToServerTiming(reply->timing));
    }
    call_.End(reply.status());
  }

 private:
  ReplyCall& call_;
  const HistoryUse use_;
  const ReplyReport report_;
};

void Generate(Backend& backend, ReplyCall& call) {
  HistoryUse use = backend.UseHistory(call.User());
  absl::StatusOr<ReplyRequest> request =
      MakeReplyRequest(backend, *use.engine(), call.request(), call.User(), call.deadline());
  if (!request.ok()) return call.End(request.status());
  const std::shared_ptr<Cancellation> cancellation = call.cancellation();
  const ModelHost::Lease engine = use.engine();  // the reply may have come by the time that SubmitReply returns
  auto observer =
      std::make_shared<ReplyToCall>(call, std::move(use), ReplyReport(backend, *request, call.record().trace()));
  auto ticket = engine->SubmitReply(*std::move(request), std::move(observer));
  if (!ticket.ok()) return call.End(ticket.status());
  cancellation->Hold(*std::move(ticket));
}

// Differences of log-probabilities add up over a reply, a likelihood falls with its length.
bool IsPerToken(const v1::ScoreRepliesRequest& request) {
  if (request.normalization() == v1::NORMALIZATION_UNSPECIFIED) return request.scoring() == v1::SCORING_LIKELIHOOD;
  return request.normalization() == v1::NORMALIZATION_PER_TOKEN;
}

void Score(Backend& backend, ScoreCall& call) {
  const v1::ScoreRepliesRequest& request = call.request();
  const HistoryUse use = backend.UseHistory(call.User());
  const Scoring scoring = FromProto(request.scoring());
  absl::StatusOr<History> history = backend.store.Recent(
      call.User(), HistoryWanted(scoring, use.engine()->model_info().max_history), request.min_revision());
  if (!history.ok()) return call.End(history.status());
  ScoreRequest score{.user = call.User(),
                     .history = *std::move(history),
                     .post = request.post(),
                     .candidates = {request.candidates().begin(), request.candidates().end()},
                     .scoring = scoring,
                     .per_token = IsPerToken(request),
                     .deadline = call.deadline()};
  const std::shared_ptr<Cancellation> cancellation = call.cancellation();
  auto ticket = use.engine()->SubmitScore(std::move(score), [&call, use](absl::StatusOr<Scores> scores) {
    use.End();
    if (scores.ok()) call.response() = ToProto(*scores);
    call.End(scores.status());
  });
  if (!ticket.ok()) {
    use.End();  // what the engine has counted stays with it, though it refuses the rest
    return call.End(ticket.status());
  }
  cancellation->Hold(*std::move(ticket));
}

}  // namespace

grpc::ServerUnaryReactor* DialogueService::GenerateReply(grpc::CallbackServerContext* context,
                                                         const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return ReplyCall::Start(backend_, "DialogueService.GenerateReply", context, request, response,
                          [this](ReplyCall& call) { Generate(backend_, call); });
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* DialogueService::StreamReply(grpc::CallbackServerContext* context,
                                                                         const grpc::ByteBuffer* request) {
  return ReplyStream::Start(backend_, context, request);
}

grpc::ServerUnaryReactor* DialogueService::ScoreReplies(grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return ScoreCall::Start(backend_, "DialogueService.ScoreReplies", context, request, response,
                          [this](ScoreCall& call) { Score(backend_, call); });
}

}  // namespace idiolect
