#include "train/contrast.h"

#include <c10/core/GradMode.h>

#include <algorithm>
#include <vector>

#include "text/tokenizer.h"
#include "train/loss.h"

namespace idiolect {
namespace {

constexpr double kImpossible = -1e9;  // finite, so that what is masked twice stays a number

double WeightOf(const TrainOptions& o, Contrast contrast) {
  switch (contrast) {
    case Contrast::kHistory:
      return o.history_contrast;
    case Contrast::kPost:
      return o.post_contrast;
    case Contrast::kJoint:
      return o.joint_contrast;
    case Contrast::kNone:
      break;
  }
  return 0;
}

// For each row, again and again for each of its rivals, the row whose context stands in for its own: so many windows
// further in its block, the same target there.
std::vector<int64_t> RivalRows(const TrainBatch& batch) {
  std::vector<int64_t> rows;
  const int64_t targets = batch.targets(), block = batch.block;
  for (int64_t shift = 1; shift < block; ++shift) {
    for (int64_t row = 0; row < static_cast<int64_t>(batch.posts.size()); ++row) {
      const int64_t window = row / targets, first = window - window % block;
      rows.push_back((first + (window - first + shift) % block) * targets + row % targets);
    }
  }
  return rows;
}

TokenBatch Repeat(const TokenBatch& batch, int64_t times) {
  return {batch.ids.repeat({times, 1}), batch.mask.repeat({times, 1}), batch.lengths.repeat({times})};
}

ProfileBatch SelectUsers(const ProfileBatch& p, const std::vector<int64_t>& windows) {
  const at::Tensor index = LongTensor(windows, {static_cast<int64_t>(windows.size())}).to(p.general.device());
  const auto pick = [&](const at::Tensor& x) { return x.index_select(0, index); };
  return {pick(p.general),     pick(p.keys),     pick(p.values),   pick(p.pair_mask),
          pick(p.word_states), pick(p.word_ids), pick(p.word_mask)};
}

// Whether the context that a row lends says anything.
bool HasContext(const TrainBatch& batch, int64_t row, Contrast contrast) {
  const bool history = batch.windows[row / batch.targets()].size() > 0, post = batch.posts[row].size() > 1;
  if (contrast == Contrast::kHistory) return history;
  return contrast == Contrast::kPost ? post : history || post;
}

bool AreRivals(const TrainBatch& batch, int64_t row, int64_t other) {
  return batch.users[row / batch.targets()] != batch.users[other / batch.targets()];
}

// Every comparison of a batch, as [blocks, responses K, targets, contexts K].
class Comparison {
 public:
  Comparison(const DhapModel& model, const ProfileBatch& profile, const TrainBatch& batch, const TokenBatch& targets,
             Contrast contrast)
      : model_(model), profile_(profile), batch_(batch), targets_(targets), contrast_(contrast) {}

  // x, from the column of the own contexts; the model's other answers are computed here.
  at::Tensor Scores(const at::Tensor& own, const Dropout& dropout) const {
    // Row s holds the responses in the context of the window s further: of window i that of (i + s) mod K.
    const at::Tensor by_shift = at::cat({own, UnderRivals(dropout)}).view({batch_.block, -1});
    const at::Tensor shifted = by_shift.t().reshape({-1, batch_.block, batch_.targets(), batch_.block});
    std::vector<int64_t> columns;
    for (int64_t i = 0; i < batch_.block; ++i) {
      for (int64_t j = 0; j < batch_.block; ++j) columns.push_back((j - i + batch_.block) % batch_.block);
    }
    const at::Tensor index = LongTensor(columns, {1, batch_.block, 1, batch_.block}).to(own.device());
    return shifted.gather(-1, index.expand(shifted.sizes()));
  }

  // log P of each response with its context left empty, [rows]; what is subtracted does not learn.
  at::Tensor WithoutContext() const {
    const c10::NoGradGuard no_grad;
    std::vector<std::vector<int32_t>> posts = batch_.posts;
    if (contrast_ != Contrast::kHistory) posts.assign(posts.size(), {kEos});
    const bool with_history = contrast_ == Contrast::kPost;
    return Sum(with_history ? profile_ : Nobodies(), posts);
  }

  // Where x may be compared: true for real responses in contexts that say something, their own or a rival's.
  at::Tensor Allowed(bool as_replies) const {
    const int64_t K = batch_.block, T = batch_.targets(), blocks = static_cast<int64_t>(batch_.windows.size()) / K;
    at::Tensor allowed = at::zeros({blocks, K, T, K}, at::kBool);
    bool* out = allowed.data_ptr<bool>();
    for (int64_t b = 0; b < blocks; ++b) {
      for (int64_t i = 0; i < K; ++i) {
        for (int64_t t = 0; t < T; ++t) {
          for (int64_t j = 0; j < K; ++j) *out++ = Comparable((b * K + i) * T + t, (b * K + j) * T + t, as_replies);
        }
      }
    }
    return allowed;
  }

 private:
  bool Comparable(int64_t response, int64_t context, bool as_replies) const {
    if (!batch_.real[response] || !HasContext(batch_, context, contrast_)) return false;
    if (response == context) return true;
    if (!batch_.real[context] || !AreRivals(batch_, response, context)) return false;
    return !as_replies || batch_.responses[response] != batch_.responses[context];
  }

