// What is in PEM files, as far as it must be known before they are used.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace idiolect {

struct CertificateInfo {
  std::string subject;  // "CN = chat.example.org"
  absl::Time expires;
};

// Whether these are a certificate, perhaps followed by others, and its private key without a passphrase.
// kInvalidArgument says what is wrong and begins with "certificate" or "key"; kFailedPrecondition: expired.
absl::StatusOr<CertificateInfo> CheckCertificateAndKey(const std::string& certificate_pem, const std::string& key_pem);

// Whether these are certificates, at least one.
absl::Status CheckAuthorities(const std::string& pem);

}  // namespace idiolect
