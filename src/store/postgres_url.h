// A postgres:// URL: what of it libpq is told, with the defaults that a history store needs, and how it may be shown.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace idiolect {

class PostgresUrl {
 public:
  // Whether the URL is meant for PostgreSQL: postgres://… or postgresql://…
  static bool IsOne(std::string_view url);

  // kInvalidArgument where libpq can't read it, or where it asks for sessions that can't write. What the URL leaves
  // out (the password, say) libpq takes from its environment and files: PGPASSFILE, PGPASSWORD, PGSSLMODE, ….
  static absl::StatusOr<PostgresUrl> Parse(std::string_view url);

  // Keywords and values for PQconnectdbParams. Not to be shown: they may hold a password.
  const std::vector<std::pair<std::string, std::string>>& parameters() const { return parameters_; }
  // Without passwords.
  const std::string& shown() const { return shown_; }

 private:
  PostgresUrl() = default;
  // Sets the parameter where the URL doesn't.
  void Default(std::string_view keyword, std::string_view value);

  std::vector<std::pair<std::string, std::string>> parameters_;
  std::string shown_;
};

// The URL of any history store as it may be shown: passwords are masked.
std::string ShownStoreUrl(std::string_view url);

}  // namespace idiolect
