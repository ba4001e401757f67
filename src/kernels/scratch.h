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

  // Matrices for what an encoder computes on its way, overwritten by whoever asks next for the same one. A new matrix
  // of a megabyte for every text would cost more than what is computed in it.
  enum Matrix { kTexts, kNormed, kWide, kAttended, kScores, kMatrices };
  FloatMatrix& matrix(Matrix which) { return matrices_[which]; }

 private:
  std::unique_ptr<Handles> handles_;
  Buffer buffers_[kPurposes];
  FloatMatrix matrices_[kMatrices];
};

}  // namespace idiolect
