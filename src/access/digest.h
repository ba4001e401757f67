// SHA-256, as it stands in files.
#pragma once

#include <string>
#include <string_view>

namespace idiolect {

// 64 lower-case hexadecimal digits.
std::string Sha256Hex(std::string_view bytes);

// So many bytes from the system's generator; none where it fails.
std::string RandomBytes(size_t count);

}  // namespace idiolect
