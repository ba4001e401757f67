#include "model/profile_encoder.h"

#include <algorithm>

#include "text/tokenizer.h"

namespace idiolect {

// Where everything of a batch of windows stands in the padded rows, as index tensors. Row 0 of a user is <cls>; then
// come the tokens of the responses, oldest pair first. The newest pair has slot 1, the one before 2, so that a pair's
// slot does not depend on how long the history is.
struct ProfileEncoder::Layout {
  explicit Layout(const std::vector<HistoryTokens>& windows) {
    users = static_cast<int64_t>(windows.size());
    for (const HistoryTokens& window : windows) Measure(window);
    Allocate();
    for (int64_t user = 0; user < users; ++user) Place(windows[user], user);
  }

  void MoveTo(at::Device device) {
    for (at::Tensor* t :
         {&ids, &positions, &slots, &row_mask, &pair_mask, &key_index, &pooling, &word_mask, &word_row, &word_ids})
      *t = t->to(device);
  }

  int64_t users = 0, rows = 1, pairs = 0, words = 0;  // T, N, M: the largest of the batch
  at::Tensor ids, positions, slots, row_mask;         // [B, T]
  at::Tensor pair_mask, key_index;                    // [B, N]; index into the list of all posts
  at::Tensor pooling;                                 // [B, N, T] 1 / length over the rows of each pair's response
  at::Tensor word_mask, word_row, word_ids;           // [B, M]; word_row indexes the B·T rows
  int64_t post_count = 0;

 private:
  void Measure(const HistoryTokens& window) {
    int64_t tokens = 0;
    for (const auto& response : window.responses) tokens += static_cast<int64_t>(response.size());
    rows = std::max(rows, 1 + tokens);
    pairs = std::max(pairs, static_cast<int64_t>(window.size()));
    words = std::max(words, tokens - static_cast<int64_t>(window.size()));
  }

  void Allocate() {
    for (at::Tensor* t : {&ids, &positions, &slots}) *t = at::zeros({users, rows}, at::kLong);
    row_mask = at::zeros({users, rows}, at::kBool);
    pair_mask = at::zeros({users, pairs}, at::kBool);
    key_index = at::zeros({users, pairs}, at::kLong);
    pooling = at::zeros({users, pairs, rows}, at::kFloat);
    word_mask = at::zeros({users, words}, at::kBool);
    for (at::Tensor* t : {&word_row, &word_ids}) *t = at::zeros({users, words}, at::kLong);
  }

  // One user's rows and words. The tensors are asked for their memory once a user: once a token took longer than the
  // rest of a GPU's step.
  struct UserRows {
    int64_t *ids, *positions, *slots;
    bool* row_mask;
    int64_t *word_rows, *word_ids;
    bool* word_mask;

    void PlaceRow(int64_t row, int64_t id, int64_t position, int64_t slot) const {
      ids[row] = id;
      positions[row] = position;
      slots[row] = slot;
      row_mask[row] = true;
    }
    void PlaceWord(int64_t word, int64_t row, int64_t id) const {
      word_mask[word] = true;
      word_rows[word] = row;
      word_ids[word] = id;
    }
  };

  UserRows RowsOf(int64_t user) const {
    const auto longs = [&](const at::Tensor& t) { return t.data_ptr<int64_t>() + user * t.size(1); };
    const auto flags = [&](const at::Tensor& t) { return t.data_ptr<bool>() + user * t.size(1); };
    return {longs(ids),      longs(positions), longs(slots),    flags(row_mask),
            longs(word_row), longs(word_ids),  flags(word_mask)};
  }

