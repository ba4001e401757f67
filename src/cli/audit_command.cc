#include <ostream>

#include "absl/strings/str_cat.h"
#include "access/audit_check.h"
#include "cli/access_commands.h"
#include "cli/layout.h"

namespace idiolect {
namespace {

constexpr char kTeaching[] = R"(Example:
  $ idiolect audit verify audit.jsonl
  audit.jsonl: 1,200 records, unbroken; the last hash is 9b1d…
  $ idiolect audit verify audit.jsonl --has 9b1d…
  $ idiolect audit show audit.jsonl --tenant acme --user ann

`idiolect serve --audit-file FILE` writes there who read, exported or erased whose data. Each record has the hash of the one
before, so a record that was changed, removed or added shows: `verify` names the first line that does not fit, and ends
with code 1. Records that are missing at the end do not show by themselves: note the last hash elsewhere now and then, and
have `verify --has` look whether it is there. `show` prints the records of a user, also where their hash stands for them.
)";

class AuditCommand : public Command {
 public:
  VerbText text() const override {
    return {"audit", kServeGroup, "Verify and search the record of who read whose data", kTeaching};
  }

  void AddOptions(CLI::App& verb) override {
    verb.require_subcommand(1);
    CLI::App* verify = Add(verb, "verify", "Is the log whole and unchanged?", &AuditCommand::Verify);
    verify->add_option("--has", hash_, "A hash that was noted before must be in it")->option_text("HASH");
    CLI::App* show = Add(verb, "show", "The records of one user", &AuditCommand::Show);
    show->add_option("--tenant", tenant_, "Whose user it is")->capture_default_str()->option_text("NAME");
    show->add_option("--user", user_, "The user's id")->required()->option_text("ID (required)");
  }

  absl::Status Run(Console& console) override { return (this->*job_)(console); }

 private:
  using Job = absl::Status (AuditCommand::*)(Console&);

  CLI::App* Add(CLI::App& verb, const char* name, const char* summary, Job job) {
    CLI::App* added = verb.add_subcommand(name, summary);
    added->callback([this, job] { job_ = job; });
    added->add_option("FILE", path_, "The log")->required();
    return added;
  }

  absl::Status Verify(Console& console) {
    bool found = hash_.empty();
    const auto check = ReadAuditLog(path_, [&](std::string_view, const ParsedAuditLine& line, std::string_view) {
      found |= line.link.hash == hash_;
    });
    if (!check.ok()) return check.status();
    if (!found) return absl::DataLossError(absl::StrCat(path_, ": the hash ", hash_, " is not in it"));
    console.out << path_ << ": " << WithCommas(check->records) << " records, unbroken; the last hash is " << check->last
                << std::endl;
    if (check->previous != NoHash()) {
      console.out << path_ << ": goes on with a log whose last hash is " << check->previous << std::endl;
    }
    return absl::OkStatus();
  }

  absl::Status Show(Console& console) {
    const auto check =
        ReadAuditLog(path_, [&](std::string_view text, const ParsedAuditLine& line, std::string_view salt) {
          const bool theirs =
              line.tenant == tenant_ && (line.user_id == user_ || line.user_hash == UserHash(salt, tenant_, user_));
          if (theirs) console.out << text << "\n";
        });
    return check.status();
  }

  Job job_ = nullptr;
  std::string path_, hash_, tenant_ = "default", user_;
};

}  // namespace

std::unique_ptr<Command> MakeAuditCommand() { return std::make_unique<AuditCommand>(); }

}  // namespace idiolect
