#include "text/held_out_users.h"

#include "text/user_hash.h"

namespace idiolect {

bool IsHeldOut(std::string_view source, std::string_view user, double share) {
  return static_cast<double>(UserHash(source, user) >> 11) * 0x1.0p-53 < share;
}

}  // namespace idiolect
