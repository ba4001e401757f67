// ProfileService: what the model makes of a user's history.
#pragma once

#include "idiolect/v1/profile.grpc.pb.h"
#include "serve/backend.h"

namespace idiolect {

class ProfileService final
    : public v1::ProfileService::WithRawCallbackMethod_GetProfile<v1::ProfileService::WithRawCallbackMethod_QueryMemory<
          v1::ProfileService::WithRawCallbackMethod_ListUsers<v1::ProfileService::Service>>> {
 public:
  explicit ProfileService(Backend& backend) : backend_(backend) {}

  grpc::ServerUnaryReactor* GetProfile(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* QueryMemory(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListUsers(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;

 private:
  Backend& backend_;
};

}  // namespace idiolect
