#include "tests/serve/raw_call.h"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"

namespace idiolect::testing {
namespace {

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string ToString(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (buffer.Dump(&slices).ok()) {
    for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

bool Await(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  return queue.Next(&tag, &ok) && ok;
}

template <typename Detail>
std::vector<Detail> DetailsOf(const grpc::Status& status) {
  std::vector<Detail> found;
  google::rpc::Status rpc;
  if (!rpc.ParseFromString(status.error_details())) return found;
  for (const auto& any : rpc.details()) {
    Detail detail;
    if (any.UnpackTo(&detail)) found.push_back(std::move(detail));
  }
  return found;
}

}  // namespace

RawAnswer RawCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                  const std::vector<std::string>& requests, const CallMetadata& metadata) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  for (const auto& [name, value] : metadata) context.AddMetadata(name, value);
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  grpc::CompletionQueue queue;
  RawAnswer answer;
  auto call = stub.PrepareCall(&context, method, &queue);
  call->StartCall(nullptr);
  bool open = Await(queue);
  for (size_t i = 0; open && i < requests.size(); ++i) {
    call->Write(ToBuffer(requests[i]), nullptr);
    open = Await(queue);
  }
  if (open) {
    call->WritesDone(nullptr);
    Await(queue);
  }
  for (;;) {
    grpc::ByteBuffer message;
    call->Read(&message, nullptr);
    if (!Await(queue)) break;
    answer.messages.push_back(ToString(message));
  }
  call->Finish(&answer.status, nullptr);
  Await(queue);
  return answer;
}

std::vector<std::string> ViolationsOf(const grpc::Status& status) {
  std::vector<std::string> violations;
  for (const auto& detail : DetailsOf<google::rpc::BadRequest>(status)) {
    for (const auto& violation : detail.field_violations()) {
      violations.push_back(violation.field() + ": " + violation.description());
    }
  }
  return violations;
}

std::vector<std::string> FieldsOf(const grpc::Status& status) {
  std::vector<std::string> fields = ViolationsOf(status);
  for (std::string& field : fields) field.resize(field.find(": "));
  return fields;
}

int RetryDelayMs(const grpc::Status& status) {
  int delay_ms = 0;
  for (const auto& retry : DetailsOf<google::rpc::RetryInfo>(status)) {
    delay_ms = static_cast<int>(retry.retry_delay().seconds() * 1000 + retry.retry_delay().nanos() / 1'000'000);
  }
  return delay_ms;
}

}  // namespace idiolect::testing
