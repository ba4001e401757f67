// A collector of traces on a free port of this machine, which keeps what it is sent.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/grpcpp.h"
#include "otlp/trace.grpc.pb.h"

namespace idiolect::testing {

namespace otlp = opentelemetry::proto::collector::trace::v1;

class FakeCollector final : public otlp::TraceService::Service {
 public:
  FakeCollector() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~FakeCollector() override { server_->Shutdown(); }

  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }
  void Reject(int64_t spans) { rejected_ = spans; }

  // All spans so far, once there are `count` or half a minute has passed.
  std::vector<otlp::Span> Await(size_t count) const {
    for (int i = 0; i < 3000 && spans().size() < count; ++i) absl::SleepFor(absl::Milliseconds(10));
    return spans();
  }
  std::vector<otlp::Span> spans() const {
    const std::lock_guard lock(mutex_);
    return spans_;
  }
  otlp::Resource resource() const {
    const std::lock_guard lock(mutex_);
    return resource_;
  }

 private:
  grpc::Status Export(grpc::ServerContext*, const otlp::ExportTraceServiceRequest* request,
                      otlp::ExportTraceServiceResponse* response) override {
    const std::lock_guard lock(mutex_);
    for (const otlp::ResourceSpans& process : request->resource_spans()) {
      resource_ = process.resource();
      for (const otlp::ScopeSpans& scope : process.scope_spans()) {
        spans_.insert(spans_.end(), scope.spans().begin(), scope.spans().end());
      }
    }
    if (rejected_ > 0) response->mutable_partial_success()->set_rejected_spans(rejected_);
    return grpc::Status::OK;
  }

  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<otlp::Span> spans_;
  otlp::Resource resource_;
  std::atomic<int64_t> rejected_{0};
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace idiolect::testing
