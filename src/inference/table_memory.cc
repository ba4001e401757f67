#include "inference/table_memory.h"

#include <sys/mman.h>

#include <atomic>

namespace idiolect {
namespace {

constexpr size_t kPage = 4096, kLarge = 32 << 10;

// Linux lets a process have 65,530 areas, of which others need some, too.
constexpr int kMostMapped = 32 << 10;
std::atomic<int> mapped_blocks{0};

std::byte* Map(size_t bytes) {
  if (mapped_blocks.fetch_add(1, std::memory_order_relaxed) < kMostMapped) {
    void* block = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block != MAP_FAILED) return static_cast<std::byte*>(block);
  }
  mapped_blocks.fetch_sub(1, std::memory_order_relaxed);
  return nullptr;
}

}  // namespace

TableMemory::TableMemory(size_t bytes) : size_(bytes), block_(nullptr, Release{.mapped = 0}) {
  if (bytes >= kLarge) {
    size_ = (bytes + kPage - 1) / kPage * kPage;
    block_ = {Map(size_), Release{.mapped = size_}};
  }
  if (block_ == nullptr && size_ > 0) block_ = {new std::byte[size_], Release{.mapped = 0}};
}

void TableMemory::Release::operator()(std::byte* block) const {
  if (mapped == 0) {
    delete[] block;
    return;
  }
  munmap(block, mapped);
  mapped_blocks.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace idiolect
