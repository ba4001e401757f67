#include <algorithm>
#include <optional>
#include <ostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/layout.h"
#include "cli/proto_time.h"

namespace idiolect {
namespace {

constexpr char kTeaching[] = R"(Example:
  $ idiolect profile --user ann --post "did the build pass?"

Three things that the model goes by when it answers as this person:
  style       how the responses are written: their length, the share of distinct words, of questions and so on
  vocabulary  the words that are this person's own, the heaviest first. A word weighs how often it is said times how
              rare it is in the language; the bar shows its weight against the heaviest, the number how often it was said
  memory      with --post: the exchanges that the model turns to before it answers this post. The weights sum to 100 %
All of it is over the window, the newest exchanges, as many as the model reads. --json adds the general profile vector
and, with --post, the dynamic one.
)";

constexpr int kBarColumns = 24;
constexpr int kWordColumns = 18;
constexpr int kMostMemories = 10;

class ProfileCommand : public Command {
 public:
  VerbText text() const override {
    return {"profile", kDataGroup, "What the model makes of a person's history", kTeaching};
  }

  void AddOptions(CLI::App& verb) override {
    server_.AddTo(verb);
    verb.add_option("--user", user_, "Whose profile")->required()->option_text("ID (required)");
    verb.add_option("--post", post_, "Show the exchanges that this post brings to mind")->option_text("TEXT");
    verb.add_option("--words", words_, "How many words of the vocabulary (default 20)")
        ->check(CLI::Range(1, 1000))
        ->option_text("N");
    verb.add_flag("--json", json_, "Print the answers as JSON, one object a line");
  }

  absl::Status Run(Console& console) override {
    Client client(server_);
    v1::GetProfileResponse profile;
    absl::Status status = FetchProfile(client, profile);
    v1::QueryMemoryResponse memory;
    if (status.ok() && post_.has_value()) status = QueryMemory(client, memory);
    if (!status.ok()) return status;
    if (json_) {
      console.out << ToJson(profile, /*many_lines=*/false) << "\n";
      if (post_.has_value()) console.out << ToJson(memory, /*many_lines=*/false) << "\n";
      return absl::OkStatus();
    }
    PrintCounts(profile, console);
    if (profile.window_size() > 0) PrintStyle(profile.style(), console);
    PrintVocabulary(profile, console);
    if (post_.has_value()) PrintMemory(memory, console);
    return absl::OkStatus();
  }

 private:
  absl::Status FetchProfile(Client& client, v1::GetProfileResponse& profile) const {
    grpc::ClientContext context;
    client.SetDeadline(context);
    Client::RouteTo(context, user_);
    v1::GetProfileRequest request;
    request.set_user_id(user_);
    request.set_vocabulary_size(words_);
    return client.ToStatus(client.profile().GetProfile(&context, request, &profile));
  }

  absl::Status QueryMemory(Client& client, v1::QueryMemoryResponse& memory) const {
    grpc::ClientContext context;
    client.SetDeadline(context);
    Client::RouteTo(context, user_);
    v1::QueryMemoryRequest request;
    request.set_user_id(user_);
    request.set_post(*post_);
    return client.ToStatus(client.profile().QueryMemory(&context, request, &memory));
  }

  static void PrintCounts(const v1::GetProfileResponse& profile, Console& console) {
    console.out << console.paint.Bold(Printable(profile.user_id())) << "  " << WithCommas(profile.exchange_count())
                << " exchanges, revision " << WithCommas(profile.revision()) << "\n";
    if (profile.exchange_count() == 0) {
      console.out << "  nothing is known of this person: replies are anybody's\n";
      return;
    }
    console.out << "  from " << ShortTime(FromProto(profile.first_time())) << " to "
                << ShortTime(FromProto(profile.last_time())) << "; the model reads the newest " << profile.window_size()
                << "\n";
  }

  static void PrintStyle(const v1::StyleStatistics& style, Console& console) {
    console.out << "\n" << console.paint.Bold("style") << "\n";
    console.out << absl::StrFormat("  a response has %.1f words, %.1f characters; %.0f %% of the words are distinct\n",
                                   style.mean_words(), style.mean_characters(), 100 * style.distinct_words());
    console.out << absl::StrFormat(
        "  %.0f %% ask, %.0f %% exclaim, %.0f %% hold an emoji, %.0f %% begin with a capital\n",
        100 * style.question_share(), 100 * style.exclamation_share(), 100 * style.emoji_share(),
        100 * style.capitalized_share());
  }

  static void PrintVocabulary(const v1::GetProfileResponse& profile, Console& console) {
    if (profile.vocabulary().empty()) return;
    console.out << "\n" << console.paint.Bold("vocabulary") << "\n";
    const double heaviest = std::max(profile.vocabulary(0).weight(), 1e-9);
    for (const v1::VocabularyWord& word : profile.vocabulary()) {
      console.out << "  " << PadRight(Cut(Printable(word.word()), kWordColumns), kWordColumns) << " "
                  << PadLeft(WithCommas(word.count()), 5) << "  " << Bar(word.weight() / heaviest, kBarColumns) << "\n";
    }
  }

  static void PrintMemory(const v1::QueryMemoryResponse& memory, Console& console) {
    console.out << "\n" << console.paint.Bold("memory") << "\n";
    if (memory.entries().empty()) console.out << "  empty\n";
    const int room = console.out_is_terminal ? console.width - 14 : 1 << 20;
    for (int i = 0; i < std::min(memory.entries_size(), kMostMemories); ++i) {
      const v1::Exchange& exchange = memory.entries(i).exchange();
      console.out << absl::StrFormat("  %5.1f %%  ", 100 * memory.entries(i).weight())
                  << console.paint.Dim(absl::StrCat("‹ ", Cut(Printable(exchange.post()), room))) << "\n"
                  << "           › " << Cut(Printable(exchange.response()), room) << "\n";
    }
    if (memory.entries_size() > kMostMemories) {
      console.out << "  … and " << memory.entries_size() - kMostMemories << " exchanges that weigh less\n";
    }
  }

  ClientOptions server_;
  std::string user_;
  std::optional<std::string> post_;
  int words_ = 20;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeProfileCommand() { return std::make_unique<ProfileCommand>(); }

}  // namespace idiolect
