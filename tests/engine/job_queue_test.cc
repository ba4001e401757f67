#include "engine/job_queue.h"

#include <gmock/gmock.h>

#include "engine/queue_limit.h"

namespace idiolect {
namespace {

using ::testing::ElementsAre;

class NamedJob : public Job {
 public:
  NamedJob(const std::string& user, std::string name, int rows, int tasks, absl::Time deadline)
      : Job(UserKey{"t", user}, deadline, 0), name(std::move(name)), rows_(rows), left_(tasks) {}
  int NextTaskRows() const override { return left_ > 0 ? rows_ : 0; }
  std::unique_ptr<Task> NextTask() override {
    --left_;
    return std::make_unique<NoTask>();
  }
  void Fail(const absl::Status&) override {}
  bool ended() const override { return false; }
  const std::string name;

 private:
  struct NoTask : Task {
    int rows() const override { return 1; }
    void AddRows(std::vector<DecoderRow>&) override {}
    bool OnStep(absl::Span<const DecoderRow>, absl::Span<const RowOutput>, TokenDistribution::Workspace&) override {
      return true;
    }
  };
  const int rows_;
  int left_;
};

class JobQueueTest : public ::testing::Test {
 protected:
  std::shared_ptr<Ticket> Push(const std::string& user, const std::string& name, int rows = 1,
                               absl::Time deadline = absl::InfiniteFuture(), int tasks = 1) {
    auto job = std::make_shared<NamedJob>(user, name, rows, tasks, deadline);
    auto ticket = job->ticket();
    queue_.Push(std::move(job));
    return ticket;
  }
  std::vector<std::string> PopAll(int rows = 64) {
    std::vector<std::string> names;
    while (auto job = queue_.Pop(rows).job) names.push_back(static_cast<NamedJob&>(*job).name);
    return names;
  }
  JobQueue queue_;
};

TEST_F(JobQueueTest, UsersTakeTurns) {
  for (const char* name : {"a1", "a2", "a3", "a4"}) Push("ann", name);
  Push("ben", "b1");
  for (const char* name : {"c1", "c2"}) Push("cid", name);
  EXPECT_THAT(PopAll(), ElementsAre("a1", "b1", "c1", "a2", "c2", "a3", "a4"));
  EXPECT_TRUE(queue_.empty());
}

TEST_F(JobQueueTest, AUserWhoComesBackStandsBehindTheOthers) {
  Push("ann", "a1");
  Push("ann", "a2");
  Push("ben", "b1");
  EXPECT_EQ(static_cast<NamedJob&>(*queue_.Pop(9).job).name, "a1");
  Push("cid", "c1");
  EXPECT_THAT(PopAll(), ElementsAre("b1", "a2", "c1"));
}

TEST_F(JobQueueTest, AWideJobWaitsForRoomAndIsNotOvertaken) {
  Push("ann", "wide", 8);
  Push("ben", "narrow", 1);
  EXPECT_EQ(queue_.Pop(4).job, nullptr);
  EXPECT_EQ(queue_.size(), 2);
  EXPECT_THAT(PopAll(8), ElementsAre("wide", "narrow"));
}

TEST_F(JobQueueTest, GivesUpTheCancelledAndTheExpired) {
  const absl::Time now = absl::Now();
  Push("ann", "fine");
  Push("ann", "late", 1, now - absl::Seconds(1));
  Push("ben", "gone")->Cancel();
  std::vector<std::string> taken;
  for (auto& job : queue_.TakeInterrupted(now)) {
    taken.push_back(static_cast<NamedJob&>(*job).name);
    EXPECT_EQ(job->Interrupted(now).code(),
              taken.back() == "late" ? absl::StatusCode::kDeadlineExceeded : absl::StatusCode::kCancelled);
  }
  EXPECT_THAT(taken, ElementsAre("late", "gone"));
  EXPECT_EQ(queue_.size(), 1);
  EXPECT_THAT(PopAll(), ElementsAre("fine"));
}

TEST_F(JobQueueTest, AJobOfManyTasksTakesATurnForEach) {
  Push("ann", "list", 1, absl::InfiniteFuture(), 3);
  Push("ann", "a2");
  Push("ben", "b1");
  Push("cid", "c1");
  EXPECT_EQ(queue_.size(), 4);
  EXPECT_THAT(PopAll(), ElementsAre("list", "b1", "c1", "list", "list", "a2"));
  EXPECT_EQ(queue_.size(), 0);
}

TEST_F(JobQueueTest, AJobWithoutTasksIsHandedOutAtOnce) {
  Push("ann", "profile", 1, absl::InfiniteFuture(), 0);
  const JobQueue::Turn turn = queue_.Pop(0);
  EXPECT_NE(turn.job, nullptr);
  EXPECT_EQ(turn.task, nullptr);
  EXPECT_TRUE(queue_.empty());
}

TEST_F(JobQueueTest, GivesUpEverythingWhenAsked) {
  for (int i = 0; i < 100; ++i) Push("user" + std::to_string(i % 7), "job");
  EXPECT_EQ(queue_.TakeAll().size(), 100u);
  EXPECT_TRUE(queue_.empty());
}

TEST(QueueLimitTest, HasSoManyPlacesAndNoMore) {
  QueueLimit limit(2);
  EXPECT_TRUE(limit.Take());
  EXPECT_FALSE(limit.full());
  EXPECT_TRUE(limit.Take());
  EXPECT_TRUE(limit.full());
  EXPECT_FALSE(limit.Take());
  limit.Give(1);
  EXPECT_TRUE(limit.Take());
}

}  // namespace
}  // namespace idiolect
