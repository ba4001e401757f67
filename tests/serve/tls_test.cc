#include "serve/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <set>

#include "tests/serve/server_fixture.h"
#include "tests/support/certificates.h"
#include "tests/support/temp_folder.h"

namespace idiolect::testing {
namespace {

using ::testing::HasSubstr;

class TlsTest : public ServerFixture {
 protected:
  void Write(const std::string& name, const std::string& content) { std::ofstream(folder_.File(name)) << content; }
  void WritePair(const PemPair& pair) {
    Write("cert.pem", pair.certificate);
    Write("key.pem", pair.key);
  }

  TlsOptions Files(bool mutual = false) const {
    return {.cert = folder_.File("cert.pem"),
            .key = folder_.File("key.pem"),
            .client_ca = mutual ? folder_.File("clients.pem") : ""};
  }

  void StartWithTls(bool mutual = false) {
    ServerOptions options;
    options.tls = Files(mutual);
    Start({}, options);
  }

  // A call over a connection of its own.
  grpc::Status TryWith(const grpc::SslCredentialsOptions& options) { return TryWith(grpc::SslCredentials(options)); }
  grpc::Status TryWith(const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
    grpc::ChannelArguments alone;
    alone.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    const auto channel = grpc::CreateCustomChannel(server_->address(), credentials, alone);
    v1::GetModelResponse response;
    return Call(&v1::ModelService::Stub::GetModel, *v1::ModelService::NewStub(channel), v1::GetModelRequest(),
                response);
  }
  bool IsTrustedBy(const CertificateAuthority& authority) {
    return TryWith({.pem_root_certs = authority.certificate(), .pem_private_key = "", .pem_cert_chain = ""}).ok();
  }

  absl::Status OpenStatus() const { return ServerTls::Open(Files()).status(); }

