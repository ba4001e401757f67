#include "bench/workload.h"

#include <map>
#include <random>

#include "absl/strings/str_cat.h"
#include "text/exchange_reader.h"
#include "text/synthetic_tokenizer.h"

namespace idiolect {
namespace {

constexpr char kTenant[] = "default";

std::string RandomText(std::mt19937_64& random, int words, int vocab_words) {
  std::string text;
  for (int i = 0; i < words; ++i) {
    if (i > 0) text += ' ';
    text += SyntheticWord(static_cast<int>(random() % static_cast<uint64_t>(vocab_words)));
  }
  return text;
}

}  // namespace

Workload Workload::Synthetic(const WorkloadOptions& options) {
  std::mt19937_64 random(options.seed);
  const auto post = [&] { return RandomText(random, options.post_tokens - 1, options.vocab_words); };
  const auto response = [&] { return RandomText(random, options.response_tokens - 1, options.vocab_words); };
  Workload workload;
  for (int u = 0; u < options.users; ++u) {
    BenchUser& user = workload.users_.emplace_back();
    user.key = {kTenant, absl::StrCat("bench-", options.seed, "-", u)};
    for (int i = 0; i < options.exchanges; ++i) {
      Exchange& exchange = user.exchanges.emplace_back();
      exchange.sequence = i + 1;
      exchange.post = post();
      exchange.response = response();
      exchange.time = absl::FromUnixSeconds(1'700'000'000 + i);
    }
  }
  for (int i = 0; i < 1000; ++i) {
    workload.posts_.push_back(post());
    workload.responses_.push_back(response());
  }
  return workload;
}

absl::StatusOr<Workload> Workload::FromFile(const std::string& path, int users) {
  auto reader = ExchangeReader::Open(path, ExchangeFormat::kDetect);
  if (!reader.ok()) return reader.status();
  Workload workload;
  std::map<std::string, size_t> places;
  while (true) {
    auto record = (*reader)->Next();
    if (!record.ok()) return record.status();
    if (!record->has_value()) break;
    auto place = places.find((*record)->user);
    if (place == places.end()) {
      if (static_cast<int>(places.size()) == users) continue;
      place = places.emplace((*record)->user, places.size()).first;
      workload.users_.push_back({{kTenant, (*record)->user}, {}});
    }
    std::vector<Exchange>& exchanges = workload.users_[place->second].exchanges;
    Exchange& exchange = exchanges.emplace_back();
    exchange.sequence = static_cast<int64_t>(exchanges.size());
    exchange.post = std::move((*record)->post);
    exchange.response = std::move((*record)->response);
    exchange.time = (*record)->time;
  }
  if (workload.users_.empty()) return absl::InvalidArgumentError(absl::StrCat(path, ": holds no exchanges"));
  for (BenchUser& user : workload.users_) {
    workload.posts_.push_back(user.exchanges.back().post);
    workload.responses_.push_back(user.exchanges.back().response);
    user.exchanges.pop_back();
  }
  return workload;
}

const std::string& Workload::Post(int user, int64_t number) const {
  return posts_[static_cast<size_t>(user + number) % posts_.size()];
}

const std::string& Workload::Response(int64_t number) const {
  return responses_[static_cast<size_t>(number) % responses_.size()];
}

}  // namespace idiolect
