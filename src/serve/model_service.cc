#include "serve/model_service.h"

#include "absl/time/clock.h"
#include "serve/convert.h"
#include "serve/unary_call.h"

namespace idiolect {
namespace {

using ModelCall = UnaryCall<v1::GetModelRequest, v1::GetModelResponse>;
using LoadCall = UnaryCall<v1::LoadModelRequest, v1::LoadModelResponse>;

v1::GetModelResponse Describe(const ModelInfo& info, const Limits& limits) {
  v1::GetModelResponse response;
  response.set_name(info.name);
  response.set_config_json(info.config_json);
  response.set_content_hash(info.content_hash);
  response.set_parameter_count(info.parameter_count);
  response.set_precision(info.precision);
  response.set_device(info.device);
  v1::ModelLimits& model_limits = *response.mutable_limits();
  model_limits.set_max_history(info.max_history);
  model_limits.set_max_post_tokens(info.max_post_tokens);
  model_limits.set_max_response_tokens(info.max_response_tokens);
  model_limits.set_max_text_bytes(limits.max_text_bytes);
  model_limits.set_max_score_candidates(kMaxScoreCandidates);
  response.set_server_version(IDIOLECT_VERSION);
  return response;
}

absl::Status Load(Backend& backend, LoadCall& call) {
  const absl::Time start = absl::Now();
  const std::string dir = backend.models.SiblingDir(call.request().name());
  const absl::StatusOr<ModelHost::Lease> loaded = backend.models.Load(dir, call.request().content_hash());
  if (!loaded.ok()) return loaded.status();
  const ModelInfo& info = (*loaded)->model_info();
  call.response().set_name(info.name);
  call.response().set_content_hash(info.content_hash);
  *call.response().mutable_load_time() = ToProto(absl::Now() - start);
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* ModelService::GetModel(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                 grpc::ByteBuffer* response) {
  return ModelCall::Answer(backend_, "ModelService.GetModel", context, request, response, [this](ModelCall& call) {
    call.response() = Describe(backend_.models.Current()->model_info(), backend_.limits());
    call.End(absl::OkStatus());
  });
}

grpc::ServerUnaryReactor* ModelService::LoadModel(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                  grpc::ByteBuffer* response) {
  return LoadCall::Start(backend_, "ModelService.LoadModel", context, request, response,
                         [this](LoadCall& call) { call.End(Load(backend_, call)); });
}

}  // namespace idiolect
