// One line of an audit log, and how the lines hang together.
//
// A log is a file of JSON lines. The first one begins the chain and has the salt for the hashes of users:
//
//   {"seq":0,"time":"2026-01-05T10:00:00Z","log":"idiolect audit 1","salt":"8f…","prev":"00…","hash":"5d…"}
//   {"seq":1,"time":"…","what":"export","method":"HistoryService.ExportUser","key":"5f0c21d9a4be","tenant":"acme",
//    "user_hash":"c1…","outcome":"BEGUN","prev":"5d…","hash":"e7…"}
//
// `hash` is the SHA-256 of the line's bytes before `,"hash"`, which include `prev`, the hash of the line before. So a
// line that is changed, removed, added or moved breaks the chain there; who wants to hide it must make all later lines
// anew, and then the last hash is another one than was noted elsewhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace idiolect {

struct AuditEvent {
  std::string_view what;    // "read", "export", "erase" or "denied"
  std::string_view method;  // "HistoryService.ExportUser"
  std::string key_id;       // empty where the server asks for no keys
  std::string tenant;
  std::string user_id;       // whose data; empty where it is not one user's
  std::string_view outcome;  // "BEGUN", before data is touched; of erasures also the code at their end, "OK"
};

// A link of the chain: a line's number and its hash.
struct AuditLink {
  int64_t seq = -1;
  std::string hash;
};

// The hash that the first line of a log has before it.
std::string NoHash();

// What stands for a user in a log whose owner does not want their ids there. Whoever has the log can try ids, so it is
// a pseudonym and no secret.
std::string UserHash(std::string_view salt, std::string_view tenant, std::string_view user_id);

// The line after `last`, with its newline; `last` becomes it. With an empty salt it names users by their ids.
std::string ToAuditLine(const AuditEvent& event, absl::Time time, std::string_view salt, AuditLink& last);

// The first line, which goes on from `hash` of a log before it, or from NoHash.
std::string ToFirstAuditLine(absl::Time time, std::string_view salt, const std::string& hash, AuditLink& last);

struct ParsedAuditLine {
  AuditLink link{};
  std::string prev;
  std::string salt;  // of a first line
  std::string tenant, user_id, user_hash;
};

// kDataLoss says what is wrong with the line alone: its form, or its hash. `line` is without its newline.
absl::StatusOr<ParsedAuditLine> ParseAuditLine(std::string_view line);

}  // namespace idiolect
