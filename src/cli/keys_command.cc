#include <algorithm>
#include <ostream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "access/api_key_file.h"
#include "cli/access_commands.h"
#include "cli/layout.h"
#include "cli/number_checks.h"

namespace idiolect {
namespace {

constexpr char kTeaching[] = R"(Example:
  $ idiolect keys create --file keys.jsonl --tenant acme --scopes reply,history.write --note "chat backend"
  idk_5f0c21d9a4be_qkXoVd0vZ2k…
  $ idiolect keys list --file keys.jsonl
  key           state    tenant  scopes               created           note
  5f0c21d9a4be  valid    acme    reply,history.write  2026-01-05 10:00  chat backend
  $ idiolect keys revoke --file keys.jsonl 5f0c21d9a4be

The key is shown once, at its making: the file keeps a hash. A client sends it as the metadata `authorization: Bearer KEY`;
the verbs of this program take it from IDIOLECT_API_KEY. `idiolect serve --api-keys-file FILE` asks for keys, and takes up
changes of the file within seconds.

Scopes: reply (replies and rankings), history.write (append, import, delete, erase), history.read (list users, read and
export), profile.read (profiles and memories), admin (the server as a whole, for all tenants). None includes another.
)";

std::string_view StateOf(const ApiKey& key) {
  if (key.revoked != absl::InfiniteFuture()) return "revoked";
  return key.ValidAt(absl::Now()) ? "valid" : "expired";
}

class KeysCommand : public Command {
 public:
  VerbText text() const override {
    return {"keys", kServeGroup, "Make, list and revoke the API keys of a server", kTeaching};
  }

  void AddOptions(CLI::App& verb) override {
    verb.require_subcommand(1);
    CLI::App* create = Add(verb, "create", "Make a key and print it", &KeysCommand::Create);
    create->add_option("--tenant", key_.tenant, "Whose users it reaches")->required()->option_text("NAME (required)");
    create->add_option("--scopes", scopes_, "What it may do")->required()->option_text("SCOPE,… (required)");
    create->add_option("--note", key_.note, "For whom it is")->option_text("TEXT");
    create->add_option("--expires-days", expires_days_, "How long it is valid (default: until it is revoked)")
        ->check(Between(0.0, 36500.0))
        ->option_text("DAYS");
    CLI::App* list = Add(verb, "list", "List the keys, without what is secret", &KeysCommand::List);
    list->add_flag("--json", json_, "One JSON object a line");
    CLI::App* revoke = Add(verb, "revoke", "End the validity of keys, for good", &KeysCommand::Revoke);
    revoke->add_option("KEY", ids_, "Their ids, as `list` shows them")->required();
  }

  absl::Status Run(Console& console) override { return (this->*job_)(console); }

 private:
  using Job = absl::Status (KeysCommand::*)(Console&);

  CLI::App* Add(CLI::App& verb, const char* name, const char* summary, Job job) {
    CLI::App* added = verb.add_subcommand(name, summary);
    added->callback([this, job] { job_ = job; });
    added->add_option("--file", path_, "The file of keys (or IDIOLECT_API_KEYS_FILE)")
        ->envname("IDIOLECT_API_KEYS_FILE")
        ->required()
        ->option_text("PATH (required)");
    return added;
  }

  absl::Status Create(Console& console) {
    const absl::StatusOr<ScopeSet> scopes = ParseScopes(scopes_);
    if (!scopes.ok()) return absl::InvalidArgumentError(absl::StrCat("--scopes: ", scopes.status().message()));
    key_.scopes = *scopes;
    if (expires_days_ > 0) key_.expires = absl::Now() + absl::Hours(24 * expires_days_);
    const absl::StatusOr<NewApiKey> made = MakeApiKey(key_);
    if (!made.ok()) return absl::InvalidArgumentError(absl::StrCat("--", made.status().message()));
    const absl::Status status = ChangeApiKeyFile(path_, [&](std::vector<ApiKey>& keys) {
      keys.push_back(made->key);
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    console.err << "key " << made->key.id << " of tenant " << made->key.tenant
                << "; this is the only time that it is shown:" << std::endl;
    console.out << made->text << std::endl;
    return absl::OkStatus();
  }

  absl::Status List(Console& console) {
    const absl::StatusOr<std::vector<ApiKey>> keys = ReadApiKeyFile(path_);
    if (!keys.ok()) return keys.status();
    size_t tenant = 6, scopes = 6;
    for (const ApiKey& key : *keys) {
      tenant = std::max(tenant, key.tenant.size());
      scopes = std::max(scopes, ToString(key.scopes).size());
    }
    const auto row = [&](const std::string& id, std::string_view state, const std::string& whose,
                         const std::string& may, const std::string& created, const std::string& note) {
      return absl::StrCat(PadRight(id, 14), PadRight(std::string(state), 9), PadRight(whose, tenant + 2),
                          PadRight(may, scopes + 2), PadRight(created, 18), note);
    };
    if (!json_) console.out << console.paint.Dim(row("key", "state", "tenant", "scopes", "created", "note")) << "\n";
    for (const ApiKey& key : *keys) {
      console.out << (json_ ? ToJsonLine(key)
                            : row(key.id, StateOf(key), key.tenant, ToString(key.scopes), ShortTime(key.created),
                                  Printable(key.note)))
                  << "\n";
    }
    return absl::OkStatus();
  }

  absl::Status Revoke(Console& console) {
    const absl::Status status = ChangeApiKeyFile(path_, [&](std::vector<ApiKey>& keys) {
      for (const std::string& id : ids_) {
        const auto found = std::find_if(keys.begin(), keys.end(), [&](const ApiKey& key) { return key.id == id; });
        if (found == keys.end()) return absl::NotFoundError(absl::StrCat("there is no key ", id, " in ", path_));
        found->revoked = std::min(found->revoked, absl::Now());
      }
      return absl::OkStatus();
    });
    if (status.ok()) console.err << ids_.size() << (ids_.size() == 1 ? " key" : " keys") << " revoked" << std::endl;
    return status;
  }

  Job job_ = nullptr;
  std::string path_, scopes_;
  ApiKey key_;
  double expires_days_ = 0;
  std::vector<std::string> ids_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeKeysCommand() { return std::make_unique<KeysCommand>(); }

}  // namespace idiolect
