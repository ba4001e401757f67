#include "cli/serving_memory.h"

#include <malloc.h>

namespace idiolect {

void ReturnLargeBlocks() {
  constexpr int kLargeBlock = 64 << 10;
  constexpr int kMostBlocks = 32 << 10;  // half of the areas that Linux lets a process have; threads need some, too
  mallopt(M_MMAP_THRESHOLD, kLargeBlock);
  mallopt(M_MMAP_MAX, kMostBlocks);
}

}  // namespace idiolect
