#include <istream>
#include <ostream>

#include "absl/strings/str_cat.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/layout.h"
#include "cli/proto_time.h"

namespace idiolect {
namespace {

constexpr char kTeaching[] = R"(Example:
  $ idiolect erase --user ann
  Forget ann: every exchange and everything made from them? There is no way back. [y/N] y
  erased ann: 1,200 exchanges and 1,200 request ids, last revision 1,203, 2026-05-09T14:05:12+00:00

Afterwards the server knows nothing of this person. The line printed is the receipt. Where standard input is no terminal
nobody can be asked: there --yes is required. `idiolect export` first if you want to keep a copy.
)";

class EraseCommand : public Command {
 public:
  VerbText text() const override { return {"erase", kDataGroup, "Forget a person, for good", kTeaching}; }

  void AddOptions(CLI::App& verb) override {
    server_.AddTo(verb);
    verb.add_option("--user", user_, "Who is forgotten")->required()->option_text("ID (required)");
    verb.add_flag("--yes", yes_, "Don't ask");
    verb.add_flag("--json", json_, "Print the receipt as JSON");
  }

  absl::Status Run(Console& console) override {
    const absl::Status agreed = Ask(console);
    if (!agreed.ok()) return agreed;
    Client client(server_);
    v1::EraseUserRequest request;
    request.set_user_id(user_);
    request.set_request_id(NewRequestId());
    grpc::ClientContext context;
    client.SetDeadline(context);
    Client::RouteTo(context, user_);
    v1::EraseUserResponse receipt;
    const absl::Status status = client.ToStatus(client.history().EraseUser(&context, request, &receipt));
    if (!status.ok()) return status;
    console.out << (json_ ? ToJson(receipt) : Describe(receipt));
    return absl::OkStatus();
  }

 private:
  absl::Status Ask(Console& console) const {
    if (yes_) return absl::OkStatus();
    if (!console.in_is_terminal)
      return absl::FailedPreconditionError("there is nobody to ask; --yes erases without asking");
    console.err << "Forget " << Printable(user_)
                << ": every exchange and everything made from them? There is no way back. [y/N] " << std::flush;
    std::string answer;
    std::getline(console.in, answer);
    return answer == "y" || answer == "yes" ? absl::OkStatus() : absl::CancelledError("nothing was erased");
  }

  static std::string Describe(const v1::EraseUserResponse& receipt) {
    return absl::StrCat("erased ", Printable(receipt.user_id()), ": ", WithCommas(receipt.exchanges_erased()),
                        " exchanges and ", WithCommas(receipt.request_ids_erased()), " request ids, last revision ",
                        WithCommas(receipt.last_revision()), ", ",
                        absl::FormatTime(absl::RFC3339_sec, FromProto(receipt.time()), absl::UTCTimeZone()), "\n");
  }

  ClientOptions server_;
  std::string user_;
  bool yes_ = false, json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeEraseCommand() { return std::make_unique<EraseCommand>(); }

}  // namespace idiolect
