#include "serve/export_stream.h"

#include <algorithm>
#include <utility>

#include "serve/caller.h"
#include "serve/convert.h"
#include "serve/rpc_status.h"
#include "serve/wire.h"

namespace idiolect {
namespace {

int64_t BytesOf(const Exchange& exchange) {
  return static_cast<int64_t>(sizeof(exchange) + exchange.post.size() + exchange.response.size());
}

}  // namespace

ExportStream* ExportStream::Start(Backend& backend, grpc::CallbackServerContext* context,
                                  const grpc::ByteBuffer* request) {
  auto* stream = new ExportStream(backend, context);
  absl::Status status = backend.Admit(stream->record_, *context, stream->caller_);
  if (status.ok()) status = ParseMessage(*request, stream->request_);
  if (status.ok()) status = Validate(stream->request_, backend.limits());
  if (status.ok()) status = backend.executor.Submit([stream] { stream->Begin(); }, StoreExecutor::Kind::kLong);
  if (!status.ok()) stream->End(status);
  return stream;
}

ExportStream::ExportStream(Backend& backend, grpc::CallbackServerContext* context)
    : backend_(backend), record_(backend.ledger, "HistoryService.ExportUser", *context) {}

void ExportStream::Begin() {
  const absl::Status recorded = backend_.audit.Begin(record_.method(), caller_, request_.user_id());
  recorded.ok() ? ReadPage() : End(recorded);
}

void ExportStream::ReadPage() {
  const CallTrace::Scope scope(record_.trace());
  const absl::Status admitted = backend_.gate.CheckStillAdmitted(caller_);
  if (!admitted.ok()) return End(admitted);
  const UserKey user = caller_.User(request_.user_id());
  const bool room = record_.HasRoom(backend_.options.max_unsent_bytes / 2);  // the other half is for lists
  page_size_ = room ? std::clamp(2 * page_size_, kFirstPage, kLongestPage) : 1;
  absl::StatusOr<ExchangePage> page =
      backend_.store.List(user, page_size_, page_.next_page_token, ListOrder::kOldestFirst);
  if (!page.ok()) return End(page.status());
  Keep(*std::move(page));
  WriteNext();
}

void ExportStream::Keep(ExchangePage page) {
  page_ = std::move(page);
  next_ = 0;
  int64_t bytes = 0;
  for (const Exchange& exchange : page_.exchanges) bytes += BytesOf(exchange);
  record_.Keep(bytes);
}

void ExportStream::WriteNext() {
  if (next_ < page_.exchanges.size()) {
    v1::ExportUserResponse message;
    *message.mutable_exchange() = ToProto(page_.exchanges[next_++], request_.user_id());
    outgoing_ = SerializeMessage(message);
    record_.StartSending(static_cast<int64_t>(outgoing_.Length()), backend_.options.max_unsent_bytes);
    StartWrite(&outgoing_);
  } else if (!page_.next_page_token.empty()) {
    backend_.executor.Continue([this] { ReadPage(); }, StoreExecutor::Kind::kLong);
  } else {
    End(absl::OkStatus());
  }
}

void ExportStream::OnWriteDone(bool ok) {
  record_.Sent();
  if (!ok) return End(absl::CancelledError("the client has gone"));
  WriteNext();
}

void ExportStream::End(const absl::Status& status) {
  const grpc::Status answer = ToGrpcStatus(status);
  record_.set_code(answer.error_code());
  Finish(answer);
}

}  // namespace idiolect
