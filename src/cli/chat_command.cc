#include <ostream>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/decoding_flags.h"
#include "cli/layout.h"
#include "cli/line_input.h"
#include "cli/proto_time.h"
#include "cli/reply_view.h"

namespace idiolect {
namespace {

constexpr char kTeaching[] = R"(Example:
  $ idiolect chat --user ann
  you › how is the release going?
  ann › same as always, one test short of done

What you type is a post; the line after it is how this person might answer, word by word as it is decoded. Nothing that is
said here is learnt unless you say so with /keep. Commands while you chat:
  /why          where the words of the last reply came from: copied words are marked, their exchanges listed
  /keep         add the last post and reply to this person's history
  /keep TEXT    add the last post with TEXT as the reply: what this person would really have said
  /user ID      talk to somebody else
  /help, /quit  (or Ctrl-D)
Standard input may be a file or a pipe: a post a line gives a reply a line.
)";

constexpr char kHelp[] =
    "  /why            where the words of the last reply came from\n"
    "  /keep [TEXT]    add the last post, with the reply or with TEXT, to the history\n"
    "  /user ID        talk to somebody else\n"
    "  /quit           leave (or Ctrl-D)\n";

// One conversation: the person it is with, and the last turn, which /why and /keep refer to.
class Conversation {
 public:
  Conversation(Client& client, Console& console, const DecodingFlags& decoding, bool explain, const std::string& user)
      : client_(client), console_(console), decoding_(decoding), explain_(explain), user_(user) {}

  absl::Status Say(const std::string& post);
  absl::Status Why();
  absl::Status Keep(const std::string& text);
  void SwitchTo(const std::string& user);
  // At a terminal a mistake costs one turn; in a pipe the reader of the output relies on an answer to every line.
  bool goes_on_after_errors() const { return console_.in_is_terminal; }

 private:
  absl::Status Stream(const v1::StreamReplyRequest& request, WrappingWriter& writer, v1::GenerateReplyResponse& reply);
  WrappingWriter StartReplyLine();

