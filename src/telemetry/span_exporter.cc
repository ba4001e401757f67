#include "telemetry/span_exporter.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "grpcpp/grpcpp.h"
#include "otlp/trace.grpc.pb.h"

namespace idiolect {
namespace {

namespace otlp = opentelemetry::proto::collector::trace::v1;

constexpr size_t kBatch = 512, kMostWaiting = 8192;
constexpr std::chrono::seconds kInterval{1}, kCallLimit{5}, kLastCallLimit{2};

std::shared_ptr<grpc::Channel> Connect(const std::string& endpoint) {
  absl::string_view address = endpoint;
  const bool tls = absl::ConsumePrefix(&address, "https://");
  absl::ConsumePrefix(&address, "http://");
  address = address.substr(0, address.find('/'));
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // a collector stands next door
  return grpc::CreateCustomChannel(
      std::string(address),
      tls ? grpc::SslCredentials(grpc::SslCredentialsOptions()) : grpc::InsecureChannelCredentials(), arguments);
}

void Add(const std::string& key, const SpanAttributes::value_type::second_type& value, otlp::KeyValue& out) {
  out.set_key(key);
  otlp::AnyValue& any = *out.mutable_value();
  if (const auto* text = std::get_if<std::string>(&value)) any.set_string_value(*text);
  if (const auto* number = std::get_if<int64_t>(&value)) any.set_int_value(*number);
  if (const auto* number = std::get_if<double>(&value)) any.set_double_value(*number);
  if (const auto* flag = std::get_if<bool>(&value)) any.set_bool_value(*flag);
}

void ToProto(const Span& span, otlp::Span& out) {
  out.set_trace_id(span.trace_id);
  out.set_span_id(span.span_id);
  out.set_parent_span_id(span.parent_span_id);
  out.set_name(span.name);
  out.set_kind(span.is_call ? otlp::Span::SPAN_KIND_SERVER : otlp::Span::SPAN_KIND_INTERNAL);
  out.set_start_time_unix_nano(absl::ToUnixNanos(span.start));
  out.set_end_time_unix_nano(absl::ToUnixNanos(span.end));
  for (const auto& [key, value] : span.attributes) Add(key, value, *out.add_attributes());
  if (span.failed) out.mutable_status()->set_code(otlp::Status::STATUS_CODE_ERROR);
}

std::string HostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace

class SpanExporter::Collector {
 public:
  Collector(const std::string& endpoint, std::string version)
      : stub_(otlp::TraceService::NewStub(Connect(endpoint))), version_(std::move(version)), host_(HostName()) {}

  // How many of the spans it did not take.
  int64_t Send(const std::vector<Span>& spans, std::chrono::seconds limit) {
    otlp::ExportTraceServiceRequest request;
    otlp::ResourceSpans& process = *request.add_resource_spans();
    Add("service.name", std::string("idiolect"), *process.mutable_resource()->add_attributes());
    Add("service.version", version_, *process.mutable_resource()->add_attributes());
    Add("host.name", host_, *process.mutable_resource()->add_attributes());
    otlp::ScopeSpans& scope = *process.add_scope_spans();
    scope.mutable_scope()->set_name("idiolect");
    for (const Span& span : spans) ToProto(span, *scope.add_spans());
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + limit);
    context.set_wait_for_ready(true);  // it may be restarting
    otlp::ExportTraceServiceResponse response;
    const grpc::Status status = stub_->Export(&context, request, &response);
    return status.ok() ? response.partial_success().rejected_spans() : static_cast<int64_t>(spans.size());
  }

 private:
  const std::unique_ptr<otlp::TraceService::Stub> stub_;
  const std::string version_, host_;
};

SpanExporter::SpanExporter(const std::string& endpoint, std::string version, std::shared_ptr<Metrics> metrics)
    : collector_(std::make_unique<Collector>(endpoint, std::move(version))),
      metrics_(std::move(metrics)),
      thread_([this] { Work(); }) {}

SpanExporter::~SpanExporter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void SpanExporter::Export(std::vector<Span> spans) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() + spans.size() > kMostWaiting) {
    metrics_->OnSpansDropped(static_cast<int64_t>(spans.size()));
    return;
  }
  std::move(spans.begin(), spans.end(), std::back_inserter(waiting_));
  if (waiting_.size() >= kBatch) changed_.notify_all();
}

void SpanExporter::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait_for(lock, kInterval, [this] { return stopping_ || waiting_.size() >= kBatch; });
    const bool last = stopping_;
    const std::vector<Span> batch = std::exchange(waiting_, {});
    lock.unlock();
    const int64_t dropped = batch.empty() ? 0 : collector_->Send(batch, last ? kLastCallLimit : kCallLimit);
    if (dropped > 0) metrics_->OnSpansDropped(dropped);
    if (last) return;
    lock.lock();
  }
}

}  // namespace idiolect
