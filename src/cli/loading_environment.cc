// Debian 12's OpenBLAS (0.3.21) knows the processors of its day by number. A newer AMD or Intel one it takes for the
// oldest that it has code for, a Prescott of 2004, and multiplies matrices four times slower than the machine can (30
// instead of 135 GFLOP/s on a Zen 5). OPENBLAS_CORETYPE overrules its guess, but is read while the library is loaded,
// before main: hence the new start. Threads: an engine is one thread, and OpenBLAS's own would fight over its cores.
//
// LD_BIND_NOW: a library's symbol that is resolved at its first call has the loader save the vector registers on the
// stack, and with them pieces of text that were copied through them, where nobody wipes them after the user has been
// forgotten.
#include "cli/loading_environment.h"

#include <unistd.h>

#include <cstdlib>

namespace idiolect {

CpuFeatures ThisCpu() {
  CpuFeatures cpu;
#if defined(__x86_64__)
  cpu.avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  cpu.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
  return cpu;
}

EnvironmentVariables MissingVariables(const CpuFeatures& cpu,
                                      const std::function<const char*(const char*)>& get_variable) {
  EnvironmentVariables missing;
  const auto add = [&](const char* name, const char* value) {
    if (get_variable(name) == nullptr) missing.emplace_back(name, value);
  };
  if (cpu.avx512) {
    add("OPENBLAS_CORETYPE", "SKYLAKEX");
  } else if (cpu.avx2) {
    add("OPENBLAS_CORETYPE", "HASWELL");
  }
  add("OPENBLAS_NUM_THREADS", "1");
  add("OMP_NUM_THREADS", "1");
  add("LD_BIND_NOW", "1");
  return missing;
}

void EnsureLoadingEnvironment(char* const* argv) {
  const EnvironmentVariables missing = MissingVariables(ThisCpu(), [](const char* name) { return std::getenv(name); });
  if (missing.empty()) return;
  for (const auto& [name, value] : missing) {
    if (setenv(name.c_str(), value.c_str(), 0) != 0) return;
  }
  execv("/proc/self/exe", argv);
}

}  // namespace idiolect