  // All rivals' contexts in one go, [(K - 1) · rows]: a GPU takes hardly longer for it than for one of them.
  at::Tensor UnderRivals(const Dropout& dropout) const {
    const std::vector<int64_t> rows = RivalRows(batch_);
    const size_t own_rows = batch_.posts.size();
    std::vector<std::vector<int32_t>> posts;
    std::vector<int64_t> windows;
    for (size_t i = 0; i < rows.size(); ++i) {
      posts.push_back(batch_.posts[contrast_ == Contrast::kHistory ? i % own_rows : rows[i]]);
      const int64_t context = contrast_ == Contrast::kPost ? static_cast<int64_t>(i % own_rows) : rows[i];
      if (i % batch_.targets() == 0) windows.push_back(context / batch_.targets());
    }
    const TokenBatch targets = Repeat(targets_, batch_.block - 1);
    return SumByRow(model_.Score(SelectUsers(profile_, windows), posts, targets, dropout).log_probs, targets.mask);
  }

  ProfileBatch Nobodies() const { return model_.profiles(std::vector<HistoryTokens>(batch_.windows.size()), {}); }

  at::Tensor Sum(const ProfileBatch& profile, const std::vector<std::vector<int32_t>>& posts) const {
    return SumByRow(model_.Score(profile, posts, targets_, {}).log_probs, targets_.mask);
  }

  const DhapModel& model_;
  const ProfileBatch& profile_;
  const TrainBatch& batch_;
  const TokenBatch& targets_;
  const Contrast contrast_;
};

// The sum of -log softmax over `dim` at the diagonal, where the diagonal is allowed and has a rival; x and allowed are
// [blocks, K, targets, K].
at::Tensor DiagonalLoss(const at::Tensor& x, const at::Tensor& allowed, int64_t dim) {
  const auto diagonal = [](const at::Tensor& t) { return t.diagonal(0, 1, 3); };  // [blocks, targets, K]
  const at::Tensor masked = x.masked_fill(allowed.logical_not(), kImpossible);
  const at::Tensor losses = -diagonal(at::log_softmax(masked, dim));
  const at::Tensor rivals = allowed.sum(dim).sub(1);  // [blocks, targets, K] or [blocks, K, targets]
  const at::Tensor told = diagonal(allowed).logical_and((dim == 1 ? rivals : rivals.transpose(1, 2)) > 0);
  return losses.masked_fill(told.logical_not(), 0).sum();
}

// The first targets of each window, as a batch of their own.
TrainBatch FirstTargets(const TrainBatch& batch, int64_t count) {
  TrainBatch part;
  part.windows = batch.windows;
  part.users = batch.users;
  part.block = batch.block;
  for (size_t row = 0; row < batch.posts.size(); ++row) {
    if (static_cast<int64_t>(row) % batch.targets() >= count) continue;
    part.posts.push_back(batch.posts[row]);
    part.responses.push_back(batch.responses[row]);
    part.real.push_back(batch.real[row]);
  }
  return part;
}

// The same rows of what has a row for each target of the whole batch.
at::Tensor FirstRows(const at::Tensor& rows, const TrainBatch& batch, int64_t count) {
  std::vector<int64_t> shape = rows.sizes().vec();
  shape[0] = -1;
  return rows.unflatten(0, {-1, batch.targets()}).narrow(1, 0, count).reshape(shape).contiguous();
}

}  // namespace

Contrast ContrastOf(const TrainOptions& options, int64_t batch) {
  std::vector<Contrast> chosen;
  for (const Contrast contrast : {Contrast::kHistory, Contrast::kPost, Contrast::kJoint}) {
    if (WeightOf(options, contrast) > 0) chosen.push_back(contrast);
  }
  return chosen.empty() ? Contrast::kNone : chosen[static_cast<size_t>(batch) % chosen.size()];
}

at::Tensor ContrastLoss(const DhapModel& model, const ProfileBatch& profile, const TrainBatch& whole,
                        const TokenBatch& all_targets, const at::Tensor& all_own, const TrainOptions& options,
                        Contrast contrast, const Dropout& dropout) {
  const int64_t count = std::min<int64_t>(options.contrast_targets, whole.targets());
  const TrainBatch batch = FirstTargets(whole, count);
  const auto first = [&](const at::Tensor& rows) { return FirstRows(rows, whole, count); };
  const TokenBatch targets{first(all_targets.ids), first(all_targets.mask), first(all_targets.lengths)};
  const at::Tensor own = first(all_own);
  const Comparison comparison(model, profile, batch, targets, contrast);
  const at::Tensor allowed = comparison.Allowed(false).to(own.device());
  const at::Tensor x = comparison.Scores(own, dropout);
  at::Tensor loss = DiagonalLoss(x, allowed, 3) * WeightOf(options, contrast);
  const at::Tensor lengths = targets.mask.sum(1).to(at::kFloat);  // [rows]
  if (options.reply_contrast > 0) {
    const at::Tensor scale = lengths.sum() / (lengths > 0).sum() / lengths.clamp_min(1);
    const auto by_response = [&](const at::Tensor& t) { return t.view({-1, batch.block, batch.targets(), 1}); };
    const at::Tensor gains = (x - by_response(comparison.WithoutContext())) * by_response(scale);
    loss = loss + DiagonalLoss(gains, comparison.Allowed(true).to(own.device()), 1) * options.reply_contrast;
  }
  return loss / lengths.sum();
}

}  // namespace idiolect
