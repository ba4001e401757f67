// config.json of a model directory: the sizes of everything.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace idiolect {

// The letters are those of the model page (docs/model.md). Ranges are checked by ParseModelConfig.
struct ModelConfig {
  int vocab_size = 8000;             // V   5 to 1,048,576
  int d_model = 192;                 // d   1 to 8,192
  int hidden_size = 384;             // H   2 to 16,384, even
  int readout_size = 192;            // R   1 to 16,384; equals d when the embeddings are tied
  int history_layers = 2;            //     0 to 64
  int memory_layers = 1;             //     0 to 64
  int heads = 4;                     // A   divides d
  int feed_forward_size = 384;       // f   1 to 65,536
  int max_history = 15;              // N   1 to 1,024 pairs
  int max_post_tokens = 32;          // Lp  2 to 4,096, </s> included
  int max_response_tokens = 32;      // Lr  2 to 4,096, </s> included
  bool tie_embeddings = true;        // W = E
  double layer_norm_epsilon = 1e-5;  //     above 0, at most 1

  // Which parts the model has. Without one: e = 0; no keys and values; no words; nothing is copied from the post.
  bool general = true;
  bool memory = true;
  bool copy = true;
  bool post_copy = false;
  // Alone, for comparison: e is a learnt row for each user who was trained on (the Speaker model of Li et al. 2016),
  // and there is none of the other parts.
  bool speaker = false;
  int speakers = 0;  //     0 to 4,194,304 users; other than 0 with that part only

  // 2, or 3 when the post's words are a source too: generate, copy, post.
  int source_count() const { return post_copy ? 3 : 2; }
  int position_count() const;  // rows of the position embedding
};

// kInvalidArgument names the field and what was expected. A field this version does not know is ignored.
absl::StatusOr<ModelConfig> ParseModelConfig(std::string_view json);
std::string ToJson(const ModelConfig& config);

}  // namespace idiolect
