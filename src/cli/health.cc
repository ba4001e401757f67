#include "cli/health.h"

#include "absl/synchronization/notification.h"
#include "google/protobuf/wrappers.pb.h"
#include "grpcpp/generic/generic_stub.h"

namespace idiolect {

// The health service's request is one string in field 1 and its answer one enumeration in field 1: on the wire the same
// as protobuf's own StringValue and Int32Value, so no second copy of its .proto is needed here.
absl::StatusOr<std::string> CheckHealth(Client& client, const std::string& service) {
  using Stub = grpc::TemplatedGenericStub<google::protobuf::StringValue, google::protobuf::Int32Value>;
  Stub stub(client.channel());
  grpc::ClientContext context;
  client.SetDeadline(context);
  google::protobuf::StringValue request;
  request.set_value(service);
  google::protobuf::Int32Value response;
  grpc::Status status;
  absl::Notification done;
  stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", grpc::StubOptions(), &request, &response,
                 [&](grpc::Status result) {
                   status = std::move(result);
                   done.Notify();
                 });
  done.WaitForNotification();
  if (!status.ok()) return client.ToStatus(status);
  if (response.value() == 1) return "serving";
  return response.value() == 2 ? "not serving" : "unknown";
}

}  // namespace idiolect
