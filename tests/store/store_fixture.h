// A store under test, of any kind, and short words to speak to it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "idiolect/history_store.h"
#include "store/memory_store.h"
#include "store/open_store.h"
#include "store/sqlite_store.h"
#include "store/store_options.h"
#include "tests/support/temp_folder.h"

namespace idiolect {

enum class StoreKind { kSqlite, kMemory, kPostgres };

inline std::string KindName(const testing::TestParamInfo<StoreKind>& info) {
  constexpr const char* kNames[] = {"Sqlite", "Memory", "Postgres"};
  return kNames[static_cast<int>(info.param)];
}

// The kinds that this test program tests: the embedded ones, or PostgreSQL.
std::vector<StoreKind> TestedKinds();
// The URL of an empty PostgreSQL database, the same each time; only where kPostgres is tested.
std::string EmptyPostgresUrl();

inline UserKey User(std::string user_id, std::string tenant = "acme") {
  return {std::move(tenant), std::move(user_id)};
}

inline Exchange Said(std::string post, std::string response, int64_t second = 0) {
  Exchange exchange;
  exchange.post = std::move(post);
  exchange.response = std::move(response);
  exchange.time = absl::FromUnixSeconds(second);
  return exchange;
}

class TestedStore {
 public:
  explicit TestedStore(StoreKind kind) : kind_(kind) {
    options_.now = [this] { return now_; };
    if (kind_ == StoreKind::kPostgres) url_ = EmptyPostgresUrl();
    Reopen();
  }

  // What a restart of the process does; keeps a store in memory as it is.
  void Reopen() {
    if (kind_ == StoreKind::kMemory) {
      if (store_ == nullptr) store_ = std::make_unique<MemoryStore>(options_);
      return;
    }
    store_ = nullptr;
    auto opened = OpenHistoryStore(url_.empty() ? "sqlite:" + path() : url_, options_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }
  void Close() { store_ = nullptr; }

  void Advance(absl::Duration time) { now_ += time; }

  HistoryStore& operator*() const { return *store_; }
  HistoryStore* operator->() const { return store_.get(); }
  StoreOptions& options() { return options_; }
  std::string path() const { return folder_.File("history.db"); }
  const TempFolder& folder() const { return folder_; }

 private:
  const StoreKind kind_;
  TempFolder folder_;
  std::string url_;  // of PostgreSQL
  absl::Time now_ = absl::FromUnixSeconds(1'000'000);
  StoreOptions options_;
  std::unique_ptr<HistoryStore> store_;
};

// The value of a call that has to succeed.
template <typename T>
T Value(absl::StatusOr<T> result) {
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *std::move(result) : T();
}

inline std::vector<std::string> Responses(const std::vector<Exchange>& exchanges) {
  std::vector<std::string> responses;
  for (const Exchange& exchange : exchanges) responses.push_back(exchange.response);
  return responses;
}

class StoreTest : public testing::Test {
 protected:
  explicit StoreTest(StoreKind kind) : store_(kind) {}

  AppendResult Append(std::string user, std::string post, std::string response, std::string_view request_id = "") {
    return Value(store_->Append(User(std::move(user)), Said(std::move(post), std::move(response)), request_id));
  }
  AppendResult AppendAt(std::string user, std::string response, int64_t second) {
    return Value(store_->Append(User(std::move(user)), Said("", std::move(response), second), ""));
  }
  std::vector<std::string> Recent(std::string user, int count = 100) {
    return Responses(Value(store_->Recent(User(std::move(user)), count)).exchanges);
  }
  UserSummary Summary(std::string user) { return Value(store_->Summary(User(std::move(user)))); }

  TestedStore store_;
};

}  // namespace idiolect
