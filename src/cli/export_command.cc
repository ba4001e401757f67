#include <cstdio>
#include <fstream>
#include <ostream>

#include "absl/status/statusor.h"
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

Writes every exchange that is kept of a person, the oldest first, one JSON object a line: the form that `idiolect import`
reads, with nothing lost on the way there and back. A person never seen gives an empty file. Without --out the lines go to
standard output. With --out the file is complete or not there at all.
)";

class ExportCommand : public Command {
 public:
  VerbText text() const override { return {"export", kDataGroup, "All that is kept of a person, as JSONL", kTeaching}; }

  void AddOptions(CLI::App& verb) override {
    server_.AddTo(verb);
    verb.add_option("--user", user_, "Whose history")->required()->option_text("ID (required)");
    verb.add_option("--out", out_, "File to write (default: standard output)")->option_text("FILE");
  }

  absl::Status Run(Console& console) override {
    Client client(server_);
    return out_.empty() ? Write(client, console.out).status() : WriteFile(client, console);
  }

 private:
  // The number of exchanges written.
  absl::StatusOr<int64_t> Write(Client& client, std::ostream& out) {
    grpc::ClientContext context;
    v1::ExportUserRequest request;
    request.set_user_id(user_);
    const auto stream = client.history().ExportUser(&context, request);
    v1::ExportUserResponse response;
    int64_t count = 0;
    while (out && stream->Read(&response)) {
      out << ToJsonLine(user_, response.exchange()) << "\n";
      ++count;
    }
    out.flush();
    if (!out) context.TryCancel();
    const grpc::Status status = stream->Finish();
    if (!out) return absl::UnavailableError("can't write the exchanges: is the disk full?");
    if (!status.ok()) return client.ToStatus(status);
    return count;
  }

  // Under another name until it is complete.
  absl::Status WriteFile(Client& client, Console& console) {
    const std::string unfinished = absl::StrCat(out_, ".part");
    std::ofstream file(unfinished, std::ios::binary);
    if (!file) return absl::UnavailableError(absl::StrCat("can't write ", unfinished));
    const absl::StatusOr<int64_t> count = Write(client, file);
    file.close();
    if (count.ok() && file && std::rename(unfinished.c_str(), out_.c_str()) == 0) {
      console.err << WithCommas(*count) << " exchanges of " << Printable(user_) << " in " << out_ << std::endl;
      return absl::OkStatus();
    }
    std::remove(unfinished.c_str());
    return count.ok() ? absl::UnavailableError(absl::StrCat("can't write ", out_)) : count.status();
  }

  ClientOptions server_;
  std::string user_, out_;
};

}  // namespace

std::unique_ptr<Command> MakeExportCommand() { return std::make_unique<ExportCommand>(); }

}  // namespace idiolect
