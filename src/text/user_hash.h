// A user without the name: the same number on every machine, from which nobody reads a name, though who knows a name
// finds its number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace idiolect {

uint64_t UserHash(std::string_view source, std::string_view user);

// As 16 lower-case hexadecimal digits, and back; nothing else is taken.
std::string UserHashText(uint64_t hash);
std::optional<uint64_t> ParseUserHash(std::string_view text);

}  // namespace idiolect
