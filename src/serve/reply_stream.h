// One StreamReply: text as the engine decodes it, then the summary.
//
// The engine's thread brings text, gRPC's threads report that a message has gone out; one message is in flight at a
// time. Text that comes meanwhile is joined into the next message, so a slow client gets fewer and longer ones, and
// what waits here is never more than one reply.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "idiolect/engine.h"
#include "idiolect/v1/dialogue.pb.h"
#include "serve/backend.h"
#include "serve/cancellation.h"

namespace idiolect {

class ReplyStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  static ReplyStream* Start(Backend& backend, grpc::CallbackServerContext* context, const grpc::ByteBuffer* request);

  // From the engine's thread. After OnReply the stream may be gone.
  void OnText(std::string_view piece);
  void OnReply(absl::StatusOr<Reply> reply);

 private:
  ReplyStream(Backend& backend, grpc::CallbackServerContext* context);
  void Run();                             // on a store thread
  void Fail(const absl::Status& status);  // before the engine has the request
  void Advance(std::unique_lock<std::mutex> lock);

  void OnWriteDone(bool ok) override;
  void OnCancel() override { cancellation_->Cancel(); }
  void OnDone() override { delete this; }

  Backend& backend_;
  CallRecord record_;
  grpc::CallbackServerContext* const context_;
  const std::shared_ptr<Cancellation> cancellation_ = std::make_shared<Cancellation>();
  Caller caller_;
  v1::StreamReplyRequest request_;
  grpc::ByteBuffer outgoing_;  // of the write in flight

  std::mutex mutex_;
  bool writing_ = false;
  bool text_seen_ = false;
  bool replied_ = false;  // the engine is done
  absl::Status outcome_;  // of the engine, or of the writes
  std::string pending_text_;
  v1::GenerateReplyResponse summary_;
};

}  // namespace idiolect
