// What a load has shown, for people and for programs.
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "bench/load.h"

namespace idiolect {

// One object; what a client of a server elsewhere cannot know is null.
nlohmann::ordered_json ToJson(const LoadResult& result);

void PrintTable(const LoadResult& result, std::ostream& out);

// Bytes of memory that this process has in RAM.
int64_t ResidentBytes();

}  // namespace idiolect
