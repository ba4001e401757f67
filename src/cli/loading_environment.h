// The environment that the loader and the libraries should find when they are loaded.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace idiolect {

struct CpuFeatures {
  bool avx512 = false;  // F, DQ, BW and VL
  bool avx2 = false;    // with FMA
};

CpuFeatures ThisCpu();

using EnvironmentVariables = std::vector<std::pair<std::string, std::string>>;

// What has to be added to the environment: only variables that it lacks, so that whoever sets one has the last word.
EnvironmentVariables MissingVariables(const CpuFeatures& cpu,
                                      const std::function<const char*(const char*)>& get_variable);

// Adds the missing variables and starts this program anew with the same arguments; returns where nothing is missing,
// and where starting anew fails, since a slow process is better than none.
void EnsureLoadingEnvironment(char* const* argv);

}  // namespace idiolect
