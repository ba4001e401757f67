#include "text/piece_model.h"

#include <sentencepiece_processor.h>

namespace idiolect {

struct PieceModel::Impl {
  sentencepiece::SentencePieceProcessor processor;
};

PieceModel::PieceModel() : impl_(std::make_unique<Impl>()) {}
PieceModel::~PieceModel() = default;

std::unique_ptr<PieceModel> PieceModel::FromBytes(std::string_view bytes, std::string* error) {
  auto model = std::unique_ptr<PieceModel>(new PieceModel);
  const auto status = model->impl_->processor.LoadFromSerializedProto(bytes);
  if (status.ok()) return model;
  *error = status.error_message();
  return nullptr;
}

int PieceModel::size() const { return impl_->processor.GetPieceSize(); }

std::vector<int> PieceModel::Encode(std::string_view text) const {
  std::vector<int> ids;
  // It fails for no text once the model is loaded; if it did, nothing was understood.
  if (!impl_->processor.Encode(text, &ids).ok()) ids.clear();
  return ids;
}

std::string PieceModel::Decode(const std::vector<int>& ids) const {
  std::string text;
  if (!impl_->processor.Decode(ids, &text).ok()) text.clear();
  return text;
}

std::string PieceModel::Piece(int id) const { return impl_->processor.IdToPiece(id); }
double PieceModel::Score(int id) const { return impl_->processor.GetScore(id); }
bool PieceModel::IsByte(int id) const { return impl_->processor.IsByte(id); }

}  // namespace idiolect
