#include "inference/serving_model.h"

#include <exception>

#include "absl/strings/str_cat.h"
#include "inference/weights.h"

namespace idiolect {

absl::StatusOr<std::unique_ptr<ServingModel>> ServingModel::Load(const std::string& directory, Precision precision) {
  const auto model = DhapModel::Load(directory);
  if (!model.ok()) return model.status();
  if ((*model)->config().speaker)
    return absl::InvalidArgumentError(
        absl::StrCat(directory,
                     "/config.json: parts: expected a model that reads histories, and \"speaker\" knows only "
                     "the users it was trained on; it is for comparison by `idiolect eval`"));
  return Pack(**model, precision);
}

absl::StatusOr<std::unique_ptr<ServingModel>> ServingModel::Pack(const DhapModel& model, Precision precision) {
  try {
    return std::unique_ptr<ServingModel>(new ServingModel(model, precision));
  } catch (const std::exception& e) {  // oneDNN's: the instruction set lacks what the precision needs
    return absl::UnimplementedError(absl::StrCat("precision: this processor can't compute with ",
                                                 std::string(PrecisionName(precision)), ": ", e.what()));
  }
}

ServingModel::ServingModel(const DhapModel& model, Precision precision)
    : profiles(model.config(), model.parameters(), precision),
      posts(model.config(), model.parameters(), precision),
      decoder(model.config(), model.parameters(), precision),
      word_evidence(Copy(model.parameters(), "decoder.output.bias")),
      config_(model.config()),
      texts_(model.texts()),
      speakers_(model.speakers()),
      content_hash_(model.content_hash()),
      parameter_count_(model.parameters().count()),
      precision_(precision) {}

}  // namespace idiolect
