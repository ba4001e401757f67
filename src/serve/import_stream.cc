#include "serve/import_stream.h"

#include <memory>
#include <utility>

#include "serve/caller.h"
#include "serve/convert.h"
#include "serve/field_violations.h"
#include "serve/rpc_status.h"
#include "serve/wire.h"

namespace idiolect {

ImportStream* ImportStream::Start(Backend& backend, grpc::CallbackServerContext* context, grpc::ByteBuffer* response) {
  auto* stream = new ImportStream(backend, context, response);
  std::unique_lock lock(stream->mutex_);
  stream->failure_ = backend.Admit(stream->record_, *context, stream->caller_);
  stream->Advance(std::move(lock));
  return stream;
}

ImportStream::ImportStream(Backend& backend, grpc::CallbackServerContext* context, grpc::ByteBuffer* response)
    : backend_(backend), record_(backend.ledger, "HistoryService.ImportExchanges", *context), out_(response) {}

void ImportStream::OnReadDone(bool ok) {
  std::unique_lock lock(mutex_);
  reading_ = false;
  if (ok) {
    Take(incoming_);
  } else {
    input_ended_ = true;
  }
  Advance(std::move(lock));
}

void ImportStream::OnCancel() {
  std::unique_lock lock(mutex_);
  failure_.Update(absl::CancelledError("the client has gone"));
  Advance(std::move(lock));
}

void ImportStream::Take(const grpc::ByteBuffer& bytes) {
  const int64_t index = next_index_++;
  v1::ImportExchangesRequest request;
  absl::Status status = ParseMessage(bytes, request);
  if (status.ok()) status = Validate(request, backend_.limits());
  if (!status.ok()) return Reject(index, DescribeViolations(status));
  waiting_.records.push_back({.user = caller_.User(request.user_id()),
                              .exchange = FromProto(request.exchange()),
                              .request_id = request.request_id()});
  waiting_.indices.push_back(index);
}

void ImportStream::Reject(int64_t index, std::string reason) {
  response_.set_rejected_count(response_.rejected_count() + 1);
  if (response_.rejected_size() >= kMaxReported) return;
  v1::RejectedRecord& rejected = *response_.add_rejected();
  rejected.set_index(index);
  rejected.set_reason(std::move(reason));
}

void ImportStream::Store(const Batch& batch) {
  const CallTrace::Scope scope(record_.trace());
  const absl::Status admitted = backend_.gate.CheckStillAdmitted(caller_);
  const absl::StatusOr<std::vector<ImportOutcome>> outcomes =
      admitted.ok() ? backend_.store.Import(batch.records) : admitted;
  std::unique_lock lock(mutex_);
  storing_ = false;
  failure_.Update(outcomes.status());
  if (outcomes.ok()) Count(batch, *outcomes);
  Advance(std::move(lock));
}

void ImportStream::Count(const Batch& batch, const std::vector<ImportOutcome>& outcomes) {
  for (size_t i = 0; i < outcomes.size(); ++i) {
    switch (outcomes[i]) {
      case ImportOutcome::kStored:
        response_.set_stored_count(response_.stored_count() + 1);
        break;
      case ImportOutcome::kDuplicate:
        response_.set_duplicate_count(response_.duplicate_count() + 1);
        break;
      case ImportOutcome::kConflict:
        Reject(batch.indices[i], "request_id: was used before with another exchange");
        break;
    }
  }
}

// Starts what can be started: a read, a batch, the end. gRPC and the executor are called without the lock, in an order
// that keeps the stream alive: the end comes only when no batch is out, and whoever sends a batch out does it last.
void ImportStream::Advance(std::unique_lock<std::mutex> lock) {
  if (ended_) return;
  auto batch = std::make_shared<Batch>();
  if (failure_.ok() && !storing_ && !waiting_.records.empty()) {
    std::swap(*batch, waiting_);
    storing_ = true;
  }
  const bool read = failure_.ok() && !reading_ && !input_ended_ && waiting_.records.size() < kBatch;
  reading_ |= read;
  ended_ = !storing_ && (!failure_.ok() || input_ended_);
  const bool end = ended_;
  const absl::Status outcome = failure_;
  lock.unlock();
  if (read) StartRead(&incoming_);
  if (!batch->records.empty()) backend_.executor.Continue([this, batch] { Store(*batch); });
  if (end) End(outcome);
}

void ImportStream::End(const absl::Status& status) {
  const grpc::Status answer = ToGrpcStatus(status);
  record_.set_code(answer.error_code());
  if (answer.ok()) *out_ = SerializeMessage(response_);
  Finish(answer);
}

}  // namespace idiolect
