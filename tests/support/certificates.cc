#include "tests/support/certificates.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <atomic>

namespace idiolect::testing {
namespace {

std::string Pem(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);  // NOLINT: OpenSSL's type
  std::string pem(bytes, size);
  BIO_free(bio);
  return pem;
}

std::string Pem(const X509* certificate) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  return Pem(bio);
}

std::string Pem(const EVP_PKEY* key) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  return Pem(bio);
}

void Extend(X509* certificate, X509* issuer, int what, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Without issuer and signature.
X509* Draft(const std::string& name, EVP_PKEY* key, absl::Duration valid) {
  static std::atomic<long> serial{1};  // NOLINT: OpenSSL's type
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -24 * 3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), absl::ToInt64Seconds(valid));
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return certificate;
}

}  // namespace

struct CertificateAuthority::Identity {
  EVP_PKEY* key;
  X509* certificate;
  std::string pem;
};

CertificateAuthority::CertificateAuthority(const std::string& name) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = Draft(name, key, absl::Hours(24));
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  Extend(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
  Extend(certificate, certificate, NID_key_usage, "critical,keyCertSign");
  X509_sign(certificate, key, EVP_sha256());
  identity_.reset(new Identity{key, certificate, Pem(certificate)});
}

CertificateAuthority::~CertificateAuthority() {
  X509_free(identity_->certificate);
  EVP_PKEY_free(identity_->key);
}

const std::string& CertificateAuthority::certificate() const { return identity_->pem; }

PemPair CertificateAuthority::Issue(const std::string& name, absl::Duration valid, bool rsa) const {
  EVP_PKEY* key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
  X509* certificate = Draft(name, key, valid);
  X509_set_issuer_name(certificate, X509_get_subject_name(identity_->certificate));
  Extend(certificate, identity_->certificate, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  X509_sign(certificate, identity_->key, EVP_sha256());
  PemPair pair{Pem(certificate), Pem(key)};
  X509_free(certificate);
  EVP_PKEY_free(key);
  return pair;
}

}  // namespace idiolect::testing
