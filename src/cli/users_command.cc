#include <algorithm>
#include <ostream>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/layout.h"
#include "cli/proto_time.h"

namespace idiolect {
namespace {

constexpr char kTeaching[] = R"(Example:
  $ idiolect users
  exchanges  first             last              user
      1,200  2015-01-03 09:12  2016-05-09 14:05  ann

Everybody who has a history here, by user id; times are local. --json prints one JSON object a line, with the revision.
)";

constexpr int kPageSize = 1000;

class UsersCommand : public Command {
 public:
  VerbText text() const override { return {"users", kDataGroup, "Everybody who has a history", kTeaching}; }

  void AddOptions(CLI::App& verb) override {
    server_.AddTo(verb);
    verb.add_flag("--json", json_, "One JSON object a line");
  }

  absl::Status Run(Console& console) override {
    Client client(server_);
    if (!json_) console.out << console.paint.Dim("exchanges  first             last              user") << "\n";
    v1::ListUsersRequest request;
    request.set_page_size(kPageSize);
    do {
      grpc::ClientContext context;
      client.SetDeadline(context);
      v1::ListUsersResponse response;
      const absl::Status status = client.ToStatus(client.profile().ListUsers(&context, request, &response));
      if (!status.ok()) return status;
      for (const v1::UserSummary& user : response.users()) Print(user, console);
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    return absl::OkStatus();
  }

 private:
  void Print(const v1::UserSummary& user, Console& console) const {
    if (json_) {
      console.out << ToJson(user, /*many_lines=*/false) << "\n";
      return;
    }
    console.out << PadLeft(WithCommas(user.exchange_count()), 9) << "  " << ShortTime(FromProto(user.first_time()))
                << "  " << ShortTime(FromProto(user.last_time())) << "  " << Printable(user.user_id()) << "\n";
  }

  ClientOptions server_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeUsersCommand() { return std::make_unique<UsersCommand>(); }

}  // namespace idiolect