  const TempFolder folder_;
  const CertificateAuthority authority_, stranger_{"stranger"};
};

TEST_F(TlsTest, ServesOverTlsAlone) {
  WritePair(authority_.Issue("server"));
  StartWithTls();
  EXPECT_TRUE(IsTrustedBy(authority_));
  EXPECT_FALSE(IsTrustedBy(stranger_));
  EXPECT_FALSE(TryWith(grpc::InsecureChannelCredentials()).ok());
}

TEST_F(TlsTest, AsksClientsForACertificateWhereAuthoritiesAreGiven) {
  WritePair(authority_.Issue("server"));
  const CertificateAuthority clients("clients");
  Write("clients.pem", clients.certificate());
  StartWithTls(/*mutual=*/true);
  const PemPair ours = clients.Issue("ours"), theirs = stranger_.Issue("theirs");
  EXPECT_TRUE(TryWith({authority_.certificate(), ours.key, ours.certificate}).ok());
  EXPECT_FALSE(TryWith({authority_.certificate(), theirs.key, theirs.certificate}).ok());
  EXPECT_FALSE(IsTrustedBy(authority_));
}

TEST_F(TlsTest, TakesUpRenewedFiles) {
  WritePair(authority_.Issue("server"));
  StartWithTls();
  ASSERT_TRUE(IsTrustedBy(authority_));
  const CertificateAuthority next("next authority");
  WritePair(next.Issue("server"));
  EXPECT_TRUE(Eventually([&] { return IsTrustedBy(next); }));
  EXPECT_FALSE(IsTrustedBy(authority_));
}

TEST_F(TlsTest, BrokenFilesDoNotStopIt) {
  WritePair(authority_.Issue("server"));
  StartWithTls();
  const PemPair other = authority_.Issue("other");
  for (const std::string& broken : {std::string("nonsense"), other.certificate, std::string()}) {
    Write("cert.pem", broken);
    absl::SleepFor(absl::Seconds(2.5));  // until it has been looked at, and gRPC would have taken it up
    EXPECT_TRUE(IsTrustedBy(authority_));
  }
  const CertificateAuthority next("next authority");
  WritePair(next.Issue("server"));
  EXPECT_TRUE(Eventually([&] { return IsTrustedBy(next); }));
}

TEST_F(TlsTest, WhatDoesNotFitIsNamedAtTheStart) {
  EXPECT_THAT(std::string(OpenStatus().message()), HasSubstr("tls_cert: can't read"));
  EXPECT_THAT(std::string(ServerTls::Open({.cert = "", .key = "key.pem", .client_ca = ""}).status().message()),
              HasSubstr("tls_cert: is not set"));
  const PemPair pair = authority_.Issue("server"), other = authority_.Issue("other");
  WritePair({"nonsense", pair.key});
  EXPECT_THAT(std::string(OpenStatus().message()), HasSubstr("certificate: holds none in PEM"));
  WritePair({pair.certificate, pair.certificate});
  EXPECT_THAT(std::string(OpenStatus().message()), HasSubstr("key: holds no private key"));
  WritePair({pair.certificate, other.key});
  EXPECT_THAT(std::string(OpenStatus().message()), HasSubstr("key: is not that of the certificate"));
  WritePair(authority_.Issue("server", -absl::Hours(1)));
  EXPECT_EQ(OpenStatus().code(), absl::StatusCode::kFailedPrecondition);
  WritePair(pair);
  EXPECT_TRUE(OpenStatus().ok());
  Write("clients.pem", "nobody");
  EXPECT_THAT(std::string(ServerTls::Open(Files(/*mutual=*/true)).status().message()),
              HasSubstr("tls_client_ca: holds no certificate"));
}

// What a client that offers only these comes to: "TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256", or why there is none.
std::string Handshake(int port, int version, const std::string& ciphers) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_security_level(context, 0);  // so that it is the server who refuses
  SSL_CTX_set_min_proto_version(context, version);
  SSL_CTX_set_max_proto_version(context, version);
  if (version != TLS1_3_VERSION) SSL_CTX_set_cipher_list(context, ciphers.c_str());
  SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>("\x02h2"), 3);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_EQ(connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  SSL* connection = SSL_new(context);
  SSL_set_fd(connection, descriptor);
  ERR_clear_error();
  std::string outcome;
  if (SSL_connect(connection) == 1) {
    outcome = std::string(SSL_get_version(connection)) + " " + SSL_get_cipher_name(connection);
  } else {
    const char* reason = ERR_reason_error_string(ERR_peek_error());
    outcome = reason == nullptr ? "the connection was closed" : reason;
  }
  SSL_free(connection);
  close(descriptor);
  SSL_CTX_free(context);
  return outcome;
}

TEST_F(TlsTest, SpeaksGoodProtocolsAndCiphersOnly) {
  for (const bool rsa : {true, false}) {
    WritePair(authority_.Issue("server", absl::Hours(1), rsa));
    StartWithTls();
    const int port = server_->port();
    EXPECT_THAT(Handshake(port, TLS1_3_VERSION, ""), HasSubstr("TLSv1.3 TLS_"));
    for (const int old : {TLS1_VERSION, TLS1_1_VERSION}) {
      // The client has sent its greeting, and the server hung up: gRPC sends no alert.
      EXPECT_THAT(Handshake(port, old, "ALL"), HasSubstr("unexpected eof")) << old;
    }
    // Every suite of TLS 1.2 that OpenSSL knows, one by one.
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(context, 0);
    ASSERT_EQ(SSL_CTX_set_cipher_list(context, "ALL:COMPLEMENTOFALL"), 1);
    std::set<std::string> accepted;
    const STACK_OF(SSL_CIPHER)* all = SSL_CTX_get_ciphers(context);
    for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i) {
      const std::string cipher = SSL_CIPHER_get_name(sk_SSL_CIPHER_value(all, i));
      if (cipher.rfind("TLS_", 0) == 0) continue;  // of TLS 1.3
      const std::string outcome = Handshake(port, TLS1_2_VERSION, cipher);
      if (outcome == "TLSv1.2 " + cipher) accepted.insert(cipher);
    }
    SSL_CTX_free(context);
    const std::string kind = rsa ? "RSA" : "ECDSA";
    EXPECT_EQ(accepted,
              (std::set<std::string>{"ECDHE-" + kind + "-AES128-GCM-SHA256", "ECDHE-" + kind + "-AES256-GCM-SHA384"}));
  }
}

}  // namespace
}  // namespace idiolect::testing
