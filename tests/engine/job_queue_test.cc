#include "engine/job_queue.h"

#include <gmock/gmock.h>

namespace idiolect {
namespace {

using ::testing::ElementsAre;

class NamedJob : public Job {
 public:
  NamedJob(const std::string& user, std::string name, int rows, absl::Time deadline)
      : Job(UserKey{"t", user}, deadline, 0), name(std::move(name)), rows_(rows) {}
  bool RunSlice(EngineContext&) override { return true; }
  void Fail(const absl::Status&) override {}
  int rows() const override { return rows_; }
  const std::string name;

 private:
  const int rows_;
};

class JobQueueTest : public ::testing::Test {
 protected:
  std::shared_ptr<Ticket> Push(const std::string& user, const std::string& name, int rows = 1,
                               absl::Time deadline = absl::InfiniteFuture()) {
    auto job = std::make_unique<NamedJob>(user, name, rows, deadline);
    auto ticket = job->ticket();
    queue_.Push(std::move(job));
    return ticket;
  }
  std::vector<std::string> PopAll(int rows = 64) {
    std::vector<std::string> names;
    while (auto job = queue_.Pop(rows)) names.push_back(static_cast<NamedJob&>(*job).name);
    return names;
  }
  JobQueue queue_{100};
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
  EXPECT_EQ(static_cast<NamedJob&>(*queue_.Pop(9)).name, "a1");
  Push("cid", "c1");
  EXPECT_THAT(PopAll(), ElementsAre("b1", "a2", "c1"));
}

TEST_F(JobQueueTest, AWideJobWaitsForRoomAndIsNotOvertaken) {
  Push("ann", "wide", 8);
  Push("ben", "narrow", 1);
  EXPECT_EQ(queue_.Pop(4), nullptr);
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

TEST_F(JobQueueTest, IsFullAtItsCapacity) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(queue_.full());
    Push("user" + std::to_string(i % 7), "job");
  }
  EXPECT_TRUE(queue_.full());
  EXPECT_EQ(queue_.TakeAll().size(), 100u);
  EXPECT_TRUE(queue_.empty());
}

}  // namespace
}  // namespace idiolect
