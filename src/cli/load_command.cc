#include <ostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "google/protobuf/util/time_util.h"

namespace idiolect {
namespace {

constexpr char kTeaching[] = R"(Example:
  $ idiolect load idiolect-small-2
  serving idiolect-small-2, content 1f0c9a7be2d4, loaded in 0.84 s

The model is a folder beside the one that the server was started with. It is read, its checksums compared and a self-test run
on it before it takes any call; calls in flight finish on the model they began with. On an error the old one serves on.
Without a name the same folder is read again, with what it contains now. Needs a key with the scope admin where keys are
asked for.
)";

class LoadCommand : public Command {
 public:
  VerbText text() const override {
    return {"load", kServeGroup, "Put another model in the place of the one that serves", kTeaching};
  }

  void AddOptions(CLI::App& verb) override {
    server_.AddTo(verb);
    verb.add_option("name", request_name_, "Folder of the model, beside the one that serves")->option_text("NAME");
    verb.add_option("--content-hash", content_hash_, "The new model must have this content hash")
        ->option_text("SHA256");
    verb.add_flag("--json", json_, "Print the answer as JSON");
  }

  absl::Status Run(Console& console) override {
    Client client(server_);
    v1::LoadModelRequest request;
    request.set_name(request_name_);
    request.set_content_hash(content_hash_);
    grpc::ClientContext context;
    client.SetDeadline(context);
    v1::LoadModelResponse loaded;
    const absl::Status status = client.ToStatus(client.model().LoadModel(&context, request, &loaded));
    if (!status.ok()) return status;
    console.out << (json_ ? ToJson(loaded) : Describe(loaded));
    return absl::OkStatus();
  }

 private:
  static std::string Describe(const v1::LoadModelResponse& loaded) {
    const double ms = static_cast<double>(google::protobuf::util::TimeUtil::DurationToMilliseconds(loaded.load_time()));
    return absl::StrCat("serving ", loaded.name(), ", content ", loaded.content_hash().substr(0, 12), ", loaded in ",
                        absl::StrFormat("%.2f s\n", ms / 1000));
  }

  ClientOptions server_;
  std::string request_name_, content_hash_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeLoadCommand() { return std::make_unique<LoadCommand>(); }

}  // namespace idiolect
