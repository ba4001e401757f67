// Answers calls of methods that there are not, so that who has no key can't tell them from those that there are.
#pragma once

#include "grpcpp/generic/async_generic_service.h"
#include "serve/gate.h"

namespace idiolect {

// kUnauthenticated as everywhere without a valid key, else kUnimplemented.
class UnknownMethods final : public grpc::CallbackGenericService {
 public:
  explicit UnknownMethods(const Gate& gate) : gate_(gate) {}

 private:
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override;

  const Gate& gate_;
};

}  // namespace idiolect
