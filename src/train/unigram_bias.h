// Where a fresh model's vocabulary starts: at how often each token is said.
#pragma once

#include <ATen/ATen.h>

#include "train/corpus.h"

namespace idiolect {

// log of the share of each token id in the responses that may be trained on, [vocab_size], with one more of each so
// that none is impossible. As the output's bias it spares a training its first thousands of steps: an optimizer of
// Adam's kind moves a bias by the learning rate a step, and these lie eight nats apart.
at::Tensor UnigramLogShares(const Corpus& corpus, int64_t vocab_size);

}  // namespace idiolect
