// The exchanges that are predicted, each user's in order, and who they are compared with. Everything that is drawn
// depends on the seed and the user alone, so a sample gives the same examples as the whole.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "text/exchange_reader.h"

namespace idiolect {

struct TestUser {
  std::string source, name;
  std::vector<RawExchange> exchanges;  // oldest first: by time, the splits train, valid, test one after the other
  size_t first_target = 0;             // [first_target, exchanges.size()) are predicted, each from those before it

  // What a rival's history is taken from: the exchanges before the predicted ones, or all where there are none.
  size_t history_end() const { return first_target > 0 ? first_target : exchanges.size(); }
};

// An exchange by its place.
struct TargetPlace {
  size_t user, index;
};

struct TestSetOptions {
  std::vector<std::string> data;  // as text/exchange_reader.h reads them
  std::string split = "test";     // "test" or "valid"
  int64_t users = 0;              // predict a seeded sample of so many users only; 0: all
  int64_t limit = 0;              // and stop with the user who brings the examples to so many; 0: no limit
  // Predict held-out users only: those whom `idiolect train --held-out-users` with this share has left out; 0:
  // everybody.
  double unseen_users = 0;
  uint64_t seed = 1;
};

class TestSet {
 public:
  static constexpr size_t kRivals = 9;

  // Lines with another split than the wanted one are history, those of a later one are left out. A user whose lines
  // name no split is predicted on the last tenth, at most 20, as `idiolect train` holds it out. kInvalidArgument where
  // there is nothing to predict.
  static absl::StatusOr<TestSet> Load(const TestSetOptions& options);

  const std::vector<TestUser>& users() const { return users_; }
  // Users to be measured, in a seeded order.
  const std::vector<size_t>& chosen() const { return chosen_; }
  int64_t example_count() const;  // of the chosen users

  // At most 9 other users of the same source who have a history.
  std::vector<size_t> RivalUsers(size_t user) const;
  // At most 9 targets of other users of the same source: with another response for `responses`, with another and not
  // empty post otherwise.
  std::vector<TargetPlace> RivalResponses(TargetPlace target) const { return Draw(target, true); }
  std::vector<TargetPlace> RivalPosts(TargetPlace target) const { return Draw(target, false); }

 private:
  std::vector<TargetPlace> Draw(TargetPlace target, bool responses) const;
  void Choose(const TestSetOptions& options);

  uint64_t seed_ = 1;
  std::vector<TestUser> users_;  // by source, then name
  std::vector<size_t> chosen_;
  std::vector<TargetPlace> targets_;  // of all users, in their order
};

}  // namespace idiolect
