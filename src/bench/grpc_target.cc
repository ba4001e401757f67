#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/grpc_calls.h"
#include "bench/target.h"
#include "grpcpp/grpcpp.h"
#include "idiolect/v1/dialogue.grpc.pb.h"
#include "idiolect/v1/history.grpc.pb.h"
#include "routing/user_route.h"

namespace idiolect {
namespace {

class GrpcTarget : public BenchTarget {
 public:
  GrpcTarget(std::shared_ptr<grpc::Channel> channel, const Workload& workload, const BenchAsk& ask,
             const Engine* engine)
      : channel_(std::move(channel)),
        dialogue_(v1::DialogueService::NewStub(channel_)),
        history_(v1::HistoryService::NewStub(channel_)),
        workload_(workload),
        ask_(ask),
        engine_(engine) {
    for (const BenchUser& user : workload.users()) routes_.push_back(RouteOf(user.key.user_id));
  }

  // Every call has been answered by then.
  ~GrpcTarget() override {
    queue_.Shutdown();
    events_.join();
  }

  void Send(const BenchRequest& request, Done done) override {
    if (ask_.score_candidates > 0) return SendScore(request, std::move(done));
    if (ask_.stream) return SendStream(request, std::move(done));
    v1::GenerateReplyRequest proto;
    Fill(request, proto);
    auto* call = new UnaryCall<v1::GenerateReplyResponse>(std::move(done));
    Prepare(call->context(), request.user);
    call->Start(dialogue_->AsyncGenerateReply(&call->context(), proto, &queue_));
  }

  absl::Status Append(int user, int64_t number) override {
    grpc::ClientContext context;
    v1::AppendExchangeRequest request;
    v1::AppendExchangeResponse response;
    RouteTo(context, user);
    request.set_user_id(workload_.users()[user].key.user_id);
    request.mutable_exchange()->set_post(workload_.Post(user, number));
    request.mutable_exchange()->set_response(workload_.Response(number));
    return FromGrpc(history_->AppendExchange(&context, request, &response));
  }

  absl::Status Import() {
    grpc::ClientContext context;
    v1::ImportExchangesResponse response;
    const auto writer = history_->ImportExchanges(&context, &response);
    v1::ImportExchangesRequest record;
    for (const BenchUser& user : workload_.users()) {
      for (const Exchange& exchange : user.exchanges) {
        record.set_user_id(user.key.user_id);
        record.set_request_id(absl::StrCat("bench-", exchange.sequence));
        record.mutable_exchange()->set_post(exchange.post);
        record.mutable_exchange()->set_response(exchange.response);
        if (!writer->Write(record)) return FromGrpc(writer->Finish());
      }
    }
    writer->WritesDone();
    return FromGrpc(writer->Finish());
  }

  std::optional<EngineStats> stats() const override {
    if (engine_ == nullptr) return std::nullopt;
    return engine_->stats();
  }

 private:
  void Prepare(grpc::ClientContext& context, int user) const {
    RouteTo(context, user);
    if (ask_.timeout != absl::InfiniteDuration()) context.set_deadline(absl::ToChronoTime(absl::Now() + ask_.timeout));
  }

  void RouteTo(grpc::ClientContext& context, int user) const { context.AddMetadata(kRouteHeader, routes_[user]); }

  template <typename Proto>
  void Fill(const BenchRequest& request, Proto& proto) const {
    proto.set_user_id(workload_.users()[request.user].key.user_id);
    proto.set_post(workload_.Post(request.user, request.number));
    v1::DecodingOptions& decoding = *proto.mutable_decoding();
    decoding.set_temperature(ask_.decoding.temperature);
    decoding.set_top_p(ask_.decoding.top_p);
    decoding.set_top_k(ask_.decoding.top_k);
    decoding.set_max_tokens(ask_.decoding.max_tokens);
    decoding.set_beam_size(ask_.decoding.beam_size);
    decoding.set_candidate_count(ask_.decoding.candidate_count);
    decoding.set_guidance(ask_.decoding.guidance);
    decoding.set_word_guidance(ask_.decoding.word_guidance);
    decoding.set_seed(static_cast<uint64_t>(request.number));
  }

  void SendStream(const BenchRequest& request, Done done) {
    v1::StreamReplyRequest proto;
    Fill(request, proto);
    auto* call = new StreamCall(std::move(done));
    Prepare(call->context(), request.user);
    call->Start(*dialogue_, proto, queue_);
  }

  void SendScore(const BenchRequest& request, Done done) {
    v1::ScoreRepliesRequest proto;
    proto.set_user_id(workload_.users()[request.user].key.user_id);
    proto.set_post(workload_.Post(request.user, request.number));
    for (int i = 0; i < ask_.score_candidates; ++i) proto.add_candidates(workload_.Response(request.number + i));
    auto* call = new UnaryCall<v1::ScoreRepliesResponse>(std::move(done));
    Prepare(call->context(), request.user);
    call->Start(dialogue_->AsyncScoreReplies(&call->context(), proto, &queue_));
  }

  void RunEvents() {
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) static_cast<PendingCall*>(tag)->OnEvent(ok);
  }

  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::DialogueService::Stub> dialogue_;
  const std::unique_ptr<v1::HistoryService::Stub> history_;
  const Workload& workload_;
  const BenchAsk ask_;
  const Engine* const engine_;
  std::vector<std::string> routes_;  // by user
  grpc::CompletionQueue queue_;
  std::thread events_{[this] { RunEvents(); }};
};

}  // namespace

absl::StatusOr<std::unique_ptr<BenchTarget>> MakeGrpcTarget(std::shared_ptr<grpc::Channel> channel,
                                                            const Workload& workload, const BenchAsk& ask, bool import,
                                                            const Engine* engine) {
  auto target = std::make_unique<GrpcTarget>(std::move(channel), workload, ask, engine);
  if (import) {
    if (absl::Status s = target->Import(); !s.ok()) return s;
  }
  return target;
}

}  // namespace idiolect
