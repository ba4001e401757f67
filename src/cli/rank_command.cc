#include <array>
#include <map>
#include <optional>
#include <ostream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/layout.h"

namespace idiolect {
namespace {

constexpr char kTeaching[] = R"(Example:
  $ idiolect rank --user ann --post "how is the release going?" "Fine, thanks." "one test short of done"
   #    score      logp  candidate
   1    0.312    -21.40  one test short of done
   2   -0.094    -12.73  Fine, thanks.

Ranks replies that somebody else wrote by how much they are this person's answer to this post, best first. `logp` is the
natural logarithm of the reply's probability given person and post. `score` is what the rank is by, of the whole reply:
  personal-and-words  personal, and half of how much likelier the words are for the person than for anybody (default)
  joint-and-words     joint, and the same
  personal            logp less that without the person: what the person adds
  relevance           logp less that without the post: what the post adds
  joint               logp less that without either
  likelihood          logp itself a token, which prefers what anybody would say
A score above 0 says that the person (or the post) makes the reply likelier. A candidate marked … is longer than the model
reads and was scored by its beginning.
)";

const std::map<std::string, v1::Scoring> kScorings = {{"personal-and-words", v1::SCORING_PERSONAL_AND_WORDS},
                                                      {"joint-and-words", v1::SCORING_JOINT_AND_WORDS},
                                                      {"personal", v1::SCORING_PERSONAL},
                                                      {"relevance", v1::SCORING_RELEVANCE},
                                                      {"joint", v1::SCORING_JOINT},
                                                      {"likelihood", v1::SCORING_LIKELIHOOD}};

class RankCommand : public Command {
 public:
  VerbText text() const override {
    return {"rank", kTalkGroup, "Rank replies by how much they sound like a person", kTeaching};
  }

  void AddOptions(CLI::App& verb) override {
    server_.AddTo(verb);
    verb.add_option("--user", user_, "Whose reply it would be")->required()->option_text("ID (required)");
    verb.add_option("--post", post_, "What is answered")->required()->option_text("TEXT (required)");
    AddCandidates(verb);
    verb.add_option("--scoring", scoring_, "What to rank by, see below (default personal-and-words)")
        ->check(CLI::IsMember(kScorings))
        ->option_text("NAME");
    CLI::Option* total = verb.add_flag("--total", total_, "Score whole replies (default, but for likelihood)");
    verb.add_flag("--per-token", per_token_, "Divide scores by the number of tokens (default for likelihood)")
        ->excludes(total);
    verb.add_flag("--json", json_, "Print the answer as JSON, with the log-probability of every token");
  }

  absl::Status Run(Console& console) override {
    Client client(server_);
    v1::ScoreRepliesRequest request;
    request.set_user_id(user_);
    request.set_post(post_);
    for (const std::string& candidate : Candidates()) request.add_candidates(candidate);
    request.set_scoring(kScorings.at(scoring_));
    if (total_) request.set_normalization(v1::NORMALIZATION_TOTAL);
    if (per_token_) request.set_normalization(v1::NORMALIZATION_PER_TOKEN);
    grpc::ClientContext context;
    client.SetDeadline(context);
    Client::RouteTo(context, user_);
    v1::ScoreRepliesResponse response;
    const absl::Status status = client.ToStatus(client.dialogue().ScoreReplies(&context, request, &response));
    if (!status.ok()) return status;
    if (json_) {
      console.out << ToJson(response);
    } else {
      PrintTable(response, console);
    }
    return absl::OkStatus();
  }

 private:
  // One positional for each candidate, all but the first hidden: in an option of many values CLI11 would take
  // "[laughs, loudly]" for a list of its own.
  void AddCandidates(CLI::App& verb) {
    verb.add_option("candidate...", slots_[0], "1 to 64 replies; after -- where one begins with a dash")
        ->required()
        ->option_text("(required)");
    for (size_t i = 1; i < slots_.size(); ++i) verb.add_option(absl::StrCat("candidate", i + 1), slots_[i])->group("");
  }

  std::vector<std::string> Candidates() const {
    std::vector<std::string> candidates;
    for (const std::optional<std::string>& slot : slots_) {
      if (slot.has_value()) candidates.push_back(*slot);
    }
    return candidates;
  }

  void PrintTable(const v1::ScoreRepliesResponse& response, Console& console) const {
    console.out << console.paint.Dim(" #    score      logp  candidate") << "\n";
    const std::vector<std::string> candidates = Candidates();
    const int room = console.out_is_terminal ? console.width - 24 : 1 << 20;
    for (int i = 0; i < response.replies_size(); ++i) {
      const v1::ScoredReply& reply = response.replies(i);
      const bool known = reply.index() >= 0 && reply.index() < static_cast<int>(candidates.size());
      const std::string candidate = known ? Printable(candidates[reply.index()]) : "";
      console.out << absl::StrFormat("%2d %8.3f %9.2f  ", i + 1, reply.score(), reply.log_probability())
                  << Cut(candidate, room) << (reply.truncated() ? " …" : "") << "\n";
    }
    if (response.cold_start()) console.out << console.paint.Dim("(nothing is known of this person)") << "\n";
  }

  ClientOptions server_;
  std::string user_, post_, scoring_ = "personal-and-words";
  std::array<std::optional<std::string>, 64> slots_;
  bool total_ = false, per_token_ = false, json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeRankCommand() { return std::make_unique<RankCommand>(); }

}  // namespace idiolect