  void Place(const HistoryTokens& window, int64_t user) {
    const UserRows out = RowsOf(user);
    out.PlaceRow(0, kCls, 0, 0);
    int64_t row = 1, word = 0;
    const auto count = static_cast<int64_t>(window.size());
    for (int64_t pair = 0; pair < count; ++pair) {
      const std::vector<int32_t>& response = window.responses[pair];
      pair_mask.data_ptr<bool>()[user * pairs + pair] = true;
      key_index.data_ptr<int64_t>()[user * pairs + pair] = post_count++;
      float* pool = pooling.data_ptr<float>() + (user * pairs + pair) * rows;
      std::fill(pool + row, pool + row + response.size(), 1.0f / static_cast<float>(response.size()));
      for (size_t j = 0; j < response.size(); ++j, ++row) {
        out.PlaceRow(row, response[j], static_cast<int64_t>(j) + 1, count - pair);
        if (response[j] != kEos) out.PlaceWord(word++, user * rows + row, response[j]);
      }
    }
  }
};

ProfileEncoder::ProfileEncoder(const ModelConfig& config, const Parameters& parameters)
    : config_(config),
      token_embedding_(parameters.at("token_embedding.weight")),
      position_embedding_(parameters.at("position_embedding.weight")),
      slot_embedding_(parameters.at("slot_embedding.weight")),
      history_encoder_(config, parameters, "history_encoder", config.history_layers),
      memory_encoder_(config, parameters, "memory_encoder", config.memory_layers) {
  if (config.speaker) speaker_embedding_ = parameters.at("speaker_embedding.weight");
}

ProfileBatch ProfileEncoder::operator()(const std::vector<HistoryTokens>& windows, const Dropout& dropout) const {
  if (config_.speaker) return OfSpeakers(windows);
  Layout layout(windows);
  layout.MoveTo(token_embedding_.device());
  const at::Tensor z = EncodeHistories(layout, dropout);  // [B, T, d]
  const int64_t d = config_.d_model;
  ProfileBatch batch;
  batch.general = config_.general ? z.select(1, 0) : at::zeros({layout.users, d}, z.options());
  const int64_t pairs = config_.memory ? layout.pairs : 0, words = config_.copy ? layout.words : 0;
  batch.pair_mask = layout.pair_mask.narrow(1, 0, pairs);
  batch.values = pairs > 0 ? at::bmm(layout.pooling, z) : at::zeros({layout.users, 0, d}, z.options());
  batch.keys = pairs > 0 ? EncodePosts(windows, layout, dropout) : at::zeros({layout.users, 0, d}, z.options());
  batch.word_mask = layout.word_mask.narrow(1, 0, words);
  batch.word_ids = layout.word_ids.narrow(1, 0, words);
  const at::Tensor word_row = layout.word_row.narrow(1, 0, words).reshape({-1});
  batch.word_states = z.reshape({-1, d}).index_select(0, word_row).view({layout.users, words, d});
  return batch;
}

ProfileBatch ProfileEncoder::OfSpeakers(const std::vector<HistoryTokens>& windows) const {
  std::vector<int64_t> rows;
  for (const HistoryTokens& window : windows) rows.push_back(window.speaker);
  const auto users = static_cast<int64_t>(rows.size());
  const at::Device device = speaker_embedding_.device();
  ProfileBatch batch;
  batch.general = Embed(speaker_embedding_, LongTensor(rows, {users}).to(device));
  for (at::Tensor* t : {&batch.keys, &batch.values, &batch.word_states})
    *t = at::zeros({users, 0, config_.d_model}, batch.general.options());
  for (at::Tensor* t : {&batch.pair_mask, &batch.word_mask})
    *t = at::zeros({users, 0}, at::TensorOptions(at::kBool).device(device));
  batch.word_ids = at::zeros({users, 0}, at::TensorOptions(at::kLong).device(device));
  return batch;
}

at::Tensor ProfileEncoder::EncodeHistories(const Layout& layout, const Dropout& dropout) const {
  const at::Tensor rows = Embed(token_embedding_, layout.ids) + Embed(position_embedding_, layout.positions) +
                          Embed(slot_embedding_, layout.slots);
  return history_encoder_(dropout(rows), layout.row_mask, dropout);
}

at::Tensor ProfileEncoder::EncodePosts(const std::vector<HistoryTokens>& windows, const Layout& layout,
                                       const Dropout& dropout) const {
  std::vector<std::vector<int32_t>> texts;
  texts.reserve(layout.post_count);
  for (const HistoryTokens& window : windows) texts.insert(texts.end(), window.posts.begin(), window.posts.end());
  const TokenBatch posts = PadTokens(texts).To(token_embedding_.device());
  const at::Tensor positions = position_embedding_.narrow(0, 1, posts.width());
  const at::Tensor encoded =
      memory_encoder_(dropout(Embed(token_embedding_, posts.ids) + positions), posts.mask, dropout);
  const at::Tensor weights = posts.mask.to(at::kFloat) / posts.lengths.unsqueeze(1);  // [P, L]
  const at::Tensor keys = at::bmm(weights.unsqueeze(1), encoded).squeeze(1);          // [P, d] means
  return keys.index_select(0, layout.key_index.reshape({-1})).view({layout.users, layout.pairs, config_.d_model});
}

}  // namespace idiolect
