#include "serve/unknown_methods.h"

#include "serve/rpc_status.h"

namespace idiolect {
namespace {

class Refusal final : public grpc::ServerGenericBidiReactor {
 public:
  explicit Refusal(const absl::Status& status) { Finish(ToGrpcStatus(status)); }

 private:
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerGenericBidiReactor* UnknownMethods::CreateReactor(grpc::GenericCallbackServerContext* context) {
  Caller caller;
  absl::Status status = gate_.Identify(*context, caller);
  if (status.ok()) status = absl::UnimplementedError("there is no such method");
  return new Refusal(status);
}

}  // namespace idiolect
