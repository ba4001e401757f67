// API keys: what a client sends as `authorization: Bearer KEY`, and what the server keeps of it.
//
// The text of a key is "idk_", its id, "_", and 256 random bits. It is shown once, when it is made; kept is a SHA-256
// of it. A plain hash is enough here, other than for passwords: nobody guesses 256 random bits.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "access/scope.h"

namespace idiolect {

struct ApiKey {
  std::string id{};      // 12 hexadecimal digits, part of the text; no secret, and what logs show
  std::string tenant{};  // whose users it reaches: 1 to 64 of A-Z a-z 0-9 . _ -
  ScopeSet scopes{};
  std::string note{};  // for people
  std::string hash{};  // SHA-256 of the whole text, 64 lower-case hexadecimal digits
  absl::Time created = absl::InfinitePast();
  absl::Time expires = absl::InfiniteFuture();
  absl::Time revoked = absl::InfiniteFuture();  // when; InfiniteFuture for one that is not

  bool ValidAt(absl::Time now) const { return now < expires && revoked == absl::InfiniteFuture(); }
};

// What an ApiKey's maker decides. kInvalidArgument where the tenant is none, no scope is given, or the note has a
// control character.
absl::Status CheckApiKey(const ApiKey& key);

struct NewApiKey {
  ApiKey key;
  std::string text;  // the secret
};

// `key` with an id, a hash and `created` = now.
absl::StatusOr<NewApiKey> MakeApiKey(ApiKey key);

// The id in the text of a key; empty where the text is of no key's form.
std::string_view KeyIdOf(std::string_view text);

// Whether `text` is the key's. Takes the same time wherever they differ.
bool Matches(const ApiKey& key, std::string_view text);

}  // namespace idiolect
