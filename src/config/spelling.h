// What somebody probably meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace idiolect {

// Letters to insert, delete, replace or swap with their neighbour to get from one to the other.
size_t EditDistance(std::string_view from, std::string_view to);

// The nearest of `known`, which must not be empty; the first of several.
std::string Nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace idiolect
