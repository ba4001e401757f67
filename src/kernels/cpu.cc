#include "kernels/cpu.h"

#include <oneapi/dnnl/dnnl.hpp>

namespace idiolect {
namespace {

// Each set is a mask of bits; a larger number is not always a larger set.
bool MayUse(dnnl::cpu_isa isa) {
  const auto wanted = static_cast<unsigned>(isa), there = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  return (there & wanted) == wanted;
}

}  // namespace

bool MayUseAvx2() { return MayUse(dnnl::cpu_isa::avx2); }
bool MayUseAvx512() { return MayUse(dnnl::cpu_isa::avx512_core); }
bool MayUseVnni() { return MayUse(dnnl::cpu_isa::avx512_core_vnni); }
bool MayUseAmx() { return MayUse(dnnl::cpu_isa::avx512_core_amx); }

}  // namespace idiolect
