#include "access/audit_record.h"

#include "absl/strings/str_cat.h"
#include "access/digest.h"
#include "nlohmann/json.hpp"

namespace idiolect {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kHashMember = R"(,"hash":")";
constexpr size_t kHashDigits = 64;

std::string Rfc3339(absl::Time time) { return absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone()); }

std::string Seal(Json json, AuditLink& last) {
  json["prev"] = last.hash;
  std::string line = json.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
  line.pop_back();  // the closing brace, which comes after the hash
  last = {json["seq"].get<int64_t>(), Sha256Hex(line)};
  return absl::StrCat(line, std::string(kHashMember), last.hash, "\"}\n");
}

// The text of a member, empty where there is none.
std::string TextOf(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::string NoHash() { return std::string(kHashDigits, '0'); }

std::string UserHash(std::string_view salt, std::string_view tenant, std::string_view user_id) {
  std::string bytes;
  for (const std::string_view part : {salt, tenant, user_id}) bytes.append(part).push_back('\0');
  return Sha256Hex(bytes);
}

std::string ToAuditLine(const AuditEvent& event, absl::Time time, std::string_view salt, AuditLink& last) {
  Json json = {{"seq", last.seq + 1},    {"time", Rfc3339(time)}, {"what", event.what},
               {"method", event.method}, {"key", event.key_id},   {"tenant", event.tenant}};
  if (!event.user_id.empty() && salt.empty()) json["user"] = event.user_id;
  if (!event.user_id.empty() && !salt.empty()) json["user_hash"] = UserHash(salt, event.tenant, event.user_id);
  json["outcome"] = event.outcome;
  return Seal(std::move(json), last);
}

std::string ToFirstAuditLine(absl::Time time, std::string_view salt, const std::string& hash, AuditLink& last) {
  last = {-1, hash};
  return Seal({{"seq", 0}, {"time", Rfc3339(time)}, {"log", "idiolect audit 1"}, {"salt", salt}}, last);
}

absl::StatusOr<ParsedAuditLine> ParseAuditLine(std::string_view line) {
  const size_t at = line.rfind(kHashMember);
  if (at == std::string_view::npos || line.size() != at + kHashMember.size() + kHashDigits + 2) {
    return absl::DataLossError("is no line of an audit log");
  }
  const std::string hash(line.substr(at + kHashMember.size(), kHashDigits));
  if (Sha256Hex(line.substr(0, at)) != hash) return absl::DataLossError("is not as it was written: its hash differs");
  const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("seq") || !json["seq"].is_number_integer()) {
    return absl::DataLossError("is no line of an audit log");
  }
  return ParsedAuditLine{.link = {json["seq"].get<int64_t>(), hash},
                         .prev = TextOf(json, "prev"),
                         .salt = TextOf(json, "salt"),
                         .tenant = TextOf(json, "tenant"),
                         .user_id = TextOf(json, "user"),
                         .user_hash = TextOf(json, "user_hash")};
}

}  // namespace idiolect
