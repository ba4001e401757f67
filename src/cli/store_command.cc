#include <cstdlib>
#include <ostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/commands.h"
#include "cli/layout.h"
#include "cli/progress.h"
#include "cli/store_flags.h"
#include "store/copy_store.h"
#include "store/open_store.h"
#include "store/postgres_maintenance.h"
#include "store/postgres_url.h"
#include "store/sqlite_maintenance.h"

namespace idiolect {
namespace {

constexpr char kTeaching[] = R"(Example:
  $ idiolect store check sqlite:idiolect.db
  sqlite:idiolect.db: 1,200 exchanges of 2 users, 1,200 request ids, 0.9 MiB: no problem found
  $ idiolect store backup sqlite:idiolect.db monday.db
  $ idiolect store restore monday.db sqlite:idiolect.db --force
  $ idiolect store copy sqlite:idiolect.db postgres://db.example.org/idiolect

`check` and `backup` work beside a running server; the others need the database for themselves. A PostgreSQL database
(postgres://…) can be checked, rekeyed and copied; it is backed up by pg_dump. docs/operations.md says what is kept.
)";

constexpr char kSqlitePrefix[] = "sqlite:";

absl::StatusOr<std::string> SqlitePath(const std::string& url) {
  if (url.rfind(kSqlitePrefix, 0) == 0) return url.substr(sizeof(kSqlitePrefix) - 1);
  if (PostgresUrl::IsOne(url)) {
    return absl::InvalidArgumentError(absl::StrCat(
        ShownStoreUrl(url), " is for PostgreSQL's tools: pg_dump and pg_restore back it up and put it back, and ",
        "`idiolect store copy` to an empty one encrypts it; see docs/operations.md"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'", ShownStoreUrl(url), "' is not sqlite:PATH, which this verb is for"));
}

class StoreCommand : public Command {
 public:
  VerbText text() const override {
    return {"store", kServeGroup, "Check, back up, restore, encrypt and move a store", kTeaching};
  }

  void AddOptions(CLI::App& verb) override {
    verb.require_subcommand(1);
    CLI::App* check = Add(verb, "check", "Read everything and tell what is wrong", &StoreCommand::Check);
    AddStore(*check, "sqlite:PATH or postgres://…");
    AddMasterKey(*check);
    CLI::App* backup = Add(verb, "backup", "Write one state of a database to a file", &StoreCommand::BackUp);
    AddStore(*backup);
    backup->add_option("FILE", file_, "Where the backup goes; must not exist")->required();
    backup->add_option("--keys", keys_file_, "Copy the keys of an encrypted one there too, over the last copy")
        ->option_text("FILE");
    CLI::App* restore = Add(verb, "restore", "Put a backup in the place of a database", &StoreCommand::Restore);
    restore->add_option("FILE", file_, "The backup")->required();
    AddStore(*restore);
    restore->add_flag("--force", force_, "Also where there is a database, which is kept beside as PATH.replaced");
    AddMasterKey(*restore);
    CLI::App* encrypt = Add(verb, "encrypt", "Encrypt the texts of a plain database", &StoreCommand::Encrypt);
    AddStore(*encrypt);
    AddMasterKey(*encrypt);
    CLI::App* rekey = Add(verb, "rekey", "Change the master key", &StoreCommand::Rekey);
    AddStore(*rekey, "sqlite:PATH or postgres://…");
    AddMasterKey(*rekey);
    rekey->add_option("--new-master-key-file", new_key_file_, "The one from now on")->required()->option_text("PATH");
    CLI::App* copy = Add(verb, "copy", "Move everything to another store, of any kind", &StoreCommand::Copy);
    copy->add_option("FROM", store_, "Where it is: sqlite:PATH or postgres://…")->required();
    copy->add_option("TO", target_, "Where it goes; users who are there already are passed over")->required();
    AddMasterKey(*copy);
    copy->add_option("--new-master-key-file", new_key_file_, "Of the store that is copied to, where it is encrypted")
        ->option_text("PATH");
  }

  absl::Status Run(Console& console) override { return (this->*job_)(console); }

 private:
  using Job = absl::Status (StoreCommand::*)(Console&);

  CLI::App* Add(CLI::App& verb, const char* name, const char* summary, Job job) {
    CLI::App* added = verb.add_subcommand(name, summary);
    added->callback([this, job] { job_ = job; });
    return added;
  }
  void AddStore(CLI::App& verb, const char* what = "sqlite:PATH") {
    verb.add_option("STORE", store_, what)->required();
  }
  void AddMasterKey(CLI::App& verb) {
    verb.add_option("--master-key-file", key_file_, "Of an encrypted store; else IDIOLECT_MASTER_KEY, where it is set")
        ->option_text("PATH");
  }

  absl::Status Check(Console& console) {
    std::shared_ptr<const TextVault> vault;
    const absl::Status found = FindVault(key_file_, vault);
    if (!found.ok()) return found;
    const absl::StatusOr<StoreCheck> check = CheckAny(store_, vault);
    if (!check.ok()) return check.status();
    console.out << ShownStoreUrl(store_) << ": " << Describe(*check) << ": "
                << (check->problems.empty() ? "no problem found" : "there are problems") << std::endl;
    if (check->problems.empty()) return absl::OkStatus();
    return absl::DataLossError(absl::StrJoin(check->problems, "; "));
  }

  static absl::StatusOr<StoreCheck> CheckAny(const std::string& url, const std::shared_ptr<const TextVault>& vault) {
    if (PostgresUrl::IsOne(url)) return CheckPostgresStore(url, vault);
    const absl::StatusOr<std::string> path = SqlitePath(url);
    if (!path.ok()) return path.status();
    return CheckSqliteStore(*path, vault.get());
  }

  static std::string Describe(const StoreCheck& check) {
    std::string text = absl::StrCat(WithCommas(check.exchanges), " exchanges of ", WithCommas(check.users), " users, ",
                                    WithCommas(check.request_ids), " request ids, ", check.bytes >> 20, ".",
                                    (check.bytes >> 10) % 1024 * 10 / 1024, " MiB");
    if (check.encrypted) absl::StrAppend(&text, ", encrypted");
    if (check.encrypted && !check.texts_opened) absl::StrAppend(&text, " (no master key: the texts were not opened)");
    return text;
  }

  absl::Status BackUp(Console& console) {
    const absl::StatusOr<std::string> path = SqlitePath(store_);
    if (!path.ok()) return path.status();
    // The keys last: each user of the backup is among them, or has been erased.
    absl::Status status = BackUpSqliteStore(*path, file_);
    if (status.ok() && !keys_file_.empty()) status = BackUpKeys(*path, keys_file_);
    if (status.ok()) console.err << store_ << " is backed up to " << file_ << std::endl;
    return status;
  }

  absl::Status Restore(Console& console) {
    const absl::StatusOr<std::string> path = SqlitePath(store_);
    if (!path.ok()) return path.status();
    std::shared_ptr<const TextVault> vault;
    const absl::Status found = FindVault(key_file_, vault);
    if (!found.ok()) return found;
    const absl::StatusOr<RestoreResult> result = RestoreSqliteStore(file_, *path, force_, vault);
    if (!result.ok()) return result.status();
    console.err << store_ << " is what " << file_ << " was: " << WithCommas(result->users) << " users" << std::endl;
    if (!result->forgotten.empty()) {
      console.err << WithCommas(static_cast<int64_t>(result->forgotten.size()))
                  << " users who were erased since then stay erased" << std::endl;
    }
    if (!result->replaced.empty()) {
      console.err << "what was there is " << result->replaced << ": delete it when you don't need it" << std::endl;
    }
    return absl::OkStatus();
  }

  absl::Status FindRequiredVault(std::shared_ptr<const TextVault>& vault) const {
    const absl::Status found = FindVault(key_file_, vault);
    if (!found.ok() || vault != nullptr) return found;
    return absl::InvalidArgumentError("a master key is needed: --master-key-file PATH, or IDIOLECT_MASTER_KEY");
  }

  absl::Status Encrypt(Console& console) {
    const absl::StatusOr<std::string> path = SqlitePath(store_);
    if (!path.ok()) return path.status();
    std::shared_ptr<const TextVault> vault;
    const absl::Status found = FindRequiredVault(vault);
    if (!found.ok()) return found;
    const absl::StatusOr<int64_t> users = EncryptSqliteStore(*path, vault);
    if (!users.ok()) return users.status();
    console.err << "the texts of " << WithCommas(*users) << " users are encrypted; their keys are in " << *path
                << ".keys: back that up too, apart from the database" << std::endl;
    return absl::OkStatus();
  }

  static absl::StatusOr<int64_t> RekeyAny(const std::string& url, const TextVault& vault, const TextVault& new_vault) {
    if (PostgresUrl::IsOne(url)) return RekeyPostgresStore(url, vault, new_vault);
    const absl::StatusOr<std::string> path = SqlitePath(url);
    if (!path.ok()) return path.status();
    return RekeySqliteStore(*path, vault, new_vault);
  }

  absl::Status Rekey(Console& console) {
    std::shared_ptr<const TextVault> vault, new_vault;
    absl::Status found = FindRequiredVault(vault);
    if (found.ok()) found = FindVault(new_key_file_, new_vault);
    if (!found.ok()) return found;
    const absl::StatusOr<int64_t> keys = RekeyAny(store_, *vault, *new_vault);
    if (!keys.ok()) return keys.status();
    console.err << WithCommas(*keys) << " keys are wrapped by the new master key" << std::endl;
    return absl::OkStatus();
  }

  absl::Status Copy(Console& console) {
    StoreOptions from_options, to_options;
    absl::Status status = FindVault(key_file_, from_options.vault);
    if (status.ok() && !new_key_file_.empty()) status = FindVault(new_key_file_, to_options.vault);
    if (!status.ok()) return status;
    const auto from = OpenHistoryStore(store_, from_options);
    if (!from.ok()) return from.status();
    const auto to = OpenHistoryStore(target_, to_options);
    if (!to.ok()) return to.status();
    CopyCounts counts;
    {
      Progress progress(console, ShownStoreUrl(target_));
      status = CopyStore(**from, **to, counts, [&](const CopyCounts& now) { progress.Update(0, 0, now.exchanges); });
    }
    console.err << WithCommas(counts.exchanges) << " exchanges of " << WithCommas(counts.users) << " users copied, "
                << WithCommas(counts.present_users) << " users were there already" << std::endl;
    return status;
  }

  Job job_ = nullptr;
  std::string store_, target_, file_, keys_file_, key_file_, new_key_file_;
  bool force_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeStoreCommand() { return std::make_unique<StoreCommand>(); }

}  // namespace idiolect
