#include "serve/profile_service.h"

#include <utility>

#include "profile/profile_queries.h"
#include "serve/convert.h"
#include "serve/field_violations.h"
#include "serve/unary_call.h"

namespace idiolect {
namespace {

using ProfileCall = UnaryCall<v1::GetProfileRequest, v1::GetProfileResponse>;
using MemoryCall = UnaryCall<v1::QueryMemoryRequest, v1::QueryMemoryResponse>;
using UsersCall = UnaryCall<v1::ListUsersRequest, v1::ListUsersResponse>;

void Profile(Backend& backend, ProfileCall& call) {
  const v1::GetProfileRequest& request = call.request();
  const HistoryUse use = backend.UseHistory(call.User());
  const std::shared_ptr<Cancellation> cancellation = call.cancellation();
  auto ticket = ProfileQueries(backend.store, *use.engine())
                    .Profile(call.User(), request.min_revision(), CoercePageSize(request.vocabulary_size(), 20),
                             call.deadline(), [&call, use](absl::StatusOr<ReadableProfile> profile) {
                               use.End();
                               if (profile.ok()) call.response() = ToProto(*profile, call.request().user_id());
                               call.End(profile.status());
                             });
  if (!ticket.ok()) return call.End(ticket.status());
  cancellation->Hold(*std::move(ticket));
}

void Memory(Backend& backend, MemoryCall& call) {
  const v1::QueryMemoryRequest& request = call.request();
  const HistoryUse use = backend.UseHistory(call.User());
  const std::shared_ptr<Cancellation> cancellation = call.cancellation();
  auto ticket = ProfileQueries(backend.store, *use.engine())
                    .Memory(call.User(), request.min_revision(), request.post(), call.deadline(),
                            [&call, use](absl::StatusOr<ReadableMemory> memory) {
                              use.End();
                              if (memory.ok()) call.response() = ToProto(*memory, call.request().user_id());
                              call.End(memory.status());
                            });
  if (!ticket.ok()) return call.End(ticket.status());
  cancellation->Hold(*std::move(ticket));
}

absl::Status List(Backend& backend, UsersCall& call, const Caller& caller) {
  const v1::ListUsersRequest& request = call.request();
  absl::StatusOr<UserPage> page =
      backend.store.ListUsers(caller.tenant, CoercePageSize(request.page_size(), 50), request.page_token());
  if (absl::IsInvalidArgument(page.status())) {
    FieldViolations violations;
    violations.Add("page_token", "is not from the page before of the same list");
    return violations.ToStatus();
  }
  if (!page.ok()) return page.status();
  for (const UserSummary& user : page->users) *call.response().add_users() = ToProto(user);
  call.response().set_next_page_token(page->next_page_token);
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* ProfileService::GetProfile(grpc::CallbackServerContext* context,
                                                     const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return ProfileCall::Start(backend_, "ProfileService.GetProfile", context, request, response,
                            [this](ProfileCall& call) { Profile(backend_, call); });
}

grpc::ServerUnaryReactor* ProfileService::QueryMemory(grpc::CallbackServerContext* context,
                                                      const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return MemoryCall::Start(backend_, "ProfileService.QueryMemory", context, request, response,
                           [this](MemoryCall& call) { Memory(backend_, call); });
}

grpc::ServerUnaryReactor* ProfileService::ListUsers(grpc::CallbackServerContext* context,
                                                    const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return UsersCall::Start(backend_, "ProfileService.ListUsers", context, request, response,
                          [this](UsersCall& call) { call.End(List(backend_, call, call.caller())); });
}

}  // namespace idiolect
