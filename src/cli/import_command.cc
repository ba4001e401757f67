#include <fstream>
#include <map>
#include <ostream>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "cli/commands.h"
#include "cli/importer.h"
#include "cli/layout.h"
#include "cli/progress.h"

namespace idiolect {
namespace {

constexpr char kTeaching[] = R"(Example:
  $ idiolect import history.jsonl.gz
  history.jsonl.gz: 1,200 stored, 0 duplicate, 1 rejected (history.jsonl.gz.rejected.jsonl says why)

A file holds one exchange a line, plain or gzip-compressed, in one of two forms:
  jsonl  {"user": "ann", "post": "how are you?", "response": "grand!", "time": 1494355140}
         and, if you like, "post_user" and "source"; time is unix seconds, with a fraction if need be
  tsv    the 8 columns of the DHAP and Pchatbot corpora: post, its user, its time, response, its user, its time, two unused

Exchanges are stored in the file's order, the oldest first. Every line gets an id from its content, so importing again
stores nothing twice: `duplicate` counts what was there. (The server knows an id for 24 hours.) An import that was
interrupted goes on at the line where it stopped when it is repeated: FILE.import-state says where, while it lasts. A line
that can't be stored is `rejected`: it stops nothing, and stands with its number and the reason in FILE.rejected.jsonl.
)";

const std::map<std::string, ExchangeFormat> kFormats = {
    {"detect", ExchangeFormat::kDetect}, {"jsonl", ExchangeFormat::kJsonl}, {"tsv", ExchangeFormat::kTsv}};

std::string Summarize(const std::string& name, const Importer& importer) {
  const ImportCounts& counts = importer.counts();
  std::string text = absl::StrCat(name, ": ", WithCommas(counts.stored), " stored, ", WithCommas(counts.duplicate),
                                  " duplicate, ", WithCommas(counts.rejected), " rejected");
  if (counts.rejected > 0) absl::StrAppend(&text, " (", importer.rejects().path(), " says why)");
  if (counts.left_out > 0) absl::StrAppend(&text, ", ", WithCommas(counts.left_out), " left out by the filters");
  return text;
}

class ImportCommand : public Command {
 public:
  VerbText text() const override {
    return {"import", kDataGroup, "Store exchanges from files: people's histories", kTeaching};
  }

  void AddOptions(CLI::App& verb) override {
    server_.AddTo(verb);
    verb.add_option("files", files_, "Files to import; - is standard input")
        ->required()
        ->option_text("FILE (required)");
    verb.add_option("--format", format_, "detect, jsonl or tsv (default detect, from the first line)")
        ->check(CLI::IsMember(kFormats))
        ->option_text("NAME");
    verb.add_option("--split", splits_, "Only these values of \"split\" (default: all)")
        ->delimiter(',')
        ->option_text("train,valid");
    verb.add_option("--user", users_, "Only this user; may be given again")->option_text("ID")->allow_extra_args(false);
    verb.add_option("--users-file", users_file_, "Only the users named in this file, one a line")->option_text("FILE");
    verb.add_option("--limit-per-user", limit_per_user_, "Only the last N exchanges of each user in the file")
        ->check(CLI::PositiveNumber)
        ->option_text("N");
    verb.add_option("--rejects", rejects_, "Where rejected lines go (default FILE.rejected.jsonl; one FILE only)")
        ->option_text("FILE");
  }

  absl::Status Run(Console& console) override {
    if (!rejects_.empty() && files_.size() > 1) return absl::InvalidArgumentError("--rejects goes with a single FILE");
    absl::Status status = ReadUsersFile();
    Client client(server_);
    for (size_t i = 0; status.ok() && i < files_.size(); ++i) status = ImportFile(files_[i], client, console);
    return status;
  }

 private:
  absl::Status ReadUsersFile() {
    if (users_file_.empty()) return absl::OkStatus();
    absl::StatusOr<std::unique_ptr<LineReader>> reader = LineReader::Open(users_file_);
    std::string line;
    while (reader.ok()) {
      const absl::StatusOr<bool> more = (*reader)->Next(line);
      if (!more.ok()) return more.status();
      if (!*more) break;
      if (!line.empty()) users_.push_back(line);
    }
    if (reader.ok() && users_.empty()) return absl::InvalidArgumentError(absl::StrCat(users_file_, ": names no user"));
    return reader.status();
  }

  ImportOptions OptionsFor(const std::string& file) const {
    ImportOptions options;
    options.path = file;
    options.format = kFormats.at(format_);
    options.users.insert(users_.begin(), users_.end());
    options.splits.insert(splits_.begin(), splits_.end());
    options.limit_per_user = limit_per_user_;
    options.rejects_path = !rejects_.empty() ? rejects_ : absl::StrCat(file == "-" ? "stdin" : file, ".rejected.jsonl");
    if (file != "-") {
      options.state_path = absl::StrCat(file, ".import-state");
      options.job = DescribeImportJob(file, DescribeChoice());
    }
    return options;
  }

  // What decides which lines go where.
  std::string DescribeChoice() const {
    return absl::StrCat("to ", server_.address, " format ", format_, " splits ", absl::StrJoin(splits_, ","), " users ",
                        absl::StrJoin(users_, ","), " limit ", limit_per_user_);
  }

  absl::Status ImportFile(const std::string& file, Client& client, Console& console) {
    const std::string name = file == "-" ? "standard input" : file;
    Progress progress(console, name);
    Importer importer(client, OptionsFor(file), [&progress](int64_t position, int64_t file_size, int64_t lines) {
      progress.Update(position, file_size, lines);
    });
    const absl::Status status = importer.Run();
    progress.Clear();
    if (importer.resumed_after() > 0) {
      console.err << name << ": went on after line " << WithCommas(importer.resumed_after()) << std::endl;
    }
    console.out << Summarize(name, importer) << std::endl;
    return status;
  }

  ClientOptions server_;
  std::vector<std::string> files_, splits_, users_;
  std::string format_ = "detect", users_file_, rejects_;
  int64_t limit_per_user_ = 0;
};

}  // namespace

std::unique_ptr<Command> MakeImportCommand() { return std::make_unique<ImportCommand>(); }

}  // namespace idiolect
