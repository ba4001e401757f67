// Which instructions the kernels may use: the processor's, or fewer where ONEDNN_MAX_CPU_ISA in the environment says so
// (AVX2, say, to see on a new processor what an old one will do). oneDNN's kernels follow the same variable.
#pragma once

namespace idiolect {

bool MayUseAvx2();    // with FMA
bool MayUseAvx512();  // F, BW, DQ and VL
bool MayUseVnni();    // AVX-512's
bool MayUseAmx();

}  // namespace idiolect
