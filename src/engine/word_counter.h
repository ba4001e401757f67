// Counts the words of users' histories for rankings (inference/word_evidence.h). The tokens of the exchanges of users
// who were here lately are kept: tokenizing 100 exchanges takes as long as ranking a few candidates, counting their
// tokens a hundredth of that. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/user_cache.h"
#include "inference/word_evidence.h"
#include "text/tokenizer.h"

namespace idiolect {

// An exchange of a history in whole texts.
struct TokenizedExchange {
  int64_t sequence;
  std::vector<int32_t> post, response;
};

struct TokenizedHistory {
  int64_t epoch, revision;
  std::vector<std::shared_ptr<const TokenizedExchange>> exchanges;  // oldest first; shared with that of other revisions
  int64_t byte_size() const;
};

class WordCounter {
 public:
  // `tokenizer` must outlive it.
  WordCounter(const Tokenizer& tokenizer, int64_t max_bytes) : tokenizer_(tokenizer), cache_(max_bytes) {}

  // Of the newest kCountedExchanges of the user's history. What is kept of an earlier state of it is not tokenized
  // again: an exchange never changes.
  UserWords Count(const UserKey& user, const History& history);

  // When it returns, nothing of the user's history is kept.
  void Forget(const UserKey& user) { cache_.Forget(user); }
  int64_t byte_size() const { return cache_.byte_size(); }

 private:
  std::shared_ptr<const TokenizedHistory> Tokenize(const UserKey& user, const History& history) const;

  const Tokenizer& tokenizer_;
  UserCache<TokenizedHistory> cache_;
};

}  // namespace idiolect
