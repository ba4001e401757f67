// ModelService: which model is serving, and another in its place.
#pragma once

#include "idiolect/v1/model.grpc.pb.h"
#include "serve/backend.h"

namespace idiolect {

class ModelService final : public v1::ModelService::WithRawCallbackMethod_GetModel<
                               v1::ModelService::WithRawCallbackMethod_LoadModel<v1::ModelService::Service>> {
 public:
  explicit ModelService(Backend& backend) : backend_(backend) {}

  grpc::ServerUnaryReactor* GetModel(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                     grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* LoadModel(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;

 private:
  Backend& backend_;
};

}  // namespace idiolect
