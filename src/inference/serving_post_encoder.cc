#include "inference/serving_post_encoder.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "kernels/vector_math.h"

namespace idiolect {

ServingPostEncoder::ServingPostEncoder(const ModelConfig& config, const Parameters& parameters, Precision precision)
    : hidden_(config.hidden_size),
      token_embedding_(parameters.at("token_embedding.weight").contiguous()),
      input_(PackLayers(parameters,
                        {{"post_encoder.forward.weight_ih", "post_encoder.forward.bias_ih"},
                         {"post_encoder.backward.weight_ih", "post_encoder.backward.bias_ih"}},
                        precision)),
      bridge_(PackLayer(parameters, "decoder.bridge", precision)) {
  for (const bool backward : {false, true}) {
    const std::string name = backward ? "backward" : "forward";
    directions_.push_back({PackLayer(parameters, "post_encoder.init_" + name, precision),
                           PackLayers(parameters,
                                      {{absl::StrCat("post_encoder.", name, ".weight_hh"),
                                        absl::StrCat("post_encoder.", name, ".bias_hh")}},
                                      precision),
                           backward});
  }
}

std::vector<std::shared_ptr<const EncodedPost>> ServingPostEncoder::operator()(const std::vector<PostInput>& posts,
                                                                               Scratch& scratch) const {
  const auto count = static_cast<int>(posts.size()), d = static_cast<int>(token_embedding_.size(1));
  // Longest first: those that still have a token at a step are then a prefix.
  std::vector<int> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return posts[a].ids.size() > posts[b].ids.size(); });

  std::vector<std::shared_ptr<const EncodedPost>> result(count);
  std::vector<EncodedPost*> encoded;
  std::vector<int> first_rows;
  FloatMatrix general, ends, tokens, gates;
  general.Resize(count, d);
  int total = 0;
  for (const int i : order) {
    auto post = std::make_shared<EncodedPost>();
    post->ids = posts[i].ids;
    post->states.Resize(post->length(), hidden_);
    std::copy(posts[i].profile->general.begin(), posts[i].profile->general.end(),
              general.row(static_cast<int>(encoded.size())));
    encoded.push_back(post.get());
    first_rows.push_back(total);
    total += post->length();
    result[i] = std::move(post);
  }
  tokens.Resize(total, d);
  for (int i = 0; i < count; ++i) {
    for (int j = 0; j < encoded[i]->length(); ++j)
      std::copy_n(token_embedding_.data_ptr<float>() + static_cast<int64_t>(encoded[i]->ids[j]) * d, d,
                  tokens.row(first_rows[i] + j));
  }
  gates.Resize(total, input_.outputs());
  input_(tokens.data(), total, gates.data(), scratch);

  ends.Resize(count, hidden_ + d);  // [→h_last ; ←h_first ; e]
  for (const Direction& direction : directions_) Run(direction, encoded, general, gates, first_rows, ends, scratch);
  FloatMatrix states;
  states.Resize(count, hidden_);
  for (int i = 0; i < count; ++i) std::copy_n(general.row(i), d, ends.row(i) + hidden_);
  bridge_(ends.data(), count, states.data(), scratch);
  Tanh(states.data(), count * hidden_);
  for (int i = 0; i < count; ++i) encoded[i]->initial_state.assign(states.row(i), states.row(i) + hidden_);
  return result;
}

// One GRU over all posts, a token of each a step; writes its half of the states and of the ends.
void ServingPostEncoder::Run(const Direction& direction, const std::vector<EncodedPost*>& posts,
                             const FloatMatrix& general, const FloatMatrix& gates, const std::vector<int>& first_rows,
                             FloatMatrix& ends, Scratch& scratch) const {
  const int half = hidden_ / 2, offset = direction.backward ? half : 0;
  auto active = static_cast<int>(posts.size());
  FloatMatrix state, gates_h;
  state.Resize(active, half);
  gates_h.Resize(active, 3 * half);
  direction.init(general.data(), active, state.data(), scratch);
  Tanh(state.data(), active * half);
  for (int step = 0; step < posts[0]->length(); ++step) {
    while (posts[active - 1]->length() <= step) --active;
    direction.state(state.data(), active, gates_h.data(), scratch);
    for (int i = 0; i < active; ++i) {
      const int token = direction.backward ? posts[i]->length() - 1 - step : step;
      const float* gates_x = gates.row(first_rows[i] + token) + (direction.backward ? 3 * half : 0);
      AdvanceGru(gates_x, gates_h.row(i), half, state.row(i));
      std::copy_n(state.row(i), half, posts[i]->states.row(token) + offset);
    }
  }
  for (size_t i = 0; i < posts.size(); ++i)
    std::copy_n(state.row(static_cast<int>(i)), half, ends.row(static_cast<int>(i)) + offset);
}

}  // namespace idiolect
