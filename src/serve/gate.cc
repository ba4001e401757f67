#include "serve/gate.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "serve/method_scopes.h"

namespace idiolect {
namespace {

constexpr std::string_view kScheme = "Bearer ";

// Empty without one; nobody's with several, of which a proxy and this server might take different ones.
std::string_view KeyIn(const grpc::ServerContextBase& context) {
  const auto [first, last] = context.client_metadata().equal_range("authorization");
  if (first == last || std::next(first) != last) return {};
  const std::string_view value(first->second.data(), first->second.size());
  return absl::StartsWithIgnoreCase({value.data(), value.size()}, {kScheme.data(), kScheme.size()})
             ? value.substr(kScheme.size())
             : std::string_view();
}

absl::Status CheckScope(std::string_view method, ScopeSet scopes) {
  const MethodScope* entry = FindMethodScope(method);
  if (entry == nullptr) return absl::PermissionDeniedError("nobody may call this method");
  if (!entry->scope.has_value() || scopes.Has(*entry->scope)) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrCat("the API key has not the scope ", std::string(ScopeName(*entry->scope))));
}

}  // namespace

absl::Status Gate::Identify(const grpc::ServerContextBase& context, Caller& caller) const {
  caller = Caller{.tenant = "default"};
  if (!asks()) return absl::OkStatus();
  const absl::StatusOr<ApiKey> key = authenticator_->Authenticate(KeyIn(context));
  if (!key.ok()) return key.status();
  caller = Caller{.tenant = key->tenant, .key_id = key->id, .scopes = key->scopes};
  return absl::OkStatus();
}

absl::Status Gate::Admit(std::string_view method, const grpc::ServerContextBase& context, Caller& caller) const {
  const absl::Status status = Identify(context, caller);
  return status.ok() && asks() ? CheckScope(method, caller.scopes) : status;
}

absl::Status Gate::CheckStillAdmitted(const Caller& caller) const {
  if (!asks() || authenticator_->IsValid(caller.key_id)) return absl::OkStatus();
  return absl::UnauthenticatedError("the API key is not valid any more");
}

}  // namespace idiolect
