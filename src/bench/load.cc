#include "bench/load.h"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <random>

#include "absl/time/clock.h"

namespace idiolect {
namespace {

// Requests of an open loop are sent at the first tick after they are due; their time counts from when they were due.
constexpr absl::Duration kTick = absl::Milliseconds(1);

// One request that has been sent, and when it counts as sent.
struct Answer {
  absl::Time due, done;
  BenchOutcome outcome;
};

// Takes answers from the target's threads.
class Inbox {
 public:
  void Put(Answer answer) {
    const std::lock_guard lock(mutex_);
    answers_.push_back(std::move(answer));
    changed_.notify_one();
  }
  // What has arrived; waits until something has, or until `until`.
  std::deque<Answer> Take(absl::Time until) {
    std::unique_lock lock(mutex_);
    const auto arrived = [this] { return !answers_.empty(); };
    if (until == absl::InfiniteFuture()) {
      changed_.wait(lock, arrived);
    } else {
      changed_.wait_until(lock, absl::ToChronoTime(until), arrived);
    }
    return std::exchange(answers_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Answer> answers_;
};

class Loader {
 public:
  Loader(BenchTarget& target, const Workload& workload, const LoadOptions& options)
      : target_(target), options_(options), users_(static_cast<int>(workload.users().size())), random_(options.seed) {}

  LoadResult Run() {
    if (options_.warm) WarmUsers();
    const absl::Time start = absl::Now();
    from_ = start + absl::Seconds(options_.warmup_seconds);
    until_ = from_ + absl::Seconds(options_.seconds);
    options_.rate > 0 ? RunOpen(start) : RunClosed();
    result_.seconds = options_.seconds;
    return std::move(result_);
  }

 private:
  // Users in turn where none may be met twice in a short time, else at random.
  int NextUser() {
    return options_.warm ? static_cast<int>(random_() % static_cast<uint64_t>(users_)) : turn_++ % users_;
  }

  void Send(int user, absl::Time due) {
    ++in_flight_;
    const BenchRequest request{user, number_++};
    if (options_.append_first) {
      const absl::Status appended = target_.Append(user, request.number);
      if (!appended.ok()) return inbox_->Put({due, absl::Now(), {.status = appended, .queue = {}, .first_token = {}}});
      due = absl::Now();
    }
    target_.Send(request, [inbox = inbox_, due](const BenchOutcome& outcome) {
      inbox->Put({due, absl::Now(), outcome});
    });
  }

  void WarmUsers() {
    constexpr int kAtOnce = 32;
    int next = 0;
    while (next < users_ || in_flight_ > 0) {
      while (next < users_ && in_flight_ < kAtOnce) Send(next++, absl::Now());
      in_flight_ -= static_cast<int>(inbox_->Take(absl::InfiniteFuture()).size());
    }
  }

  void RunClosed() {
    for (int i = 0; i < options_.concurrency; ++i) Send(NextUser(), absl::Now());
    while (in_flight_ > 0) {
      Collect(absl::InfiniteFuture());
      while (in_flight_ < options_.concurrency && absl::Now() < until_) Send(NextUser(), absl::Now());
    }
  }

  void RunOpen(absl::Time start) {
    for (const double at : PoissonArrivals(options_.rate, options_.warmup_seconds + options_.seconds, options_.seed)) {
      const absl::Time due = start + absl::Seconds(at);
      // Woken by the clock alone, and not for each request: what the client takes of the cores, the server lacks.
      if (absl::Now() < due) {
        absl::SleepFor(start + absl::Ceil(due - start, kTick) - absl::Now());
        Collect(due);
      }
      if (due >= from_) ++result_.offered;
      Send(NextUser(), due);
    }
    while (in_flight_ > 0) Collect(absl::InfiniteFuture());
  }

  void Collect(absl::Time until) {
    bool counted = false;
    for (const Answer& answer : inbox_->Take(until)) {
      --in_flight_;
      if (answer.done < from_ || answer.done > until_) continue;
      Count(answer);
      counted = true;
    }
    if (!counted) return;
    result_.after = target_.stats();
    if (!result_.before.has_value()) result_.before = result_.after;
  }

  void Count(const Answer& answer) {
    const BenchOutcome& outcome = answer.outcome;
    if (!outcome.status.ok()) {
      ++result_.errors[absl::StatusCodeToString(outcome.status.code())];
      return;
    }
    const double total = absl::ToDoubleMilliseconds(answer.done - answer.due);
    result_.total_ms.push_back(total);
    result_.queue_ms.push_back(absl::ToDoubleMilliseconds(outcome.queue));
    result_.first_token_ms.push_back(absl::ToDoubleMilliseconds(outcome.first_token));
    if (outcome.tokens > 0) result_.per_token_ms.push_back(total / outcome.tokens);
    result_.tokens += outcome.tokens;
    result_.profiles_built += outcome.profile_built;
  }

  BenchTarget& target_;
  const LoadOptions options_;
  const int users_;
  std::mt19937_64 random_;
  const std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  absl::Time from_, until_;
  int in_flight_ = 0, turn_ = 0;
  int64_t number_ = 0;
  LoadResult result_;
};

}  // namespace

std::vector<double> PoissonArrivals(double rate, double seconds, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::exponential_distribution<double> gap(rate);
  std::vector<double> moments;
  for (double at = gap(random); at < seconds; at += gap(random)) moments.push_back(at);
  return moments;
}

LoadResult RunLoad(BenchTarget& target, const Workload& workload, const LoadOptions& options) {
  return Loader(target, workload, options).Run();
}

}  // namespace idiolect
