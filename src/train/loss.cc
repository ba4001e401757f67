#include "train/loss.h"

#include "text/tokenizer.h"

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

// Log-probabilities of tokens, [R] in the order of the mask, summed by row: [B].
at::Tensor SumByRow(const at::Tensor& log_probs, const at::Tensor& mask) {
  return at::zeros({mask.size(0)}).index_add(0, mask.nonzero().select(1, 0), log_probs);
}

ProfileBatch SelectUsers(const ProfileBatch& p, const at::Tensor& users) {
  const auto pick = [&](const at::Tensor& x) { return x.index_select(0, users); };
  return {pick(p.general),     pick(p.keys),     pick(p.values),   pick(p.pair_mask),
          pick(p.word_states), pick(p.word_ids), pick(p.word_mask)};
}

size_t RivalRow(const TrainBatch& batch, size_t row) {
  const size_t targets = batch.posts.size() / batch.windows.size();
  return static_cast<size_t>(batch.rivals[row / targets]) * targets + row % targets;
}

// Whether the row has something else to be told from: an empty history or post is nobody's.
bool Comparable(const TrainBatch& batch, size_t row, Contrast contrast) {
  const size_t rival = RivalRow(batch, row);
  if (!batch.real[row] || rival == row) return false;
  if (contrast == Contrast::kPost) return batch.posts[row].size() > 1 && batch.posts[rival].size() > 1;
  const size_t targets = batch.posts.size() / batch.windows.size();
  return batch.windows[row / targets].size() > 0 && batch.windows[rival / targets].size() > 0;
}

at::Tensor ComparableRows(const TrainBatch& batch, Contrast contrast) {
  std::vector<int64_t> rows;
  for (size_t row = 0; row < batch.real.size(); ++row) {
    if (Comparable(batch, row, contrast)) rows.push_back(static_cast<int64_t>(row));
  }
  return LongTensor(rows, {static_cast<int64_t>(rows.size())});
}

at::Tensor ScoreUnderRivals(const DhapModel& model, const ProfileBatch& profile, const TrainBatch& batch,
                            const TokenBatch& targets, const Dropout& dropout, Contrast contrast) {
  if (contrast == Contrast::kHistory) {
    const at::Tensor users = LongTensor(batch.rivals, {static_cast<int64_t>(batch.rivals.size())});
    return model.Score(SelectUsers(profile, users), batch.posts, targets, dropout).log_probs;
  }
  std::vector<std::vector<int32_t>> posts;
  for (size_t row = 0; row < batch.posts.size(); ++row) posts.push_back(batch.posts[RivalRow(batch, row)]);
  return model.Score(profile, posts, targets, dropout).log_probs;
}

}  // namespace

Contrast ContrastOf(const TrainOptions& options, int64_t batch) {
  const bool history = options.history_contrast > 0, post = options.post_contrast > 0;
  if (history && (!post || batch % 2 == 0)) return Contrast::kHistory;
  return post ? Contrast::kPost : Contrast::kNone;
}

at::Tensor TrainingLoss(const DhapModel& model, const TrainBatch& batch, const TrainOptions& options,
                        Contrast contrast) {
  const Dropout dropout{options.dropout};
  const TokenBatch targets = RealTargets(batch);
  const ProfileBatch profile = model.profiles(batch.windows, dropout);
  const at::Tensor own = model.Score(profile, batch.posts, targets, dropout).log_probs;
  const at::Tensor rows = contrast == Contrast::kNone ? at::Tensor() : ComparableRows(batch, contrast);
  if (!rows.defined() || rows.numel() == 0) return -own.mean();
  const at::Tensor rival = ScoreUnderRivals(model, profile, batch, targets, dropout, contrast);
  const at::Tensor advantage = SumByRow(own - rival, targets.mask).index_select(0, rows);
  const double weight = contrast == Contrast::kHistory ? options.history_contrast : options.post_contrast;
  return -own.mean() + at::softplus(-advantage).sum() * (weight / static_cast<double>(own.numel()));
}

}  // namespace idiolect
