// Exchanges of many users in token ids, ready to draw training examples from. Read-only after loading.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "model/config.h"
#include "model/profile_encoder.h"
#include "text/tokenizer.h"

namespace idiolect {

struct TokenPair {
  std::vector<int32_t> post, response;  // as the model reads them, </s> included
  int words = 0;                        // whitespace words of the response's part that the model reads
};

// One user's exchanges, oldest first: [0, train_end) may be trained on, [train_end, valid_end) validates.
struct UserCorpus {
  std::string source;
  std::vector<TokenPair> pairs;
  size_t train_end = 0, valid_end = 0;
  std::optional<uint64_t> hash = std::nullopt;  // text/user_hash.h; an older prepared corpus has none
  int32_t row = 0;                              // the place among Corpus::users, from 1

  // The newest `count` pairs before `index`. Who is asked for no pairs is nobody, for a Speaker model too.
  HistoryTokens Window(size_t index, size_t count) const;
};

struct Corpus {
  std::vector<UserCorpus> users;  // sorted by source, then name
  int64_t train_pairs = 0, valid_pairs = 0;

  void Add(UserCorpus user);  // at the end; gives it its row
};

// Reads the files, whose lines may come in any order. Lines with a `split` keep it (test is left out); of a user whose
// lines have none the newest tenth, at most 20, validates. Users of the held-out share are left out. kInvalidArgument
// names file and line.
absl::StatusOr<Corpus> LoadCorpus(const std::vector<std::string>& files, const Tokenizer& tokenizer,
                                  const ModelConfig& config, double held_out_users = 0);

}  // namespace idiolect
