// Learning to tell: a response from its context, and a context from its response.
//
// The windows of a batch stand in blocks of K, and the k-th targets of a block's windows are compared with each other.
// Of K responses r_1 … r_K, each said in its own context,
//
//   x_ij = log P(r_i | context of j)              nats; the context of j is j's history and i's post (kHistory), i's
//                                                 history and j's post (kPost), or j's history and post (kJoint)
//   context loss of i = -log softmax_j(x_ij)_i    whose context was r_i said in?
//   gain_ij = (x_ij - log P(r_i | context left empty)) · mean length / length of r_i
//   reply loss of j = -log softmax_i(gain_ij)_j   which reply was said in the context of j?
//
// These are what is measured as who-said-it and which-post, and as which-reply by the scores of ScoreReplies, which
// are gains per token. It is the contrastive estimation of van den Oord et al., 2018 (arXiv 1807.03748), with the
// model's own likelihoods as scores.
#pragma once

#include <ATen/ATen.h>

#include "model/dhap_model.h"
#include "train/batcher.h"
#include "train/train_options.h"

namespace idiolect {

enum class Contrast { kNone, kHistory, kPost, kJoint };

// Which contrast the batch of this number has, of those whose weight is above 0.
Contrast ContrastOf(const TrainOptions& options, int64_t batch);

// The weighted losses of the batch's contrast, in nats a token of the targets compared, with their graph. Of the
// `whole` batch the first contrast_targets of each window are compared; `all_own` holds the log-probability of each of
// its responses in its own context, [rows], 0 for rows that aren't real. Where nothing can be compared the loss is 0:
// an empty history or post is nobody's, and two windows of the same user aren't rivals.
at::Tensor ContrastLoss(const DhapModel& model, const ProfileBatch& profile, const TrainBatch& whole,
                        const TokenBatch& all_targets, const at::Tensor& all_own, const TrainOptions& options,
                        Contrast contrast, const Dropout& dropout);

}  // namespace idiolect
