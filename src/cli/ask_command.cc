#include <ostream>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/decoding_flags.h"
#include "cli/reply_view.h"

namespace idiolect {
namespace {

constexpr char kTeaching[] = R"(Example:
  $ idiolect ask --user ann "how is the release going?"
  one test short of done
  $ idiolect ask --user ann --candidates 3 "how is the release going?"

Prints the reply alone, so that a script can take it; with several candidates a numbered list, each with its
log-probability. Without further options it is the likeliest reply and the same every time. Nothing is learnt by asking.
--json prints the whole answer of DialogueService.GenerateReply.
)";

class AskCommand : public Command {
 public:
  VerbText text() const override { return {"ask", kTalkGroup, "One reply of a person to one post", kTeaching}; }

  void AddOptions(CLI::App& verb) override {
    server_.AddTo(verb);
    verb.add_option("--user", request_user_, "Whose reply")->required()->option_text("ID (required)");
    verb.add_option("post", post_, "What is answered; after -- where it begins with a dash")->required();
    verb.add_flag("--explain", explain_, "Show where the words came from");
    verb.add_flag("--json", json_, "Print the answer as JSON");
    decoding_.AddTo(verb, /*sampled=*/false);
  }

  absl::Status Run(Console& console) override {
    Client client(server_);
    v1::GenerateReplyRequest request;
    request.set_user_id(request_user_);
    request.set_post(post_);
    request.set_explain(explain_);
    *request.mutable_decoding() = decoding_.ToProto();
    grpc::ClientContext context;
    client.SetDeadline(context);
    Client::RouteTo(context, request_user_);
    v1::GenerateReplyResponse reply;
    const absl::Status status = client.ToStatus(client.dialogue().GenerateReply(&context, request, &reply));
    if (!status.ok()) return status;
    if (json_) {
      console.out << ToJson(reply);
      return absl::OkStatus();
    }
    PrintCandidates(reply, console);
    return explain_ ? PrintOrigin(client, request_user_, reply, console) : absl::OkStatus();
  }

 private:
  ClientOptions server_;
  DecodingFlags decoding_;
  std::string request_user_, post_;
  bool explain_ = false, json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeAskCommand() { return std::make_unique<AskCommand>(); }

}  // namespace idiolect
