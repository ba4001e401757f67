// Certificates for tests, made at the moment.
#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"

namespace idiolect::testing {

struct PemPair {
  std::string certificate, key;
};

// Signs certificates for `localhost` and 127.0.0.1, with keys on the curve P-256 or, on request, RSA of 2048 bits.
class CertificateAuthority {
 public:
  explicit CertificateAuthority(const std::string& name = "test authority");
  ~CertificateAuthority();

  const std::string& certificate() const;  // PEM
  PemPair Issue(const std::string& name, absl::Duration valid = absl::Hours(1), bool rsa = false) const;

 private:
  struct Identity;
  std::unique_ptr<Identity> identity_;
};

}  // namespace idiolect::testing
