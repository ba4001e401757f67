#include "store/postgres_url.h"

#include <libpq-fe.h>

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "store/status_macros.h"

namespace idiolect {
namespace {

constexpr std::string_view kMask = "********";

absl::Status Unreadable(std::string_view url, std::string_view detail) {
  return absl::InvalidArgumentError(
      absl::StrCat("'", ShownStoreUrl(url),
                   "' can't be read; expected is postgres://[USER@]HOST[:PORT][,HOST…]/DATABASE[?PARAMETER=VALUE]",
                   std::string(detail)));
}

// libpq's message where it can't quote a password: a misspelt parameter is named.
std::string ParameterMessage(std::string_view message) {
  if (message.find("URI query parameter: \"") == std::string_view::npos) return "";
  return absl::StrCat(": ", std::string(absl::StripAsciiWhitespace(std::string(message))));
}

// Overwrites the value of `name` in the query part.
void MaskParameter(std::string& url, std::string_view name) {
  for (size_t at = url.find(name); at != std::string::npos; at = url.find(name, at + 1)) {
    if (at == 0 || (url[at - 1] != '?' && url[at - 1] != '&')) continue;
    const size_t value = at + name.size();
    const size_t end = std::min(url.find('&', value), url.size());
    url.replace(value, end - value, kMask);
  }
}

}  // namespace

bool PostgresUrl::IsOne(std::string_view url) {
  return url.starts_with("postgres://") || url.starts_with("postgresql://");
}

absl::StatusOr<PostgresUrl> PostgresUrl::Parse(std::string_view url) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(std::string(url).c_str(), &message), &PQconninfoFree);
  const std::unique_ptr<char, decltype(&PQfreemem)> owned(message, &PQfreemem);
  if (options == nullptr) return Unreadable(url, ParameterMessage(message == nullptr ? "" : message));
  PostgresUrl parsed;
  parsed.shown_ = ShownStoreUrl(url);
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    const std::string_view keyword = option->keyword, value = option->val;
    if (keyword == "target_session_attrs" && value != "read-write" && value != "primary") {
      return Unreadable(url, ": target_session_attrs must be read-write or primary, since a history store writes");
    }
    parsed.parameters_.emplace_back(keyword, value);
  }
  // Of several hosts the one that can write. A host that has vanished is noticed after seconds, not after TCP's hours.
  parsed.Default("target_session_attrs", "read-write");
  parsed.Default("connect_timeout", "3");
  parsed.Default("tcp_user_timeout", "10000");
  parsed.Default("keepalives_idle", "5");
  parsed.Default("keepalives_interval", "2");
  parsed.Default("keepalives_count", "3");
  parsed.Default("application_name", "idiolect");
  return parsed;
}

void PostgresUrl::Default(std::string_view keyword, std::string_view value) {
  const auto is_it = [&](const auto& parameter) { return parameter.first == keyword; };
  if (std::none_of(parameters_.begin(), parameters_.end(), is_it)) parameters_.emplace_back(keyword, value);
}

std::string ShownStoreUrl(std::string_view url) {
  std::string shown(url);
  if (!PostgresUrl::IsOne(url)) return shown;
  const size_t user = shown.find("://") + 3;
  const size_t host = shown.rfind('@');
  const size_t password = shown.find(':', user);
  if (host != std::string::npos && password < host) shown.replace(password + 1, host - password - 1, kMask);
  for (const std::string_view name : {"password=", "sslpassword="}) MaskParameter(shown, name);
  return shown;
}

}  // namespace idiolect
