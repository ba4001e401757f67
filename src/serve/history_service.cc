#include "serve/history_service.h"

#include <algorithm>
#include <utility>

#include "serve/convert.h"
#include "serve/export_stream.h"
#include "serve/field_violations.h"
#include "serve/import_stream.h"
#include "serve/unary_call.h"

namespace idiolect {
namespace {

using AppendCall = UnaryCall<v1::AppendExchangeRequest, v1::AppendExchangeResponse>;
using ListCall = UnaryCall<v1::ListExchangesRequest, v1::ListExchangesResponse>;
using GetCall = UnaryCall<v1::GetExchangeRequest, v1::GetExchangeResponse>;
using DeleteCall = UnaryCall<v1::DeleteExchangeRequest, v1::DeleteExchangeResponse>;
using EraseCall = UnaryCall<v1::EraseUserRequest, v1::EraseUserResponse>;

absl::Status Append(Backend& backend, AppendCall& call) {
  const v1::AppendExchangeRequest& request = call.request();
  const auto appended = backend.store.Append(call.User(), FromProto(request.exchange()), request.request_id());
  if (!appended.ok()) return appended.status();
  *call.response().mutable_exchange() = ToProto(appended->exchange, request.user_id());
  call.response().set_revision(appended->revision);
  call.response().set_duplicate(appended->duplicate);
  return absl::OkStatus();
}

// The user of a conversation that is going on will be answered again soon: their profile is built anew while they read.
// A history is read for it, so the same care is taken as for a reply (serve/erasures.h).
void PrepareNextReply(Backend& backend, const UserKey& user) {
  const HistoryUse use = backend.UseHistory(user);
  if (!use.engine()->HoldsProfile(user)) return;
  absl::StatusOr<History> history = backend.store.Recent(user, use.engine()->model_info().max_history);
  if (history.ok()) use.engine()->PrepareProfile(user, *std::move(history));
  use.End();
}

// How many of the exchanges fit into one message: gRPC's clients take 4 MiB unless told otherwise. At least one.
int CountThatFit(const std::vector<Exchange>& exchanges, const std::string& user_id) {
  constexpr size_t kMaxPageBytes = 3 << 20;
  size_t bytes = 0;
  int count = 0;
  for (const Exchange& exchange : exchanges) {
    bytes += ToProto(exchange, user_id).ByteSizeLong();
    if (count > 0 && bytes > kMaxPageBytes) break;
    ++count;
  }
  return count;
}

absl::StatusOr<ExchangePage> ReadPage(Backend& backend, const UserKey& user, const v1::ListExchangesRequest& request) {
  const ListOrder order =
      request.order() == v1::EXCHANGE_ORDER_OLDEST_FIRST ? ListOrder::kOldestFirst : ListOrder::kNewestFirst;
  const int page_size = CoercePageSize(request.page_size(), 50);
  absl::StatusOr<ExchangePage> page = backend.store.List(user, page_size, request.page_token(), order);
  if (!page.ok()) return page;
  // The store's token continues after the page that it gave; to continue earlier, the shorter page is read again.
  const int fitting = CountThatFit(page->exchanges, user.user_id);
  if (fitting < static_cast<int>(page->exchanges.size())) {
    page = backend.store.List(user, fitting, request.page_token(), order);
  }
  return page;
}

// The store's word for a bad token, as a violation of the field that it came in.
absl::Status OfPageToken(const absl::Status& status) {
  if (!absl::IsInvalidArgument(status)) return status;
  FieldViolations violations;
  violations.Add("page_token", "is not from the page before of the same list");
  return violations.ToStatus();
}

absl::Status CheckRevision(HistoryStore& store, const UserKey& user, int64_t min_revision) {
  if (min_revision == 0) return absl::OkStatus();
  const absl::StatusOr<UserSummary> summary = store.Summary(user);
  if (!summary.ok()) return summary.status();
  if (summary->revision >= min_revision) return absl::OkStatus();
  return absl::FailedPreconditionError("the user's history has not reached min_revision");
}

absl::Status List(Backend& backend, ListCall& call) {
  const UserKey user = call.User();
  absl::Status reached = CheckRevision(backend.store, user, call.request().min_revision());
  if (!reached.ok()) return reached;
  absl::StatusOr<ExchangePage> page = ReadPage(backend, user, call.request());
  if (!page.ok()) return OfPageToken(page.status());
  for (const Exchange& exchange : page->exchanges) *call.response().add_exchanges() = ToProto(exchange, user.user_id);
  call.response().set_next_page_token(page->next_page_token);
  return absl::OkStatus();
}

absl::Status Get(Backend& backend, GetCall& call) {
  const absl::StatusOr<Exchange> exchange = backend.store.Get(call.User(), call.request().exchange_id());
  if (!exchange.ok()) return exchange.status();
  *call.response().mutable_exchange() = ToProto(*exchange, call.request().user_id());
  return absl::OkStatus();
}

absl::Status Delete(Backend& backend, DeleteCall& call) {
  const v1::DeleteExchangeRequest& request = call.request();
  const auto deleted = backend.store.Delete(call.User(), request.exchange_id(), request.request_id());
  // A profile of an older revision is out of use from here on, but it still holds the deleted words.
  if (deleted.ok() || absl::IsUnavailable(deleted.status())) backend.models.Erased(call.User());
  if (!deleted.ok()) return deleted.status();
  call.response().set_revision(deleted->revision);
  call.response().set_duplicate(deleted->duplicate);
  return absl::OkStatus();
}

absl::Status Erase(Backend& backend, EraseCall& call) {
  const absl::StatusOr<ErasureReceipt> receipt = backend.store.Forget(call.User(), call.request().request_id());
  backend.models.Erased(call.User());
  if (!receipt.ok()) return receipt.status();
  v1::EraseUserResponse& response = call.response();
  response.set_user_id(call.request().user_id());
  response.set_exchanges_erased(receipt->exchanges_erased);
  response.set_request_ids_erased(receipt->request_ids_erased);
  response.set_last_revision(receipt->last_revision);
  *response.mutable_time() = ToProto(receipt->time);
  response.set_duplicate(receipt->duplicate);
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* HistoryService::AppendExchange(grpc::CallbackServerContext* context,
                                                         const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return AppendCall::Start(backend_, "HistoryService.AppendExchange", context, request, response,
                           [this](AppendCall& call) {
                             const UserKey user = call.User();
                             const absl::Status status = Append(backend_, call);
                             call.End(status);
                             if (status.ok()) PrepareNextReply(backend_, user);
                           });
}

grpc::ServerReadReactor<grpc::ByteBuffer>* HistoryService::ImportExchanges(grpc::CallbackServerContext* context,
                                                                           grpc::ByteBuffer* response) {
  return ImportStream::Start(backend_, context, response);
}

grpc::ServerUnaryReactor* HistoryService::ListExchanges(grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return ListCall::Start(backend_, "HistoryService.ListExchanges", context, request, response,
                         [this](ListCall& call) { call.End(List(backend_, call)); });
}

grpc::ServerUnaryReactor* HistoryService::GetExchange(grpc::CallbackServerContext* context,
                                                      const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return GetCall::Start(backend_, "HistoryService.GetExchange", context, request, response,
                        [this](GetCall& call) { call.End(Get(backend_, call)); });
}

grpc::ServerUnaryReactor* HistoryService::DeleteExchange(grpc::CallbackServerContext* context,
                                                         const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return DeleteCall::Start(backend_, "HistoryService.DeleteExchange", context, request, response,
                           [this](DeleteCall& call) { call.End(Delete(backend_, call)); });
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* HistoryService::ExportUser(grpc::CallbackServerContext* context,
                                                                       const grpc::ByteBuffer* request) {
  return ExportStream::Start(backend_, context, request);
}

grpc::ServerUnaryReactor* HistoryService::EraseUser(grpc::CallbackServerContext* context,
                                                    const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return EraseCall::Start(backend_, "HistoryService.EraseUser", context, request, response,
                          [this](EraseCall& call) { call.End(Erase(backend_, call)); });
}

}  // namespace idiolect
