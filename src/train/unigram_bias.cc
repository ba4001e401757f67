#include "train/unigram_bias.h"

namespace idiolect {

at::Tensor UnigramLogShares(const Corpus& corpus, int64_t vocab_size) {
  at::Tensor counts = at::ones({vocab_size}, at::kDouble);
  double* count = counts.data_ptr<double>();
  for (const UserCorpus& user : corpus.users) {
    for (size_t i = 0; i < user.train_end; ++i) {
      for (const int32_t id : user.pairs[i].response) count[id] += 1;
    }
  }
  return (counts / counts.sum()).log().to(at::kFloat);
}

}  // namespace idiolect
