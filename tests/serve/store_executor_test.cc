// Who has the threads that wait for the store.
#include "serve/store_executor.h"

#include <gtest/gtest.h>

#include <atomic>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"

namespace idiolect {
namespace {

using Kind = StoreExecutor::Kind;

TEST(StoreExecutorTest, LongReadsLeaveThreadsForOthers) {
  absl::Notification go_on;
  std::atomic<int> begun{0};
  absl::Notification answered;
  {
    StoreExecutor executor(8, 1000);
    for (int i = 0; i < 100; ++i) {
      const absl::Status status = executor.Submit(
          [&] {
            ++begun;
            go_on.WaitForNotification();
          },
          Kind::kLong);
      ASSERT_TRUE(status.ok());
    }
    ASSERT_TRUE(executor.Submit([&] { answered.Notify(); }).ok());
    EXPECT_TRUE(answered.WaitForNotificationWithTimeout(absl::Seconds(30)));
    EXPECT_LE(begun, 2);
    go_on.Notify();
  }
  EXPECT_EQ(begun, 100);  // what is queued is run all the same
}

TEST(StoreExecutorTest, LongReadsGoOnWhenOthersHaveBeenServed) {
  std::atomic<int> done{0};
  StoreExecutor executor(2, 1000);
  for (int i = 0; i < 200; ++i)
    ASSERT_TRUE(executor.Submit([&] { ++done; }, i % 2 == 0 ? Kind::kLong : Kind::kShort).ok());
  for (int i = 0; i < 3000 && done < 200; ++i) absl::SleepFor(absl::Milliseconds(10));
  EXPECT_EQ(done, 200);
}

TEST(StoreExecutorTest, EachKindHasAQueueOfItsOwn) {
  absl::Notification go_on;
  StoreExecutor executor(1, 1);
  absl::Notification begun;
  ASSERT_TRUE(executor.Submit([&] { begun.Notify(), go_on.WaitForNotification(); }).ok());
  begun.WaitForNotification();
  EXPECT_TRUE(executor.Submit([] {}, Kind::kLong).ok());
  EXPECT_EQ(executor.Submit([] {}, Kind::kLong).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(executor.Submit([] {}).ok());
  EXPECT_EQ(executor.Submit([] {}).code(), absl::StatusCode::kResourceExhausted);
  go_on.Notify();
}

}  // namespace
}  // namespace idiolect
