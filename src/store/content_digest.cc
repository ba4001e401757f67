#include "store/content_digest.h"

#include <openssl/sha.h>

#include "absl/strings/str_cat.h"

namespace idiolect {

std::string Digest(std::initializer_list<std::string_view> fields) {
  std::string content;
  for (std::string_view field : fields) {
    content += std::to_string(field.size());
    content += ':';
    content += field;
  }
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(content.data()), content.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

std::string AppendDigest(const Exchange& exchange) {
  return Digest({"append", exchange.post, exchange.response, exchange.post_user,
                 absl::StrCat(absl::ToUnixMicros(exchange.time)), exchange.source});
}

std::string DeleteDigest(int64_t sequence) { return Digest({"delete", absl::StrCat(sequence)}); }

std::string ReceiptDigest(const UserKey& user, std::string_view request_id) {
  return Digest({"receipt", user.tenant, user.user_id, request_id});
}

}  // namespace idiolect
