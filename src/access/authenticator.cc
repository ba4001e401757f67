#include "access/authenticator.h"

#include <map>
#include <utility>

#include "absl/time/clock.h"
#include "access/api_key_file.h"
#include "spdlog/spdlog.h"

namespace idiolect {

class ApiKeyTable {
 public:
  explicit ApiKeyTable(std::vector<ApiKey> keys) {
    for (ApiKey& key : keys) keys_.emplace(key.id, std::move(key));
  }
  const ApiKey* Find(std::string_view id) const {
    const auto found = keys_.find(id);
    return found == keys_.end() ? nullptr : &found->second;
  }
  size_t CountValid(absl::Time now) const {
    size_t count = 0;
    for (const auto& [id, key] : keys_) count += key.ValidAt(now);
    return count;
  }

 private:
  std::map<std::string, ApiKey, std::less<>> keys_;
};

absl::StatusOr<std::unique_ptr<Authenticator>> Authenticator::Open(const std::string& path, absl::Duration poll) {
  std::unique_ptr<Authenticator> authenticator(new Authenticator(path));
  // The watch first: what changes while the file is read is noticed.
  authenticator->watch_ = std::make_unique<FileWatch>(std::vector{path}, poll, [raw = authenticator.get()] {
    const absl::Status status = raw->Read();
    if (!status.ok()) spdlog::error("the API keys stay as they were: {}", std::string(status.message()));
  });
  const absl::Status status = authenticator->Read();
  if (!status.ok()) return status;
  return authenticator;
}

absl::Status Authenticator::Read() {
  const std::lock_guard reading(reading_);  // so that what was read later stands in the end
  absl::StatusOr<std::vector<ApiKey>> keys = ReadApiKeyFile(path_);
  if (!keys.ok()) return keys.status();
  const size_t count = keys->size();
  auto table = std::make_shared<const ApiKeyTable>(*std::move(keys));
  spdlog::info("API keys of {}: {} valid of {}", path_, table->CountValid(absl::Now()), count);
  const std::lock_guard lock(mutex_);
  table_ = std::move(table);
  return absl::OkStatus();
}

std::shared_ptr<const ApiKeyTable> Authenticator::table() const {
  const std::lock_guard lock(mutex_);
  return table_;
}

absl::StatusOr<ApiKey> Authenticator::Authenticate(std::string_view text) const {
  const std::shared_ptr<const ApiKeyTable> table = this->table();
  const ApiKey* key = table->Find(KeyIdOf(text));
  if (key != nullptr && Matches(*key, text) && key->ValidAt(absl::Now())) return *key;
  return absl::UnauthenticatedError("a valid API key is needed, as the metadata `authorization: Bearer KEY`");
}

bool Authenticator::IsValid(const std::string& id) const {
  const std::shared_ptr<const ApiKeyTable> table = this->table();
  const ApiKey* key = table->Find(id);
  return key != nullptr && key->ValidAt(absl::Now());
}

}  // namespace idiolect
