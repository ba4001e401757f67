#include "bench/load.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "absl/time/clock.h"

namespace idiolect {
namespace {

// Answers after a time, by one thread, one request after the other.
class SlowTarget : public BenchTarget {
 public:
  explicit SlowTarget(absl::Duration each) : each_(each), worker_([this] { Work(); }) {}
  ~SlowTarget() override {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    changed_.notify_all();
    worker_.join();
  }
  void Send(const BenchRequest& request, std::function<void(const BenchOutcome&)> done) override {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({request, std::move(done)});
    most_ = std::max(most_, waiting_.size() + busy_);
    changed_.notify_all();
  }
  absl::Status Append(int, int64_t) override {
    ++appends_;
    return absl::OkStatus();
  }
  std::optional<EngineStats> stats() const override { return std::nullopt; }

  size_t most() const { return most_; }
  int appends() const { return appends_; }
  absl::Status status;

 private:
  void Work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return over_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      auto [request, done] = std::move(waiting_.front());
      waiting_.pop_front();
      busy_ = 1;
      lock.unlock();
      absl::SleepFor(each_);
      BenchOutcome outcome;
      outcome.status = status;
      outcome.tokens = 20;
      busy_ = 0;  // the next request may come from within the answer
      done(outcome);
      lock.lock();
    }
  }

  const absl::Duration each_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<BenchRequest, std::function<void(const BenchOutcome&)>>> waiting_;
  std::atomic<size_t> busy_ = 0;
  size_t most_ = 0;
  bool over_ = false;
  std::atomic<int> appends_ = 0;
  std::thread worker_;
};

Workload SmallWorkload() {
  return Workload::Synthetic(
      {.users = 5, .exchanges = 2, .post_tokens = 5, .response_tokens = 5, .vocab_words = 50, .seed = 1});
}

LoadOptions Short() {
  LoadOptions options;
  options.warmup_seconds = 0.1;
  options.seconds = 0.5;
  options.warm = false;
  return options;
}

TEST(LoadTest, AClosedLoopKeepsItsRequestsInFlight) {
  SlowTarget target(absl::Milliseconds(5));
  LoadOptions options = Short();
  options.concurrency = 7;
  const LoadResult result = RunLoad(target, SmallWorkload(), options);
  EXPECT_EQ(target.most(), 7u);
  EXPECT_GT(result.total_ms.size(), 10u);
  EXPECT_LE(result.total_ms.size(), 110u);  // the target's own pace
  EXPECT_EQ(result.tokens, 20 * static_cast<int64_t>(result.total_ms.size()));
}

// The target needs 20 ms a request and is asked every 5: the later ones have waited, and that must show.
TEST(LoadTest, AnOpenLoopCountsFromTheMomentARequestWasDue) {
  SlowTarget target(absl::Milliseconds(20));
  LoadOptions options = Short();
  options.rate = 200;
  const LoadResult result = RunLoad(target, SmallWorkload(), options);
  EXPECT_NEAR(static_cast<double>(result.offered), 100, 50);
  EXPECT_LT(result.total_ms.size(), 30u);
  EXPECT_GT(*std::max_element(result.total_ms.begin(), result.total_ms.end()), 150);
}

TEST(LoadTest, ErrorsAreCountedByCodeAndNotAsReplies) {
  SlowTarget target(absl::Milliseconds(1));
  target.status = absl::ResourceExhaustedError("full");
  const LoadResult result = RunLoad(target, SmallWorkload(), Short());
  EXPECT_TRUE(result.total_ms.empty());
  ASSERT_EQ(result.errors.size(), 1u);
  EXPECT_GT(result.errors.at("RESOURCE_EXHAUSTED"), 10);
}

TEST(LoadTest, AppendsComeFirstWhereTheyAreAskedFor) {
  SlowTarget target(absl::Milliseconds(1));
  LoadOptions options = Short();
  options.append_first = true;
  const LoadResult result = RunLoad(target, SmallWorkload(), options);
  EXPECT_GE(target.appends(), static_cast<int>(result.total_ms.size()));
}

TEST(PoissonArrivalsTest, GapsAreExponential) {
  const std::vector<double> moments = PoissonArrivals(1000, 20, 1);
  ASSERT_NEAR(static_cast<double>(moments.size()), 20000, 600);  // four standard deviations
  double sum = 0, squares = 0;
  for (size_t i = 1; i < moments.size(); ++i) {
    const double gap = moments[i] - moments[i - 1];
    ASSERT_GE(gap, 0);
    sum += gap;
    squares += gap * gap;
  }
  const auto n = static_cast<double>(moments.size() - 1);
  const double mean = sum / n, deviation = std::sqrt(squares / n - mean * mean);
  EXPECT_NEAR(deviation / mean, 1, 0.05);
}

TEST(PoissonArrivalsTest, SameSeedSameMoments) {
  EXPECT_EQ(PoissonArrivals(50, 2, 7), PoissonArrivals(50, 2, 7));
  EXPECT_NE(PoissonArrivals(50, 2, 7), PoissonArrivals(50, 2, 8));
}

}  // namespace
}  // namespace idiolect
