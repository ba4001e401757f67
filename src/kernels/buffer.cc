#include "kernels/buffer.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <new>

namespace idiolect {

Buffer::Buffer(size_t bytes) {
  constexpr size_t kHugePage = size_t{2} << 20, kCacheLine = 64;
  const bool huge = bytes >= kHugePage / 2;
  const size_t alignment = huge ? kHugePage : kCacheLine;
  size_ = (bytes + alignment - 1) / alignment * alignment;
  memory_.reset(std::aligned_alloc(alignment, size_));
  if (memory_ == nullptr && size_ > 0) throw std::bad_alloc();
  if (huge) madvise(memory_.get(), size_, MADV_HUGEPAGE);  // a wish: without huge pages it only is slower
  std::memset(memory_.get(), 0, size_);
}

void Buffer::Free::operator()(void* p) const { std::free(p); }

}  // namespace idiolect
