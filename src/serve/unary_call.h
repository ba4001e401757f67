// A call with one request and one answer, from its arrival until gRPC is done with it.
//
// The call belongs to gRPC and deletes itself in OnDone. Whoever does its work holds a plain pointer and must call End
// exactly once, from any thread, and not touch the call afterwards.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "serve/backend.h"
#include "serve/caller.h"
#include "serve/cancellation.h"
#include "serve/rpc_status.h"
#include "serve/wire.h"

namespace idiolect {

// Requests that the engine answers: where its queue is full they are refused before they are read.
template <typename Request>
inline constexpr bool kNeedsEngine = false;
template <>
inline constexpr bool kNeedsEngine<v1::GenerateReplyRequest> = true;
template <>
inline constexpr bool kNeedsEngine<v1::ScoreRepliesRequest> = true;
template <>
inline constexpr bool kNeedsEngine<v1::QueryMemoryRequest> = true;

// Requests whose answers may be long: where too much waits for slow readers they are refused before they are read, and
// the store reads for few of them at a time.
template <typename Request>
inline constexpr bool kMayBeLong = false;
template <>
inline constexpr bool kMayBeLong<v1::ListExchangesRequest> = true;

template <typename Request, typename Response>
class UnaryCall final : public grpc::ServerUnaryReactor {
 public:
  using Work = std::function<void(UnaryCall&)>;

  // Parses and validates on the caller's thread, then does `work` on a store thread. `method` is a literal.
  static grpc::ServerUnaryReactor* Start(Backend& backend, std::string_view method,
                                         grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response, Work work) {
    auto* call = new UnaryCall(backend, method, context, response);
    absl::Status status = call->Accept(backend, *request);
    constexpr auto kKind = kMayBeLong<Request> ? StoreExecutor::Kind::kLong : StoreExecutor::Kind::kShort;
    if (status.ok()) status = backend.executor.Submit([call, work = std::move(work)] { call->Run(work); }, kKind);
    if (!status.ok()) call->End(status);
    return call;
  }

  // The same for work that waits for nobody, at once.
  static grpc::ServerUnaryReactor* Answer(Backend& backend, std::string_view method,
                                          grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response, const Work& work) {
    auto* call = new UnaryCall(backend, method, context, response);
    const absl::Status status = call->Accept(backend, *request);
    status.ok() ? work(*call) : call->End(status);
    return call;
  }

  const Request& request() const { return request_; }
  Response& response() { return response_; }
  absl::Time deadline() const { return DeadlineOf(*context_); }
  const Caller& caller() const { return caller_; }
  UserKey User() const { return caller_.User(request_.user_id()); }
  void AddTrailer(const std::string& key, const std::string& value) { context_->AddTrailingMetadata(key, value); }
  const CallRecord& record() const { return record_; }
  const std::shared_ptr<Cancellation>& cancellation() const { return cancellation_; }

  // Sends the response, or the error.
  void End(const absl::Status& status) {
    grpc::Status answer = ToGrpcStatus(status);
    if (answer.ok()) answer = Pack();
    record_.set_code(answer.error_code());
    if (begun_) audit_.End(record_.method(), caller_, UserId(), StatusCodeName(answer.error_code()));
    Finish(answer);
  }

 private:
  UnaryCall(Backend& backend, std::string_view method, grpc::CallbackServerContext* context, grpc::ByteBuffer* response)
      : audit_(backend.audit),
        max_unsent_bytes_(backend.options.max_unsent_bytes),
        record_(backend.ledger, method, *context),
        context_(context),
        out_(response) {}

  absl::Status Accept(const Backend& backend, const grpc::ByteBuffer& request) {
    absl::Status status = backend.Admit(record_, *context_, caller_);
    if constexpr (kNeedsEngine<Request>) {
      if (status.ok()) status = backend.models.Current()->CheckQueue();
    }
    if constexpr (kMayBeLong<Request>) {
      if (status.ok() && !record_.HasRoom(max_unsent_bytes_)) status = TooMuchWaits();
    }
    if (status.ok()) status = ParseMessage(request, request_);
    if (status.ok()) status = Validate(request_, backend.limits());
    return status;
  }

  void Run(const Work& work) {
    const CallTrace::Scope scope(record_.trace());
    // Nobody is waiting any more, and what has not begun need not.
    if (cancellation_->cancelled()) return End(absl::CancelledError("the client has gone"));
    // Whoever can't be recorded gets nothing.
    if (absl::Status status = audit_.Begin(record_.method(), caller_, UserId()); !status.ok()) return End(status);
    begun_ = true;
    work(*this);
  }

  grpc::Status Pack() {
    *out_ = SerializeMessage(response_);
    Response().Swap(&response_);  // or a client that is slow to read would cost it twice
    if (record_.StartSending(static_cast<int64_t>(out_->Length()), max_unsent_bytes_)) return grpc::Status::OK;
    out_->Clear();
    return ToGrpcStatus(TooMuchWaits());
  }

  static absl::Status TooMuchWaits() {
    return absl::ResourceExhaustedError("too much waits for clients that are slow to read");
  }

  // Empty where the request is not about one user.
  std::string UserId() const {
    if constexpr (requires { request_.user_id(); }) return request_.user_id();
    return "";
  }

  void OnCancel() override { cancellation_->Cancel(); }
  void OnDone() override { delete this; }

  const AuditTrail& audit_;
  const int64_t max_unsent_bytes_;
  CallRecord record_;
  grpc::CallbackServerContext* const context_;
  grpc::ByteBuffer* const out_;
  const std::shared_ptr<Cancellation> cancellation_ = std::make_shared<Cancellation>();
  Caller caller_;
  bool begun_ = false;  // and recorded
  Request request_;
  Response response_;
};

}  // namespace idiolect
