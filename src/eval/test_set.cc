#include "eval/test_set.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"
#include "text/exchange_corpus.h"
#include "text/held_out_users.h"

namespace idiolect {
namespace {

constexpr size_t kMostHeldOut = 20;

// FNV-1a: the same everywhere, unlike std::hash.
uint64_t Hash(const std::string& text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001b3;
  return hash;
}

std::mt19937_64 Generator(uint64_t seed, const TestUser& user, uint64_t purpose) {
  const uint64_t name = Hash(user.source + "\n" + user.name);
  std::seed_seq words{seed, seed >> 32, name, name >> 32, purpose, purpose >> 32};
  return std::mt19937_64(words);
}

// Uniform in [0, bound); the standard's distributions differ between libraries.
size_t Below(size_t bound, std::mt19937_64& random) {
  return static_cast<size_t>(static_cast<double>(random() >> 11) * 0x1.0p-53 * static_cast<double>(bound));
}

template <typename T>
void Shuffle(std::vector<T>& values, std::mt19937_64& random) {
  for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[Below(i, random)]);
}

int SplitRank(const RawExchange& e) { return e.split == "test" ? 2 : e.split == "valid" ? 1 : 0; }

// Orders the exchanges and finds the first that is predicted.
void Arrange(TestUser& user, int split) {
  auto& list = user.exchanges;
  std::erase_if(list, [&](const RawExchange& e) { return SplitRank(e) > split; });
  std::stable_sort(list.begin(), list.end(), [](const RawExchange& a, const RawExchange& b) {
    return std::pair(SplitRank(a), a.time) < std::pair(SplitRank(b), b.time);
  });
  const bool has_splits = std::any_of(list.begin(), list.end(), [](const RawExchange& e) { return !e.split.empty(); });
  user.first_target = list.size() - std::min(kMostHeldOut, list.size() / 10);
  if (has_splits) {
    user.first_target =
        std::partition_point(list.begin(), list.end(), [&](const RawExchange& e) { return SplitRank(e) < split; }) -
        list.begin();
  }
}

absl::StatusOr<std::vector<TestUser>> ReadUsers(const std::vector<std::string>& files) {
  std::map<std::pair<std::string, std::string>, TestUser> users;
  const absl::Status read = ForEachExchange(files, [&](RawExchange&& exchange) {
    TestUser& user = users[{exchange.source, exchange.user}];
    user.source = exchange.source;
    user.name = exchange.user;
    user.exchanges.push_back(std::move(exchange));
  });
  if (!read.ok()) return read;
  std::vector<TestUser> list;
  for (auto& [key, user] : users) list.push_back(std::move(user));
  return list;
}

}  // namespace

absl::StatusOr<TestSet> TestSet::Load(const TestSetOptions& options) {
  if (options.split != "test" && options.split != "valid")
    return absl::InvalidArgumentError("split: expected \"test\" or \"valid\"");
  auto users = ReadUsers(options.data);
  if (!users.ok()) return users.status();
  TestSet set;
  set.seed_ = options.seed;
  set.users_ = *std::move(users);
  for (size_t u = 0; u < set.users_.size(); ++u) {
    TestUser& user = set.users_[u];
    Arrange(user, options.split == "test" ? 2 : 1);
    for (size_t i = user.first_target; i < user.exchanges.size(); ++i) set.targets_.push_back({u, i});
  }
  if (set.targets_.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the data holds nothing to predict: expected lines whose split is \"", options.split,
                     "\", or users without splits who have 10 exchanges or more"));
  }
  set.Choose(options);
  if (set.chosen_.empty())
    return absl::InvalidArgumentError("unseen_users: none of the users to predict is held out at this share");
  return set;
}

void TestSet::Choose(const TestSetOptions& options) {
  std::vector<size_t> order;
  for (size_t u = 0; u < users_.size(); ++u) {
    const TestUser& user = users_[u];
    const bool wanted = options.unseen_users == 0 || IsHeldOut(user.source, user.name, options.unseen_users);
    if (wanted && user.first_target < user.exchanges.size()) order.push_back(u);
  }
  std::seed_seq words{seed_, seed_ >> 32};
  std::mt19937_64 random(words);
  Shuffle(order, random);
  if (options.users > 0) order.resize(std::min<size_t>(order.size(), options.users));
  for (const size_t u : order) {
    if (options.limit > 0 && example_count() >= options.limit) break;
    chosen_.push_back(u);
  }
}

int64_t TestSet::example_count() const {
  size_t count = 0;
  for (const size_t u : chosen_) count += users_[u].exchanges.size() - users_[u].first_target;
  return static_cast<int64_t>(count);
}

std::vector<size_t> TestSet::RivalUsers(size_t user) const {
  std::vector<size_t> others;
  for (size_t u = 0; u < users_.size(); ++u) {
    if (u != user && users_[u].source == users_[user].source && users_[u].history_end() > 0) others.push_back(u);
  }
  std::mt19937_64 random = Generator(seed_, users_[user], 0);
  Shuffle(others, random);
  others.resize(std::min(others.size(), kRivals));
  return others;
}

std::vector<TargetPlace> TestSet::Draw(TargetPlace target, bool responses) const {
  const auto text = [&](TargetPlace place) -> const std::string& {
    const RawExchange& exchange = users_[place.user].exchanges[place.index];
    return responses ? exchange.response : exchange.post;
  };
  const auto [begin, end] = std::equal_range(
      targets_.begin(), targets_.end(), target,
      [&](const TargetPlace& a, const TargetPlace& b) { return users_[a.user].source < users_[b.user].source; });
  std::mt19937_64 random = Generator(seed_, users_[target.user], 2 * target.index + (responses ? 1 : 2));
  std::set<std::string> used = {text(target), ""};
  std::vector<TargetPlace> drawn;
  // The tries are bounded for sources where there is hardly anything else to draw.
  for (size_t tries = 0; tries < 40 * kRivals && drawn.size() < kRivals; ++tries) {
    const TargetPlace place = *(begin + static_cast<std::ptrdiff_t>(Below(end - begin, random)));
    if (place.user != target.user && used.insert(text(place)).second) drawn.push_back(place);
  }
  return drawn;
}

}  // namespace idiolect
