// Memory for one table of numbers, of a size that is known at the start. A large one comes from the system and goes
// back to it: tables of a thousand users come and go, each of a size of its own, and a heap would keep holes that are a
// little too small for the next.
#pragma once

#include <cstddef>
#include <memory>

namespace idiolect {

class TableMemory {
 public:
  TableMemory() : TableMemory(0) {}
  explicit TableMemory(size_t bytes);  // throws std::bad_alloc

  std::byte* data() { return block_.get(); }
  const std::byte* data() const { return block_.get(); }
  size_t size() const { return size_; }  // what it takes: a large one whole pages

 private:
  struct Release {
    size_t mapped;  // bytes from the system; 0: from the heap
    void operator()(std::byte* block) const;
  };
  size_t size_ = 0;
  std::unique_ptr<std::byte[], Release> block_;
};

}  // namespace idiolect
