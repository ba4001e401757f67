#include "serve/model_service.h"

#include "serve/unary_call.h"

namespace idiolect {
namespace {

using ModelCall = UnaryCall<v1::GetModelRequest, v1::GetModelResponse>;

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

}  // namespace

grpc::ServerUnaryReactor* ModelService::GetModel(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                 grpc::ByteBuffer* response) {
  return ModelCall::Answer(backend_, "ModelService.GetModel", context, request, response, [this](ModelCall& call) {
    call.response() = Describe(backend_.engine.model_info(), backend_.limits);
    call.End(absl::OkStatus());
  });
}

}  // namespace idiolect
