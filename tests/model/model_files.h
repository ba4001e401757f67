// A model directory as bytes in memory, to be damaged and laid out again.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tokenizer_file.pb.h"

namespace idiolect::testing {

struct ModelFiles {
  std::string config, tokenizer, weights;

  static ModelFiles Read(const std::string& directory);
  // The model that the other tests use, every part on, as the reference implementation wrote it: without checksums.
  static const ModelFiles& Tiny();
  void WriteTo(const std::string& directory) const;
};

constexpr const char* kModelFileNames[] = {"config.json", "tokenizer.model", "model.safetensors"};
// The file of `files` with the given index in kModelFileNames.
std::string& FileOf(ModelFiles& files, int index);

// A safetensors file in its two parts.
struct Weights {
  nlohmann::ordered_json header;
  std::string data;

  static Weights Parse(const std::string& bytes);
  std::string Bytes() const { return Assemble(header.dump(), data); }
  static std::string Assemble(const std::string& header, const std::string& data);
};

text::TokenizerFile ParseTokenizer(const std::string& bytes);

}  // namespace idiolect::testing
