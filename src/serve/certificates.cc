#include "serve/certificates.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <ctime>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace idiolect {
namespace {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

Bio Reader(const std::string& pem) { return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

Certificate NextCertificate(BIO* reader) {
  Certificate certificate(PEM_read_bio_X509(reader, nullptr, nullptr, nullptr));
  ERR_clear_error();  // at the end of the file there is one, too
  return certificate;
}

// No passphrase is asked for at a terminal: there is none.
int NoPassphrase(char*, int, int, void*) { return 0; }

Key ReadKey(const std::string& pem) {
  Key key(PEM_read_bio_PrivateKey(Reader(pem).get(), nullptr, &NoPassphrase, nullptr));
  ERR_clear_error();
  return key;
}

std::string SubjectOf(const X509& certificate) {
  const Bio text(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(text.get(), X509_get_subject_name(&certificate), 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(text.get(), &bytes);  // NOLINT: OpenSSL's type
  return std::string(bytes, size);
}

absl::Time ExpiryOf(const X509& certificate) {
  std::tm time{};
  return ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &time) == 1 ? absl::FromTM(time, absl::UTCTimeZone())
                                                                       : absl::InfinitePast();
}

}  // namespace

absl::StatusOr<CertificateInfo> CheckCertificateAndKey(const std::string& certificate_pem, const std::string& key_pem) {
  const Certificate certificate = NextCertificate(Reader(certificate_pem).get());
  if (certificate == nullptr) return absl::InvalidArgumentError("certificate: holds none in PEM");
  const Key key = ReadKey(key_pem);
  if (key == nullptr) return absl::InvalidArgumentError("key: holds no private key in PEM without a passphrase");
  const bool fit = X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (!fit) return absl::InvalidArgumentError("key: is not that of the certificate");
  CertificateInfo info{.subject = SubjectOf(*certificate), .expires = ExpiryOf(*certificate)};
  if (info.expires > absl::Now()) return info;
  return absl::FailedPreconditionError(
      absl::StrCat("certificate: has expired at ", absl::FormatTime(info.expires, absl::UTCTimeZone())));
}

absl::Status CheckAuthorities(const std::string& pem) {
  if (NextCertificate(Reader(pem).get()) != nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError("holds no certificate in PEM");
}

}  // namespace idiolect
