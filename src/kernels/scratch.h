// What a thread needs beside the weights to multiply with them: buffers, and oneDNN's handles on them. One a thread;
// not thread-safe. Its buffers grow to what has been asked of them and stay.
#pragma once

#include <cstdint>
#include <memory>

#include "kernels/buffer.h"

namespace idiolect {

class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  struct Handles;  // oneDNN's, see products.cc
  Handles& handles() { return *handles_; }

  // Aligned memory of at least `bytes`, overwritten by whoever asks next for the same purpose.
  enum Purpose { kInput, kOutput, kLibrary, kPurposes };
  void* Take(Purpose purpose, size_t bytes);

 private:
  std::unique_ptr<Handles> handles_;
  Buffer buffers_[kPurposes];
};

}  // namespace idiolect
