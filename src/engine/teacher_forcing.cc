#include "engine/teacher_forcing.h"

#include <cmath>

#include "engine/token_distribution.h"
#include "text/tokenizer.h"

namespace idiolect {
namespace {

struct Line {
  const std::vector<int32_t>* response;
  std::shared_ptr<const CompactProfile> profile;
  std::shared_ptr<const EncodedPost> post;
  std::vector<float> state;
};

std::vector<Line> Encode(const ServingModel& model, const std::vector<ResponseToScore>& responses, Scratch& scratch) {
  std::vector<ProfileInput> profiles;
  for (const ResponseToScore& r : responses)
    profiles.push_back({.tokens = r.history, .epoch = 0, .revision = 0, .pair_sequences = {}, .previous = nullptr});
  std::vector<Line> lines;
  std::vector<PostInput> posts;
  for (auto& profile : model.profiles(profiles, scratch)) {
    const ResponseToScore& r = responses[lines.size()];
    posts.push_back({r.post, profile.get()});
    lines.push_back({&r.response, profile, nullptr, {}});
  }
  auto encoded = model.posts(posts, scratch);
  for (size_t i = 0; i < lines.size(); ++i) {
    lines[i].post = encoded[i];
    lines[i].state = encoded[i]->initial_state;
  }
  return lines;
}

}  // namespace

std::vector<ResponseScore> ScoreResponses(const ServingModel& model, const std::vector<ResponseToScore>& responses,
                                          Scratch& scratch) {
  std::vector<ResponseScore> scores(responses.size());
  if (responses.empty()) return scores;
  std::vector<Line> lines = Encode(model, responses, scratch);
  ServingDecoder::Workspace work;
  TokenDistribution::Workspace distribution(model.config().vocab_size);
  for (size_t step = 0;; ++step) {
    std::vector<DecoderRow> rows;
    std::vector<size_t> owners;
    for (size_t i = 0; i < lines.size(); ++i) {
      if (step >= lines[i].response->size()) continue;
      const int32_t previous = step == 0 ? kBos : (*lines[i].response)[step - 1];
      rows.push_back({lines[i].profile.get(), lines[i].post.get(), previous, lines[i].state.data()});
      owners.push_back(i);
    }
    if (rows.empty()) return scores;
    model.decoder.Step(rows, work, scratch);
    for (size_t row = 0; row < rows.size(); ++row) {
      const RowOutput& output = work.outputs[row];
      ResponseScore& score = scores[owners[row]];
      const int32_t target = (*lines[owners[row]].response)[step];
      score.log_probs.push_back(TokenDistribution(rows[row], output, distribution).LogProb(target));
      score.copy_probabilities.push_back(std::exp(output.log_gate[1]));
      score.memory_weights.emplace_back(output.memory_weights.begin(), output.memory_weights.end());
    }
  }
}

}  // namespace idiolect
