// The data keys of the users of one encrypted SQLite database: the vault that wraps them, the file that keeps them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "store/key_file.h"
#include "store/sqlite_connection.h"
#include "store/text_vault.h"

namespace idiolect {

class KeyRing {
 public:
  KeyRing(std::shared_ptr<const TextVault> vault, std::unique_ptr<KeyFile> file)
      : vault_(std::move(vault)), file_(std::move(file)) {}

  // A new key, and the reference by which the user's row finds it again.
  absl::StatusOr<std::string> NewKey();
  // kAborted where the key has been erased. From any thread.
  absl::StatusOr<UserCipher> CipherOf(const UserKey& user, std::string_view reference) const;

  KeyFile& file() { return *file_; }
  const KeyFile& file() const { return *file_; }

 private:
  const std::shared_ptr<const TextVault> vault_;
  const std::unique_ptr<KeyFile> file_;
};

// Where the keys of the database at `path` are.
std::string KeyFilePath(const std::string& path);

// The key ring of an opened database; null where it is not encrypted. An empty database becomes an encrypted one when
// there is a vault. The errors are those of OpenHistoryStore.
absl::StatusOr<std::unique_ptr<KeyRing>> OpenKeyRing(SqliteConnection& connection,
                                                     const std::shared_ptr<const TextVault>& vault);

// The id of the key file that the database belongs to; nothing where it is not encrypted.
absl::StatusOr<std::optional<std::string>> FindKeyFileId(SqliteConnection& connection);

// The key file of the database at `path`, which must have this id. kFailedPrecondition where it is missing or another
// one's, and where there is no vault.
absl::StatusOr<std::unique_ptr<KeyFile>> OpenKeyFileFor(const std::string& path,
                                                        const std::shared_ptr<const TextVault>& vault,
                                                        const std::string& id);
absl::StatusOr<std::unique_ptr<KeyRing>> OpenExistingKeyRing(SqliteConnection& connection,
                                                             const std::shared_ptr<const TextVault>& vault,
                                                             const std::string& id);

// Makes the database one with a key file. The caller sees to it that it holds no plain text afterwards.
absl::StatusOr<std::unique_ptr<KeyRing>> StartKeyRing(SqliteConnection& connection,
                                                      const std::shared_ptr<const TextVault>& vault);

// Nothing where `reference` is empty, since the user's texts are not encrypted; `keys` may be null then.
absl::StatusOr<std::optional<UserCipher>> FindCipher(const KeyRing* keys, const UserKey& user,
                                                     std::string_view reference);

// Erases from the file the keys that the table `erased_keys` names, then empties the table. Outside of transactions.
absl::Status EraseNotedKeys(SqliteConnection& connection, KeyFile& file);

}  // namespace idiolect
