#include "tests/model/model_files.h"

#include <cstring>
#include <fstream>
#include <iterator>

#include "tests/support/fixtures.h"

namespace idiolect::testing {
namespace {

std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

ModelFiles ModelFiles::Read(const std::string& directory) {
  ModelFiles files;
  for (int i = 0; i < 3; ++i) FileOf(files, i) = ReadAll(directory + "/" + kModelFileNames[i]);
  return files;
}

const ModelFiles& ModelFiles::Tiny() {
  static const ModelFiles files = Read(TinyModelDir());
  return files;
}

void ModelFiles::WriteTo(const std::string& directory) const {
  ModelFiles copy = *this;
  for (int i = 0; i < 3; ++i) std::ofstream(directory + "/" + kModelFileNames[i], std::ios::binary) << FileOf(copy, i);
}

std::string& FileOf(ModelFiles& files, int index) {
  return index == 0 ? files.config : index == 1 ? files.tokenizer : files.weights;
}

Weights Weights::Parse(const std::string& bytes) {
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof(length));
  return {nlohmann::ordered_json::parse(bytes.substr(8, length)), bytes.substr(8 + length)};
}

std::string Weights::Assemble(const std::string& header, const std::string& data) {
  const uint64_t length = header.size();
  std::string bytes(reinterpret_cast<const char*>(&length), sizeof(length));
  return bytes + header + data;
}

text::TokenizerFile ParseTokenizer(const std::string& bytes) {
  text::TokenizerFile file;
  file.ParsePartialFromString(bytes);
  return file;
}

}  // namespace idiolect::testing
