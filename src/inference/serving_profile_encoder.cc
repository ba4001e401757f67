#include "inference/serving_profile_encoder.h"

#include <algorithm>

#include "kernels/vector_math.h"
#include "text/tokenizer.h"

namespace idiolect {
namespace {

// The mean of `count` rows of d.
std::vector<float> MeanOfRows(const float* rows, size_t count, int d) {
  std::vector<float> mean(d, 0.0f);
  for (size_t i = 0; i < count; ++i) AddScaled(mean.data(), 1.0f / static_cast<float>(count), rows + i * d, d);
  return mean;
}

// Which pair of `profile` has this sequence; -1 for none.
int FindPair(const CompactProfile* profile, int64_t sequence) {
  if (profile == nullptr || sequence == 0) return -1;
  const auto found = std::find(profile->pair_sequences.begin(), profile->pair_sequences.end(), sequence);
  return found == profile->pair_sequences.end() ? -1 : static_cast<int>(found - profile->pair_sequences.begin());
}

// Where a pair's key comes from: the earlier profile, or the newly encoded posts.
struct KeySource {
  int previous;  // pair of the earlier profile, or -1
  int post;      // else: index among the new posts
};

}  // namespace

ServingProfileEncoder::ServingProfileEncoder(const ModelConfig& config, const Parameters& parameters,
                                             Precision precision)
    : config_(config),
      precision_(precision),
      token_embedding_(parameters.at("token_embedding.weight").contiguous()),
      position_embedding_(Copy(parameters, "position_embedding.weight")),
      slot_embedding_(Copy(parameters, "slot_embedding.weight")),
      history_encoder_(config, parameters, "history_encoder", config.history_layers, precision),
      memory_encoder_(config, parameters, "memory_encoder", config.memory_layers, precision) {
  if (config.speaker) speaker_embedding_ = parameters.at("speaker_embedding.weight").contiguous();
}

std::vector<std::shared_ptr<const CompactProfile>> ServingProfileEncoder::operator()(
    const std::vector<ProfileInput>& users, Scratch& scratch) const {
  std::vector<int> lengths;
  const FloatMatrix* z = config_.speaker ? nullptr : &EncodeHistories(users, lengths, scratch);
  std::vector<std::shared_ptr<CompactProfile>> profiles;
  int first = 0;
  for (size_t i = 0; i < users.size(); ++i) {
    auto profile = std::make_shared<CompactProfile>();
    profile->epoch = users[i].epoch;
    profile->revision = users[i].revision;
    profile->pair_sequences = users[i].pair_sequences;
    FillWords(users[i].tokens, *profile);
    profiles.push_back(profile);
    if (config_.speaker) {
      FillFromSpeaker(users[i].tokens.speaker, *profile);
      continue;
    }
    FillFromHistory(users[i].tokens, z->row(first), *profile);
    first += lengths[i];
  }
  if (config_.memory) FillKeys(users, profiles, scratch);
  return {profiles.begin(), profiles.end()};
}

void ServingProfileEncoder::FillFromSpeaker(int32_t speaker, CompactProfile& profile) const {
  const int d = config_.d_model;
  const float* row = speaker_embedding_.data_ptr<float>() + static_cast<int64_t>(speaker) * d;
  profile.general.assign(row, row + d);
  for (VectorTable* table : {&profile.keys, &profile.values, &profile.words}) *table = VectorTable(d, precision_, 0);
}

// row = E[id] + P[position]
void ServingProfileEncoder::EmbedToken(int32_t id, int position, float* row) const {
  const int d = config_.d_model;
  std::copy_n(token_embedding_.data_ptr<float>() + static_cast<int64_t>(id) * d, d, row);
  Add(row, position_embedding_.data() + static_cast<int64_t>(position) * d, d);
}

// All users' rows stacked: <cls>, then the responses, oldest pair first. The newest pair has slot 1, the one before 2.
const FloatMatrix& ServingProfileEncoder::EncodeHistories(const std::vector<ProfileInput>& users,
                                                          std::vector<int>& lengths, Scratch& scratch) const {
  int total = 0;
  for (const ProfileInput& user : users) {
    int length = 1;
    for (const auto& response : user.tokens.responses) length += static_cast<int>(response.size());
    lengths.push_back(length);
    total += length;
  }
  const int d = config_.d_model;
  FloatMatrix& x = scratch.matrix(Scratch::kTexts);
  x.Resize(total, d);
  int row = 0;
  const auto place = [&](int32_t id, int position, size_t slot) {
    EmbedToken(id, position, x.row(row));
    Add(x.row(row++), slot_embedding_.data() + slot * d, d);
  };
  for (const ProfileInput& user : users) {
    place(kCls, 0, 0);
    for (size_t pair = 0; pair < user.tokens.size(); ++pair) {
      const std::vector<int32_t>& response = user.tokens.responses[pair];
      for (size_t j = 0; j < response.size(); ++j)
        place(response[j], static_cast<int>(j) + 1, user.tokens.size() - pair);
    }
  }
  history_encoder_(x, lengths, scratch);
  return x;
}

// All tokens of the responses but each one's </s>.
void ServingProfileEncoder::FillWords(const HistoryTokens& tokens, CompactProfile& profile) {
  size_t count = 0;
  for (const std::vector<int32_t>& response : tokens.responses) count += response.empty() ? 0 : response.size() - 1;
  profile.word_ids.reserve(count);
  profile.word_pairs.reserve(count);
  for (size_t pair = 0; pair < tokens.size(); ++pair) {
    const std::vector<int32_t>& response = tokens.responses[pair];
    for (size_t j = 0; j + 1 < response.size(); ++j) {
      profile.word_ids.push_back(response[j]);
      profile.word_pairs.push_back(static_cast<uint16_t>(pair));
    }
  }
}

// `rows` is the history encoder's output for this user.
void ServingProfileEncoder::FillFromHistory(const HistoryTokens& tokens, const float* rows,
                                            CompactProfile& profile) const {
  const int d = config_.d_model;
  profile.general.assign(rows, rows + d);
  if (!config_.general) std::fill(profile.general.begin(), profile.general.end(), 0.0f);
  const int pairs = config_.memory ? static_cast<int>(tokens.size()) : 0;
  const int words = config_.copy ? static_cast<int>(profile.word_ids.size()) : 0;
  profile.values = VectorTable(d, precision_, pairs);
  profile.keys = VectorTable(d, precision_, pairs);
  profile.words = VectorTable(d, precision_, words);
  const float* row = rows + d;
  for (size_t pair = 0; pair < tokens.size(); ++pair) {
    const std::vector<int32_t>& response = tokens.responses[pair];
    if (config_.memory) profile.values.Append(MeanOfRows(row, response.size(), d).data());
    for (size_t j = 0; config_.copy && j + 1 < response.size(); ++j) profile.words.Append(row + j * d);
    row += response.size() * d;
  }
}

// A key depends on its post alone, so an append leaves all earlier ones as they are: only posts that the earlier
// profile has no key of are encoded.
void ServingProfileEncoder::FillKeys(const std::vector<ProfileInput>& users,
                                     std::vector<std::shared_ptr<CompactProfile>>& profiles, Scratch& scratch) const {
  const int d = config_.d_model;
  std::vector<std::vector<KeySource>> sources(users.size());
  std::vector<const std::vector<int32_t>*> posts;
  std::vector<int> lengths, first_rows;
  int total = 0;
  for (size_t i = 0; i < users.size(); ++i) {
    for (size_t pair = 0; pair < users[i].tokens.size(); ++pair) {
      const int64_t sequence = users[i].pair_sequences.empty() ? 0 : users[i].pair_sequences[pair];
      const int previous = FindPair(users[i].previous.get(), sequence);
      sources[i].push_back({previous, static_cast<int>(posts.size())});
      if (previous >= 0) continue;
      posts.push_back(&users[i].tokens.posts[pair]);
      lengths.push_back(static_cast<int>(posts.back()->size()));
      first_rows.push_back(total);
      total += lengths.back();
    }
  }
  FloatMatrix& x = scratch.matrix(Scratch::kTexts);
  x.Resize(total, d);
  for (size_t post = 0; post < posts.size(); ++post) {
    for (int j = 0; j < lengths[post]; ++j) EmbedToken((*posts[post])[j], j + 1, x.row(first_rows[post] + j));
  }
  memory_encoder_(x, lengths, scratch);
  for (size_t i = 0; i < users.size(); ++i) {
    for (const KeySource& source : sources[i]) {
      if (source.previous >= 0) {
        profiles[i]->keys.AppendFrom(users[i].previous->keys, source.previous);
      } else {
        profiles[i]->keys.Append(MeanOfRows(x.row(first_rows[source.post]), lengths[source.post], d).data());
      }
    }
  }
}

}  // namespace idiolect
