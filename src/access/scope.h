// What an API key may do. The scopes stand beside each other: none includes another.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace idiolect {

enum class Scope : uint8_t {
  kReply,         // "reply": have replies written, streamed and ranked
  kHistoryWrite,  // "history.write": append, import, delete exchanges and erase users
  kHistoryRead,   // "history.read": list users, and read and export their exchanges
  kProfileRead,   // "profile.read": profiles, and which exchanges a post brings to mind
  kAdmin,         // "admin": operate the server as a whole, across tenants
};
inline constexpr std::array kAllScopes = {Scope::kReply, Scope::kHistoryWrite, Scope::kHistoryRead, Scope::kProfileRead,
                                          Scope::kAdmin};

// "history.read"
std::string_view ScopeName(Scope scope);

class ScopeSet {
 public:
  constexpr ScopeSet() = default;
  constexpr ScopeSet(Scope scope) { Add(scope); }  // NOLINT: one scope is a set of scopes

  constexpr void Add(Scope scope) { bits_ |= 1u << static_cast<unsigned>(scope); }
  constexpr bool Has(Scope scope) const { return (bits_ >> static_cast<unsigned>(scope) & 1u) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  friend constexpr bool operator==(const ScopeSet&, const ScopeSet&) = default;

 private:
  uint8_t bits_ = 0;
};

// "reply,history.read", in the order of kAllScopes.
std::string ToString(ScopeSet scopes);

// Names separated by commas, at least one. kInvalidArgument names what is no scope and lists those that there are.
absl::StatusOr<ScopeSet> ParseScopes(std::string_view text);

}  // namespace idiolect
