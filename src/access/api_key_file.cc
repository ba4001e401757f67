#include "access/api_key_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "store/durable_file.h"

namespace idiolect {
namespace {

using Json = nlohmann::ordered_json;

// The members of a line, each of which may be missing only where ReadKey says so.
class Line {
 public:
  explicit Line(const Json& json) : json_(json) {}

  absl::Status Text(const char* name, std::string& value, bool required = true) {
    const auto found = json_.find(name);
    if (found == json_.end()) {
      return required ? absl::InvalidArgumentError(absl::StrCat(name, ": is missing")) : absl::OkStatus();
    }
    ++used_;
    if (!found->is_string()) return absl::InvalidArgumentError(absl::StrCat(name, ": must be a text"));
    value = found->get<std::string>();
    return absl::OkStatus();
  }

  absl::Status Time(const char* name, absl::Time& value, bool required = false) {
    std::string text, error;
    absl::Status status = Text(name, text, required);
    if (!status.ok() || text.empty()) return status;
    if (absl::ParseTime(absl::RFC3339_full, text, &value, &error)) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(name, ": must be a time such as 2026-01-05T10:00:00Z"));
  }

  // A member that nobody reads is a mistake: a misspelt "revoked" would let a key go on.
  absl::Status NothingElse() const {
    if (used_ == json_.size()) return absl::OkStatus();
    return absl::InvalidArgumentError(
        "has a member other than id, tenant, scopes, note, sha256, created, expires, revoked");
  }

 private:
  const Json& json_;
  size_t used_ = 0;
};

bool IsHex(const std::string& text, size_t size) {
  return text.size() == size && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
         });
}

absl::StatusOr<ApiKey> ReadKey(const std::string& text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("is no JSON object");
  Line line(json);
  ApiKey key;
  std::string scopes;
  absl::Status status = line.Text("id", key.id);
  status.Update(line.Text("tenant", key.tenant));
  status.Update(line.Text("scopes", scopes));
  status.Update(line.Text("note", key.note, /*required=*/false));
  status.Update(line.Text("sha256", key.hash));
  status.Update(line.Time("created", key.created, /*required=*/true));
  status.Update(line.Time("expires", key.expires));
  status.Update(line.Time("revoked", key.revoked));
  status.Update(line.NothingElse());
  if (!status.ok()) return status;
  const absl::StatusOr<ScopeSet> parsed = ParseScopes(scopes);
  if (!parsed.ok()) return absl::InvalidArgumentError(absl::StrCat("scopes: ", parsed.status().message()));
  key.scopes = *parsed;
  if (!IsHex(key.id, 12)) return absl::InvalidArgumentError("id: must be 12 hexadecimal digits");
  if (!IsHex(key.hash, 64)) return absl::InvalidArgumentError("sha256: must be 64 hexadecimal digits");
  status = CheckApiKey(key);
  return status.ok() ? absl::StatusOr<ApiKey>(std::move(key)) : status;
}

absl::Status CheckPermissions(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return absl::ErrnoToStatus(errno, absl::StrCat("can't read the API keys ", path));
  if ((info.st_mode & S_IWOTH) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("everybody may write the API keys ", path, ": `chmod o-w ", path, "` first"));
}

std::string Rfc3339(absl::Time time) { return absl::FormatTime(absl::RFC3339_sec, time, absl::UTCTimeZone()); }

// Held while the file is changed; the lock's file stays, as removing it would let two hold two files of that name.
class ChangeLock {
 public:
  explicit ChangeLock(const std::string& path)
      : descriptor_(open(absl::StrCat(path, ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    held_ = descriptor_ >= 0 && flock(descriptor_, LOCK_EX) == 0;
  }
  ~ChangeLock() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  bool held() const { return held_; }

 private:
  const int descriptor_;
  bool held_;
};

absl::Status ReplaceFile(const std::string& path, const std::vector<ApiKey>& keys) {
  const std::string fresh = absl::StrCat(path, ".new");
  unlink(fresh.c_str());  // of somebody who was interrupted
  const int descriptor = CreatePrivateFile(fresh);
  if (descriptor < 0) return absl::ErrnoToStatus(errno, absl::StrCat("can't write ", fresh));
  std::string text;
  for (const ApiKey& key : keys) absl::StrAppend(&text, ToJsonLine(key), "\n");
  const bool written = write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  // Who may read the file stays as it was: the server may run as another user than who makes the keys.
  struct stat info {};
  if (stat(path.c_str(), &info) == 0) {
    (void)!fchown(descriptor, info.st_uid, info.st_gid);
    (void)fchmod(descriptor, info.st_mode & 07777);
  }
  close(descriptor);
  if (!written) return absl::UnavailableError(absl::StrCat("can't write ", fresh, ": is the disk full?"));
  absl::Status status = SyncFile(fresh);
  return status.ok() ? RenameDurably(fresh, path) : status;
}

}  // namespace

absl::StatusOr<std::vector<ApiKey>> ReadApiKeyFile(const std::string& path) {
  if (absl::Status status = CheckPermissions(path); !status.ok()) return status;
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat("can't read the API keys ", path));
  std::vector<ApiKey> keys;
  std::set<std::string> ids;
  std::string text;
  for (int number = 1; std::getline(file, text); ++number) {
    if (absl::StripAsciiWhitespace(text).empty()) continue;
    absl::StatusOr<ApiKey> key = ReadKey(text);
    if (key.ok() && !ids.insert(key->id).second) key = absl::InvalidArgumentError("id: stands in a line before");
    if (!key.ok()) return absl::InvalidArgumentError(absl::StrCat(path, ":", number, ": ", key.status().message()));
    keys.push_back(*std::move(key));
  }
  return keys;
}

absl::Status ChangeApiKeyFile(const std::string& path,
                              const std::function<absl::Status(std::vector<ApiKey>& keys)>& change) {
  const ChangeLock lock(path);
  if (!lock.held()) return absl::ErrnoToStatus(errno, absl::StrCat("can't lock ", path, ".lock"));
  absl::StatusOr<std::vector<ApiKey>> keys = ReadApiKeyFile(path);
  if (absl::IsNotFound(keys.status())) keys.emplace();
  if (!keys.ok()) return keys.status();
  absl::Status status = change(*keys);
  return status.ok() ? ReplaceFile(path, *keys) : status;
}

std::string ToJsonLine(const ApiKey& key) {
  Json json = {{"id", key.id}, {"tenant", key.tenant}, {"scopes", ToString(key.scopes)}};
  if (!key.note.empty()) json["note"] = key.note;
  json["sha256"] = key.hash;
  json["created"] = Rfc3339(key.created);
  if (key.expires != absl::InfiniteFuture()) json["expires"] = Rfc3339(key.expires);
  if (key.revoked != absl::InfiniteFuture()) json["revoked"] = Rfc3339(key.revoked);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace idiolect
