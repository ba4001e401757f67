#include "store/key_ring.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "store/status_macros.h"

namespace idiolect {
namespace {

absl::Status MasterKeyMissing(const std::string& path) {
  return absl::FailedPreconditionError(absl::StrCat("the history database ", path,
                                                    " is encrypted: give its master key with --master-key-file or in "
                                                    "IDIOLECT_MASTER_KEY"));
}

absl::Status RefusePlainTexts(SqliteConnection& connection) {
  STORE_ASSIGN_OR_RETURN(const int64_t users, connection.QueryInteger("SELECT EXISTS (SELECT 1 FROM users)"));
  if (users == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the history database ", connection.path(),
                   " holds texts that are not encrypted, and a master key is given: `idiolect store encrypt` first"));
}

}  // namespace

std::string KeyFilePath(const std::string& path) { return absl::StrCat(path, ".keys"); }

absl::StatusOr<std::optional<std::string>> FindKeyFileId(SqliteConnection& connection) {
  STORE_ASSIGN_OR_RETURN(SqliteStatement row, connection.Query("SELECT value FROM meta WHERE key = 'key_file'"));
  STORE_ASSIGN_OR_RETURN(const bool found, row.Next());
  if (!found) return std::nullopt;
  return row.Bytes(0);
}

absl::StatusOr<std::unique_ptr<KeyFile>> OpenKeyFileFor(const std::string& path,
                                                        const std::shared_ptr<const TextVault>& vault,
                                                        const std::string& id) {
  if (vault == nullptr) return MasterKeyMissing(path);
  absl::StatusOr<std::unique_ptr<KeyFile>> file = KeyFile::Open(KeyFilePath(path), *vault);
  if (absl::IsNotFound(file.status())) {
    return absl::FailedPreconditionError(
        absl::StrCat("the key file ", KeyFilePath(path),
                     " of the history database is missing: put its last copy there; without it no text can be read"));
  }
  if (file.ok() && (*file)->id() != id) {
    return absl::FailedPreconditionError(
        absl::StrCat("the key file ", KeyFilePath(path), " belongs to another history database"));
  }
  return file;
}

absl::StatusOr<std::unique_ptr<KeyRing>> OpenExistingKeyRing(SqliteConnection& connection,
                                                             const std::shared_ptr<const TextVault>& vault,
                                                             const std::string& id) {
  STORE_ASSIGN_OR_RETURN(std::unique_ptr<KeyFile> file, OpenKeyFileFor(connection.path(), vault, id));
  return std::make_unique<KeyRing>(vault, std::move(file));
}

absl::StatusOr<std::unique_ptr<KeyRing>> StartKeyRing(SqliteConnection& connection,
                                                      const std::shared_ptr<const TextVault>& vault) {
  const std::string path = KeyFilePath(connection.path());
  absl::StatusOr<std::unique_ptr<KeyFile>> file = KeyFile::Create(path, *vault);
  // One that is there was made by an attempt before, or for a database that is gone.
  if (absl::IsAlreadyExists(file.status())) file = KeyFile::Open(path, *vault);
  if (!file.ok()) return file.status();
  STORE_RETURN_IF_ERROR(connection.Run("INSERT INTO meta VALUES ('key_file', ?)", Blob{(*file)->id()}));
  return std::make_unique<KeyRing>(vault, *std::move(file));
}

absl::StatusOr<std::unique_ptr<KeyRing>> OpenKeyRing(SqliteConnection& connection,
                                                     const std::shared_ptr<const TextVault>& vault) {
  STORE_ASSIGN_OR_RETURN(const std::optional<std::string> id, FindKeyFileId(connection));
  if (!id.has_value()) {
    if (vault == nullptr) return nullptr;
    STORE_RETURN_IF_ERROR(RefusePlainTexts(connection));
    return StartKeyRing(connection, vault);
  }
  STORE_ASSIGN_OR_RETURN(std::unique_ptr<KeyRing> keys, OpenExistingKeyRing(connection, vault, *id));
  STORE_RETURN_IF_ERROR(EraseNotedKeys(connection, keys->file()));
  return keys;
}

absl::StatusOr<std::string> KeyRing::NewKey() {
  STORE_ASSIGN_OR_RETURN(const std::string wrapped, vault_->NewKey());
  STORE_ASSIGN_OR_RETURN(const KeyFile::Place place, file_->Add(wrapped));
  return place.Encode();
}

absl::StatusOr<UserCipher> KeyRing::CipherOf(const UserKey& user, std::string_view reference) const {
  STORE_ASSIGN_OR_RETURN(const KeyFile::Place place, KeyFile::Place::Decode(reference));
  absl::StatusOr<std::string> wrapped = file_->Read(place);
  if (absl::IsNotFound(wrapped.status())) return absl::AbortedError(wrapped.status().message());
  if (!wrapped.ok()) return wrapped.status();
  return vault_->Unwrap(user, *wrapped);
}

absl::StatusOr<std::optional<UserCipher>> FindCipher(const KeyRing* keys, const UserKey& user,
                                                     std::string_view reference) {
  if (reference.empty()) return std::nullopt;
  if (keys == nullptr) return absl::InternalError("a user's texts are encrypted in a database that is not");
  STORE_ASSIGN_OR_RETURN(UserCipher cipher, keys->CipherOf(user, reference));
  return std::optional<UserCipher>(std::move(cipher));
}

absl::Status EraseNotedKeys(SqliteConnection& connection, KeyFile& file) {
  int64_t noted = 0;
  {
    STORE_ASSIGN_OR_RETURN(SqliteStatement row, connection.Query("SELECT key_ref FROM erased_keys"));
    while (true) {
      STORE_ASSIGN_OR_RETURN(const bool more, row.Next());
      if (!more) break;
      STORE_ASSIGN_OR_RETURN(const KeyFile::Place place, KeyFile::Place::Decode(row.Bytes(0)));
      STORE_RETURN_IF_ERROR(file.Erase(place));
      ++noted;
    }
  }
  if (noted == 0) return absl::OkStatus();
  STORE_RETURN_IF_ERROR(file.Sync());
  return connection.Run("DELETE FROM erased_keys");
}

}  // namespace idiolect