  Client& client_;
  Console& console_;
  const DecodingFlags& decoding_;
  const bool explain_;
  std::string user_;
  bool said_ = false;  // the three below hold a turn
  std::string post_;
  v1::GenerateReplyResponse reply_;
  std::string keep_id_;       // so that a second /keep of the same turn keeps nothing twice
  int64_t min_revision_ = 0;  // what was kept here is seen by the next reply
};

WrappingWriter Conversation::StartReplyLine() {
  if (!console_.out_is_terminal) return WrappingWriter(console_.out, 0, 0, 0);
  const std::string name = Cut(Printable(user_), console_.width / 3);
  console_.out << console_.paint.Bold(name) << console_.paint.Dim(" › ") << std::flush;
  const int indent = DisplayWidth(name) + 3;
  return WrappingWriter(console_.out, console_.width, indent, indent);
}

absl::Status Conversation::Stream(const v1::StreamReplyRequest& request, WrappingWriter& writer,
                                  v1::GenerateReplyResponse& reply) {
  grpc::ClientContext context;
  client_.SetDeadline(context);
  Client::RouteTo(context, user_);
  const auto stream = client_.dialogue().StreamReply(&context, request);
  const bool one = decoding_.candidates == 1;
  v1::StreamReplyResponse message;
  while (stream->Read(&message)) {
    if (one) writer.Write(console_.out_is_terminal ? Printable(message.text()) : message.text());
    if (message.has_summary()) reply.Swap(message.mutable_summary());
  }
  writer.Finish();
  return client_.ToStatus(stream->Finish());
}

absl::Status Conversation::Say(const std::string& post) {
  v1::StreamReplyRequest request;
  request.set_user_id(user_);
  request.set_post(post);
  request.set_explain(true);
  request.set_min_revision(min_revision_);
  *request.mutable_decoding() = decoding_.ToProto();
  v1::GenerateReplyResponse reply;
  WrappingWriter writer = StartReplyLine();
  const absl::Status status = Stream(request, writer, reply);
  console_.out << "\n";
  if (!status.ok()) return status;
  if (reply.candidates_size() > 1) PrintCandidates(reply, console_);
  if (reply.cold_start() && console_.out_is_terminal) {
    console_.out << console_.paint.Dim(absl::StrCat("  (nothing is known of ", Printable(user_), ": anybody's reply)"))
                 << "\n";
  }
  console_.out.flush();
  said_ = true;
  post_ = post;
  reply_ = reply;
  keep_id_ = NewRequestId();
  return explain_ ? Why() : absl::OkStatus();
}

absl::Status Conversation::Why() {
  if (!said_) return absl::FailedPreconditionError("there is no reply yet to explain");
  return PrintOrigin(client_, user_, reply_, console_);
}

absl::Status Conversation::Keep(const std::string& text) {
  if (!said_ || reply_.candidates().empty()) return absl::FailedPreconditionError("there is no reply yet to keep");
  v1::AppendExchangeRequest request;
  request.set_user_id(user_);
  request.set_request_id(keep_id_);
  v1::Exchange& exchange = *request.mutable_exchange();
  exchange.set_post(post_);
  exchange.set_response(text.empty() ? reply_.candidates(0).text() : text);
  exchange.set_source("chat");
  grpc::ClientContext context;
  client_.SetDeadline(context);
  Client::RouteTo(context, user_);
  v1::AppendExchangeResponse response;
  const grpc::Status status = client_.history().AppendExchange(&context, request, &response);
  if (status.error_code() == grpc::StatusCode::ALREADY_EXISTS) {
    return absl::AlreadyExistsError("this exchange was kept before, with another reply");
  }
  if (!status.ok()) return client_.ToStatus(status);
  min_revision_ = response.revision();
  console_.out << console_.paint.Dim(absl::StrCat("  ", response.duplicate() ? "was kept already" : "kept",
                                                  " as exchange ", response.exchange().exchange_id(), " of ",
                                                  Printable(user_)))
               << std::endl;
  return absl::OkStatus();
}

void Conversation::SwitchTo(const std::string& user) {
  user_ = user;
  said_ = false;
  min_revision_ = 0;
}

// False: the conversation is over.
bool IsQuit(const std::string& line) { return line == "/quit" || line == "/exit"; }

class ChatCommand : public Command {
 public:
  VerbText text() const override {
    return {"chat", kTalkGroup, "Talk with the chatbot of a person, and see where its words come from", kTeaching};
  }

  void AddOptions(CLI::App& verb) override {
    server_.AddTo(verb);
    verb.add_option("--user", user_, "Whose replies")->required()->option_text("ID (required)");
    verb.add_flag("--explain", explain_, "Explain every reply, as /why does");
    decoding_.AddTo(verb, /*sampled=*/true);
  }

  absl::Status Run(Console& console) override {
    Client client(server_);
    Conversation conversation(client, console, decoding_, explain_, user_);
    const std::unique_ptr<LineInput> input = MakeLineInput(console);
    if (console.in_is_terminal) console.out << console.paint.Dim("/help lists the commands, Ctrl-D leaves") << "\n";
    std::string line;
    while (input->Next("you ›", line) && !IsQuit(line)) {
      const absl::Status status = Handle(line, conversation, console);
      if (status.ok()) continue;
      if (!conversation.goes_on_after_errors()) return status;
      const std::string message = absl::StrCat("  ", status.message());
      console.err << (console.err_is_terminal ? console.paint.Red(message) : message) << std::endl;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Handle(const std::string& line, Conversation& conversation, Console& console) {
    if (line.empty()) return absl::OkStatus();
    if (line[0] != '/') return conversation.Say(line);
    const size_t space = line.find(' ');
    const std::string command = line.substr(0, space);
    const std::string rest =
        space == std::string::npos ? "" : std::string(absl::StripAsciiWhitespace(line.substr(space)));
    if (command == "/why") return conversation.Why();
    if (command == "/keep") return conversation.Keep(rest);
    if (command == "/user" && !rest.empty()) {
      conversation.SwitchTo(rest);
      return absl::OkStatus();
    }
    if (command == "/help") {
      console.out << kHelp << std::flush;
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError("that is none of /why, /keep, /user ID, /help, /quit");
  }

  ClientOptions server_;
  DecodingFlags decoding_;
  std::string user_;
  bool explain_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeChatCommand() { return std::make_unique<ChatCommand>(); }

}  // namespace idiolect
