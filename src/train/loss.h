// What a training step minimises.
#pragma once

#include <ATen/ATen.h>

#include "model/dhap_model.h"
#include "train/batcher.h"
#include "train/train_options.h"

namespace idiolect {

// The contrast of a batch: none, with the history of another user, or with the post of another exchange.
enum class Contrast { kNone, kHistory, kPost };

// Which contrast the batch of this number has (see TrainOptions::history_contrast).
Contrast ContrastOf(const TrainOptions& options, int64_t batch);

// Nats a target token, with its graph: the mean negative log-likelihood and the weighted contrast.
at::Tensor TrainingLoss(const DhapModel& model, const TrainBatch& batch, const TrainOptions& options,
                        Contrast contrast);

}  // namespace idiolect
