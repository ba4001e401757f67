// The header by which a proxy in front of several servers sends all calls for one user to the same server, where the
// user's profile is in memory already. It only saves time: any server answers for any user.
#pragma once

#include <string>
#include <string_view>

namespace idiolect {

inline constexpr char kRouteHeader[] = "x-idiolect-route";

// The header's value: the first 16 hexadecimal digits of the SHA-256 of the user's id. A digest instead of the id, so
// that ids don't come into a proxy's logs. Part of the API (docs/api.md): clients in other languages have to agree.
std::string RouteOf(std::string_view user_id);

}  // namespace idiolect
