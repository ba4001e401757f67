// DialogueService: replies, streamed replies, scores.
#pragma once

#include "idiolect/v1/dialogue.grpc.pb.h"
#include "serve/backend.h"

namespace idiolect {

class DialogueService final
    : public v1::DialogueService::WithRawCallbackMethod_GenerateReply<
          v1::DialogueService::WithRawCallbackMethod_StreamReply<
              v1::DialogueService::WithRawCallbackMethod_ScoreReplies<v1::DialogueService::Service>>> {
 public:
  explicit DialogueService(Backend& backend) : backend_(backend) {}

  grpc::ServerUnaryReactor* GenerateReply(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* StreamReply(grpc::CallbackServerContext* context,
                                                          const grpc::ByteBuffer* request) override;
  grpc::ServerUnaryReactor* ScoreReplies(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;

 private:
  Backend& backend_;
};

}  // namespace idiolect
