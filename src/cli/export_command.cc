#include <cstdio>
#include <fstream>
#include <ostream>

#include "absl/strings/str_cat.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/exchange_json.h"
#include "cli/layout.h"

namespace idiolect {
namespace {

constexpr char kTeaching[] = R"(Example:
  $ idiolect export --user ann --out ann.jsonl
  1,200 exchanges of ann in ann.jsonl
  $ idiolect export --all --out everybody.jsonl
  2,400 exchanges of 2 users in everybody.jsonl

Writes every exchange that is kept of a person, the oldest first, one JSON object a line: the form that `idiolect import`
reads, with nothing lost on the way there and back. --all writes everybody, ordered by user id. A person never seen gives
an empty file. Without --out the lines go to standard output. With --out the file is complete or not there at all.
)";

constexpr int kPageSize = 1000;

class ExportCommand : public Command {
 public:
  VerbText text() const override {
    return {"export", kDataGroup, "All that is kept of a person, or of everybody, as JSONL", kTeaching};
  }

  void AddOptions(CLI::App& verb) override {
    server_.AddTo(verb);
    CLI::App* who = verb.add_option_group("who", "Whose history, one of these");
    who->add_option("--user", user_, "That of one person")->option_text("ID");
    who->add_flag("--all", all_, "Everybody's");
    who->require_option(1);
    verb.add_option("--out", out_, "File to write (default: standard output)")->option_text("FILE");
  }

  absl::Status Run(Console& console) override {
    Client client(server_);
    return out_.empty() ? Write(client, console.out) : WriteFile(client, console);
  }

 private:
  absl::Status Write(Client& client, std::ostream& out) {
    const absl::Status status = all_ ? WriteAll(client, out) : WriteUser(client, user_, out);
    out.flush();
    return out ? status : absl::UnavailableError("can't write the exchanges: is the disk full?");
  }

  absl::Status WriteAll(Client& client, std::ostream& out) {
    v1::ListUsersRequest request;
    request.set_page_size(kPageSize);
    do {
      grpc::ClientContext context;
      client.SetDeadline(context);
      v1::ListUsersResponse page;
      absl::Status status = client.ToStatus(client.profile().ListUsers(&context, request, &page));
      for (int i = 0; status.ok() && i < page.users_size(); ++i)
        status = WriteUser(client, page.users(i).user_id(), out);
      if (!status.ok()) return status;
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return absl::OkStatus();
  }

  absl::Status WriteUser(Client& client, const std::string& user, std::ostream& out) {
    grpc::ClientContext context;
    Client::RouteTo(context, user);
    v1::ExportUserRequest request;
    request.set_user_id(user);
    const auto stream = client.history().ExportUser(&context, request);
    v1::ExportUserResponse response;
    while (out && stream->Read(&response)) {
      out << ToJsonLine(user, response.exchange()) << "\n";
      ++exchanges_;
    }
    if (!out) context.TryCancel();
    const grpc::Status status = stream->Finish();
    ++users_;
    return out ? client.ToStatus(status) : absl::OkStatus();  // Write says what is wrong with `out`
  }

  // Under another name until it is complete.
  absl::Status WriteFile(Client& client, Console& console) {
    const std::string unfinished = absl::StrCat(out_, ".part");
    std::ofstream file(unfinished, std::ios::binary);
    if (!file) return absl::UnavailableError(absl::StrCat("can't write ", unfinished));
    const absl::Status status = Write(client, file);
    file.close();
    if (status.ok() && file && std::rename(unfinished.c_str(), out_.c_str()) == 0) {
      console.err << WithCommas(exchanges_) << " exchanges of "
                  << (all_ ? absl::StrCat(WithCommas(users_), " users") : Printable(user_)) << " in " << out_
                  << std::endl;
      return absl::OkStatus();
    }
    std::remove(unfinished.c_str());
    return status.ok() ? absl::UnavailableError(absl::StrCat("can't write ", out_)) : status;
  }

  ClientOptions server_;
  std::string user_, out_;
  bool all_ = false;
  int64_t exchanges_ = 0, users_ = 0;  // written
};

}  // namespace

std::unique_ptr<Command> MakeExportCommand() { return std::make_unique<ExportCommand>(); }

}  // namespace idiolect
