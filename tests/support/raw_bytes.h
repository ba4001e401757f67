// Looks for pieces of a text in the raw bytes of files: what an owner of the disk could find.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <unordered_set>

namespace idiolect {

inline std::string ReadFile(const std::filesystem::path& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

// How many places in the folder's files hold `size` bytes in a row of `text`, any of them.
inline int CountPieces(const std::filesystem::path& folder, std::string_view text, size_t size = 12) {
  std::unordered_set<std::string_view> pieces;
  for (size_t at = 0; at + size <= text.size(); ++at) pieces.insert(text.substr(at, size));
  int found = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    const std::string bytes = ReadFile(file.path());
    for (size_t at = 0; at + size <= bytes.size(); ++at)
      found += pieces.contains(std::string_view(bytes).substr(at, size));
  }
  return found;
}

}  // namespace idiolect
