#include "engine/word_counter.h"

#include <algorithm>

namespace idiolect {
int64_t TokenizedHistory::byte_size() const {
  constexpr int64_t kPointersAndBlocks = 64;  // of an exchange, beside its tokens
  int64_t bytes = sizeof(*this);
  for (const auto& e : exchanges) {
    bytes += static_cast<int64_t>(sizeof(TokenizedExchange) + (e->post.size() + e->response.size()) * sizeof(int32_t));
    bytes += kPointersAndBlocks;
  }
  return bytes;
}

UserWords WordCounter::Count(const UserKey& user, const History& history) {
  const int64_t forget_count = cache_.forget_count();
  std::shared_ptr<const TokenizedHistory> tokens = cache_.Find(user, history.epoch, history.revision);
  // The same state may come as a shorter history, from a caller who does not want as much of it.
  if (tokens == nullptr ||
      tokens->exchanges.size() != history.exchanges.size() - FirstCounted(history.exchanges.size())) {
    tokens = Tokenize(user, history);
    if (history.revision != 0) cache_.Insert(user, tokens, forget_count);  // 0: not from a store
  }
  UserWords words;
  for (const auto& e : tokens->exchanges) words.Add(e->post, e->response);
  return words;
}

std::shared_ptr<const TokenizedHistory> WordCounter::Tokenize(const UserKey& user, const History& history) const {
  const auto earlier = history.revision == 0 ? nullptr : cache_.FindEarlier(user, history.epoch);
  const auto known = [&](const Exchange& e) -> std::shared_ptr<const TokenizedExchange> {
    if (earlier == nullptr || e.sequence == 0) return nullptr;  // 0: not stored
    const auto place = std::lower_bound(earlier->exchanges.begin(), earlier->exchanges.end(), e.sequence,
                                        [](const auto& k, int64_t sequence) { return k->sequence < sequence; });
    return place != earlier->exchanges.end() && (*place)->sequence == e.sequence ? *place : nullptr;
  };
  auto tokens = std::make_shared<TokenizedHistory>();
  tokens->epoch = history.epoch;
  tokens->revision = history.revision;
  for (size_t i = FirstCounted(history.exchanges.size()); i < history.exchanges.size(); ++i) {
    const Exchange& e = history.exchanges[i];
    std::shared_ptr<const TokenizedExchange> exchange = known(e);
    if (exchange == nullptr) {
      exchange = std::make_shared<TokenizedExchange>(
          TokenizedExchange{e.sequence, tokenizer_.Encode(e.post), tokenizer_.Encode(e.response)});
    }
    tokens->exchanges.push_back(std::move(exchange));
  }
  return tokens;
}

}  // namespace idiolect
