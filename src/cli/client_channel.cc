#include "cli/client_channel.h"

#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"
#include "grpcpp/support/client_interceptor.h"
#include "serve/listener.h"

namespace idiolect {
namespace {

// Puts the key into each call. gRPC's own call credentials would refuse a connection in the clear, even to this
// machine.
class KeySender final : public grpc::experimental::Interceptor {
 public:
  explicit KeySender(const std::string& header) : header_(header) {}

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    using grpc::experimental::InterceptionHookPoints;
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      methods->GetSendInitialMetadata()->emplace("authorization", header_);
    }
    methods->Proceed();
  }

 private:
  const std::string& header_;
};

class KeySenderFactory final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  explicit KeySenderFactory(const std::string& key) : header_(absl::StrCat("Bearer ", key)) {}
  grpc::experimental::Interceptor* CreateClientInterceptor(grpc::experimental::ClientRpcInfo*) override {
    return new KeySender(header_);
  }

 private:
  const std::string header_;
};

absl::Status ReadFile(const std::string& option, const std::string& path, std::string& content) {
  std::ifstream file(path, std::ios::binary);
  content.assign(std::istreambuf_iterator<char>(file), {});
  return file && !content.empty() ? absl::OkStatus() : absl::NotFoundError(absl::StrCat(option, ": can't read ", path));
}

bool UsesTls(const ChannelSettings& settings) {
  return !settings.tls_ca.empty() || !settings.tls_cert.empty() || !settings.tls_key.empty();
}

absl::Status Check(const ChannelSettings& settings) {
  if (settings.tls_cert.empty() != settings.tls_key.empty()) {
    return absl::InvalidArgumentError("--tls-cert and --tls-key: only one of them is given");
  }
  if (settings.api_key.find_first_of("\r\n \t") != std::string::npos) {
    return absl::InvalidArgumentError("--api-key: is no key; `idiolect keys create` prints one");
  }
  if (settings.api_key.empty() || UsesTls(settings) || settings.key_in_the_clear || IsLoopback(settings.address)) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("the API key would go to ", settings.address,
                   " for everybody between to read: --tls-ca encrypts, --key-in-the-clear sends it all the same"));
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> CredentialsOf(const ChannelSettings& settings) {
  if (!UsesTls(settings)) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  absl::Status status;
  if (!settings.tls_ca.empty() && settings.tls_ca != "system") {
    status.Update(ReadFile("--tls-ca", settings.tls_ca, options.pem_root_certs));
  }
  if (!settings.tls_cert.empty()) {
    status.Update(ReadFile("--tls-cert", settings.tls_cert, options.pem_cert_chain));
    status.Update(ReadFile("--tls-key", settings.tls_key, options.pem_private_key));
  }
  if (!status.ok()) return status;
  return grpc::SslCredentials(options);
}

}  // namespace

void AddChannelOptions(CLI::App& verb, ChannelSettings& settings) {
  verb.add_option("--api-key", settings.api_key,
                  "Key of this client; better in IDIOLECT_API_KEY, as others can read command lines")
      ->envname("IDIOLECT_API_KEY")
      ->option_text("KEY");
  verb.add_option(
          "--tls-ca", settings.tls_ca,
          "Talk over TLS to a server whose certificate one of these signed (or IDIOLECT_SERVER_CA); `system` is "
          "the system's list")
      ->envname("IDIOLECT_SERVER_CA")
      ->option_text("FILE");
  verb.add_option("--tls-cert", settings.tls_cert, "Certificate of this client (or IDIOLECT_CLIENT_CERT)")
      ->envname("IDIOLECT_CLIENT_CERT")
      ->option_text("FILE");
  verb.add_option("--tls-key", settings.tls_key, "Its private key (or IDIOLECT_CLIENT_KEY)")
      ->envname("IDIOLECT_CLIENT_KEY")
      ->option_text("FILE");
  verb.add_flag("--key-in-the-clear", settings.key_in_the_clear, "Send the key to another machine without TLS");
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const ChannelSettings& settings) {
  if (absl::Status status = Check(settings); !status.ok()) return status;
  const auto credentials = CredentialsOf(settings);
  if (!credentials.ok()) return credentials.status();
  // Without the environment's http_proxy: the server stands next door more often than behind a proxy, and a proxy set
  // for the web would otherwise swallow even calls to 127.0.0.1.
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_CHANNELZ, 0);  // it counts each call, and nobody asks
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> interceptors;
  if (!settings.api_key.empty()) interceptors.push_back(std::make_unique<KeySenderFactory>(settings.api_key));
  return grpc::experimental::CreateCustomChannelWithInterceptors(settings.address, *credentials, arguments,
                                                                 std::move(interceptors));
}

}  // namespace idiolect
