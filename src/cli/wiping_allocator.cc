#include "cli/wiping_allocator.h"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstring>

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

std::atomic<bool> wiping{false};

// A store that the compiler may not leave out because the block is freed next.
void Wipe(void* block, size_t size) {
  std::memset(block, 0, size);
  asm volatile("" : : "r"(block) : "memory");
}

}  // namespace

extern "C" {

void __libc_free(void* block);
void* __libc_malloc(size_t size);
void* __libc_realloc(void* block, size_t size);

void free(void* block) noexcept {
  if (block != nullptr && wiping.load(std::memory_order_relaxed)) Wipe(block, malloc_usable_size(block));
  __libc_free(block);
}

// The C library's would leave the old block as it is when it moves the content.
void* realloc(void* block, size_t size) noexcept {
  if (block == nullptr || size == 0 || !wiping.load(std::memory_order_relaxed)) return __libc_realloc(block, size);
  const size_t old_size = malloc_usable_size(block);
  if (size <= old_size && size > old_size / 2) return block;
  void* moved = __libc_malloc(size);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, block, std::min(size, old_size));
  free(block);
  return moved;
}

}  // extern "C"

namespace idiolect {
void WipeFreedMemory() { wiping = true; }
}  // namespace idiolect

#else

namespace idiolect {
void WipeFreedMemory() {}
}  // namespace idiolect

#endif
