#include "store/wipe.h"

#include <openssl/crypto.h>

namespace idiolect {

void WipeText(std::string& text) { OPENSSL_cleanse(text.data(), text.size()); }

[[gnu::noinline]] void WipeUnusedStack() {
  char unused[32 << 10];
  OPENSSL_cleanse(unused, sizeof(unused));
}

}  // namespace idiolect
