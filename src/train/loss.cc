#include "train/loss.h"

namespace idiolect {
namespace {

// The targets in ids, without the rows that fill up a short group.
TokenBatch RealTargets(const TrainBatch& batch) {
  TokenBatch targets = PadTokens(batch.responses);
  for (size_t row = 0; row < batch.real.size(); ++row) {
    if (!batch.real[row]) targets.mask[static_cast<int64_t>(row)].fill_(false);
  }
  return targets;
}

}  // namespace

at::Tensor SumByRow(const at::Tensor& log_probs, const at::Tensor& mask) {
  return at::zeros({mask.size(0)}, log_probs.options()).index_add(0, mask.nonzero().select(1, 0), log_probs);
}

at::Tensor TrainingLoss(const DhapModel& model, const TrainBatch& batch, const TrainOptions& options, Contrast contrast,
                        const Dropout& dropout) {
  const TokenBatch targets = RealTargets(batch).To(model.device());
  const ProfileBatch profile = model.profiles(batch.windows, dropout);
  const at::Tensor own = model.Score(profile, batch.posts, targets, dropout).log_probs;
  if (contrast == Contrast::kNone) return -own.mean();
  return ContrastLoss(model, profile, batch, targets, SumByRow(own, targets.mask), options, contrast, dropout) -
         own.mean();
}

}  // namespace idiolect
