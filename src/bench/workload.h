// Who asks what: users with their histories, and the posts that they are to answer. The same seed gives the same.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "idiolect/exchange.h"

namespace idiolect {

struct BenchUser {
  UserKey key;
  std::vector<Exchange> exchanges;  // oldest first, sequences from 1
};

struct WorkloadOptions {
  int users = 1000;
  int exchanges = 15;    // of each user
  int post_tokens = 20;  // of each text, the end mark included
  int response_tokens = 20;
  int vocab_words = 1000;  // how many words of the synthetic tokenizer there are
  uint64_t seed = 1;
};

class Workload {
 public:
  // Made-up words, one token each.
  static Workload Synthetic(const WorkloadOptions& options);
  // Real histories from a file of exchanges (see `idiolect import`): its first `users` users, with all but their last
  // exchange as history and that one's post to be answered.
  static absl::StatusOr<Workload> FromFile(const std::string& path, int users);

  const std::vector<BenchUser>& users() const { return users_; }
  // A post for the user's next reply.
  const std::string& Post(int user, int64_t number) const;
  // A response that stands for what somebody could say: a candidate to be ranked, an exchange to be appended.
  const std::string& Response(int64_t number) const;

 private:
  std::vector<BenchUser> users_;
  std::vector<std::string> posts_, responses_;
};

}  // namespace idiolect
