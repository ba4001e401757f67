#include "access/scope.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace idiolect {
namespace {

std::string JoinNames(ScopeSet scopes, const char* separator) {
  std::vector<std::string> names;
  for (const Scope scope : kAllScopes) {
    if (scopes.Has(scope)) names.emplace_back(ScopeName(scope));
  }
  return absl::StrJoin(names, separator);
}

constexpr ScopeSet Everything() {
  ScopeSet all;
  for (const Scope scope : kAllScopes) all.Add(scope);
  return all;
}

}  // namespace

std::string_view ScopeName(Scope scope) {
  switch (scope) {
    case Scope::kReply:
      return "reply";
    case Scope::kHistoryWrite:
      return "history.write";
    case Scope::kHistoryRead:
      return "history.read";
    case Scope::kProfileRead:
      return "profile.read";
    case Scope::kAdmin:
      return "admin";
  }
  return "";
}

std::string ToString(ScopeSet scopes) { return JoinNames(scopes, ","); }

absl::StatusOr<ScopeSet> ParseScopes(std::string_view text) {
  ScopeSet scopes;
  const std::vector<std::string> parts = absl::StrSplit(std::string(text), ',');
  for (const std::string& part : parts) {
    const std::string name(absl::StripAsciiWhitespace(part));
    const auto* scope = std::find_if(kAllScopes.begin(), kAllScopes.end(),
                                     [&](Scope candidate) { return ScopeName(candidate) == name; });
    if (scope == kAllScopes.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", name, "' is no scope; there are ", JoinNames(Everything(), ", ")));
    }
    scopes.Add(*scope);
  }
  return scopes;
}

}  // namespace idiolect
