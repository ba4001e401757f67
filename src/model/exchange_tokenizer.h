// Posts, responses and histories in token ids, cut to what the model reads. Thread-safe.
#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "idiolect/exchange.h"
#include "model/config.h"
#include "text/tokenizer.h"

namespace idiolect {

// A window of a user's history in token ids, oldest pair first, at most max_history pairs.
struct HistoryTokens {
  std::vector<std::vector<int32_t>> posts;      // as Tokenizer::PostIds gives them
  std::vector<std::vector<int32_t>> responses;  // as Tokenizer::ResponseIds gives them
  int32_t speaker = 0;  // the user's row, which a Speaker model takes in place of all this; 0: nobody, or unknown
  size_t size() const { return responses.size(); }
};

class ExchangeTokenizer {
 public:
  ExchangeTokenizer(const ModelConfig& config, std::shared_ptr<const Tokenizer> tokenizer)
      : config_(config), tokenizer_(std::move(tokenizer)) {}

  std::vector<int32_t> PostIds(std::string_view post) const {
    return tokenizer_->PostIds(post, config_.max_post_tokens);
  }
  std::vector<int32_t> ResponseIds(std::string_view text) const {
    return tokenizer_->ResponseIds(text, config_.max_response_tokens);
  }
  // Of the response that the tokenizer has encoded.
  std::vector<int32_t> ResponseIds(std::vector<int32_t> encoded) const {
    return Tokenizer::ResponseIds(std::move(encoded), config_.max_response_tokens);
  }
  // Whether these tokens of a response, </s> left out, may be only its beginning: there is no room for more.
  bool MayBeCut(absl::Span<const int32_t> response) const {
    return static_cast<int>(response.size()) == config_.max_response_tokens - 1;
  }
  // The newest max_history pairs.
  HistoryTokens Tokenize(const std::vector<Exchange>& history) const;

  const Tokenizer& tokenizer() const { return *tokenizer_; }
  const std::shared_ptr<const Tokenizer>& shared_tokenizer() const { return tokenizer_; }

 private:
  ModelConfig config_;
  std::shared_ptr<const Tokenizer> tokenizer_;
};

}  // namespace idiolect
