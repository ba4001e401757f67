// Which users a model is never to see, so that it can be measured on strangers: training and evaluation ask the same
// question and need no list.
#pragma once

#include <string_view>

namespace idiolect {

// Whether this user is among the `share` (0 to 1) of users who are held out. Depends on nothing else; who is held out
// for a smaller share is so for a larger one.
bool IsHeldOut(std::string_view source, std::string_view user, double share);

}  // namespace idiolect
