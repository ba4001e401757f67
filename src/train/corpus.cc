#include "train/corpus.h"

#include <algorithm>
#include <map>
#include <optional>

#include "absl/strings/str_split.h"
#include "text/exchange_corpus.h"
#include "text/held_out_users.h"
#include "text/user_hash.h"

namespace idiolect {
namespace {

int CountWords(const std::string& text) {
  return static_cast<int>(
      std::vector<absl::string_view>(absl::StrSplit(text, absl::ByAnyChar(" \t\r\n"), absl::SkipEmpty())).size());
}

struct TimedPair {
  absl::Time time;
  TokenPair pair;
};

// A user while the files are read: lines may come in any order of splits and times.
struct Draft {
  std::vector<TimedPair> train, valid, unsplit;
};

TokenPair Tokenize(const RawExchange& exchange, const Tokenizer& tokenizer, const ModelConfig& config) {
  TokenPair pair{tokenizer.PostIds(exchange.post, config.max_post_tokens),
                 tokenizer.ResponseIds(exchange.response, config.max_response_tokens), 0};
  const bool cut = static_cast<int>(pair.response.size()) == config.max_response_tokens;
  pair.words = CountWords(cut ? tokenizer.Decode(pair.response) : exchange.response);
  return pair;
}

// Of the same time: in the files' order, as `idiolect eval` has it.
void SortByTime(std::vector<TimedPair>& pairs) {
  std::stable_sort(pairs.begin(), pairs.end(), [](const TimedPair& a, const TimedPair& b) { return a.time < b.time; });
}

UserCorpus Finish(Draft draft, const std::string& source, const std::string& name) {
  for (std::vector<TimedPair>* part : {&draft.train, &draft.valid, &draft.unsplit}) SortByTime(*part);
  const size_t held_out = std::min<size_t>(20, draft.unsplit.size() / 10);
  const auto cut = draft.unsplit.end() - static_cast<std::ptrdiff_t>(held_out);
  std::move(draft.unsplit.begin(), cut, std::back_inserter(draft.train));
  std::move(cut, draft.unsplit.end(), std::back_inserter(draft.valid));
  UserCorpus user{source, {}, 0, 0, UserHash(source, name)};
  for (TimedPair& timed : draft.train) user.pairs.push_back(std::move(timed.pair));
  user.train_end = user.pairs.size();
  for (TimedPair& timed : draft.valid) user.pairs.push_back(std::move(timed.pair));
  user.valid_end = user.pairs.size();
  return user;
}

}  // namespace

HistoryTokens UserCorpus::Window(size_t index, size_t count) const {
  HistoryTokens window;
  if (count > 0) window.speaker = row;
  for (size_t i = index - std::min(index, count); i < index; ++i) {
    window.posts.push_back(pairs[i].post);
    window.responses.push_back(pairs[i].response);
  }
  return window;
}

void Corpus::Add(UserCorpus user) {
  users.push_back(std::move(user));
  users.back().row = static_cast<int32_t>(users.size());
}

absl::StatusOr<Corpus> LoadCorpus(const std::vector<std::string>& files, const Tokenizer& tokenizer,
                                  const ModelConfig& config, double held_out_users) {
  std::map<std::pair<std::string, std::string>, Draft> drafts;  // by source and user
  const absl::Status read = ForEachExchange(files, [&](const RawExchange& exchange) {
    if (exchange.split == "test" || IsHeldOut(exchange.source, exchange.user, held_out_users)) return;
    Draft& draft = drafts[{exchange.source, exchange.user}];
    auto& part = exchange.split == "train" ? draft.train : exchange.split == "valid" ? draft.valid : draft.unsplit;
    part.push_back({exchange.time, Tokenize(exchange, tokenizer, config)});
  });
  if (!read.ok()) return read;
  Corpus corpus;
  for (auto& [key, draft] : drafts) {
    UserCorpus user = Finish(std::move(draft), key.first, key.second);
    if (user.train_end == 0) continue;
    corpus.train_pairs += static_cast<int64_t>(user.train_end);
    corpus.valid_pairs += static_cast<int64_t>(user.valid_end - user.train_end);
    corpus.Add(std::move(user));
  }
  if (corpus.users.empty()) return absl::InvalidArgumentError("the data holds no exchange to train on");
  return corpus;
}

}  // namespace idiolect
