#include "model/exchange_tokenizer.h"

#include <algorithm>

namespace idiolect {

HistoryTokens ExchangeTokenizer::Tokenize(const std::vector<Exchange>& history) const {
  const size_t skipped = history.size() - std::min<size_t>(history.size(), config_.max_history);
  HistoryTokens tokens;
  for (size_t i = skipped; i < history.size(); ++i) {
    tokens.posts.push_back(PostIds(history[i].post));
    tokens.responses.push_back(ResponseIds(history[i].response));
  }
  return tokens;
}

}  // namespace idiolect
