#include "store/sqlite_error.h"

#include <sqlite3.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace idiolect {
namespace {

TEST(SqliteErrorTest, CodeTellsWhatToDo) {
  struct Case {
    int code;
    absl::StatusCode expected;
  };
  for (const Case& c : {
           Case{SQLITE_FULL, absl::StatusCode::kUnavailable},
           Case{SQLITE_BUSY, absl::StatusCode::kUnavailable},
           Case{SQLITE_BUSY_SNAPSHOT, absl::StatusCode::kUnavailable},
           Case{SQLITE_READONLY, absl::StatusCode::kUnavailable},
           Case{SQLITE_CANTOPEN, absl::StatusCode::kUnavailable},
           Case{SQLITE_IOERR_WRITE, absl::StatusCode::kUnavailable},
           Case{SQLITE_IOERR_FSYNC, absl::StatusCode::kUnavailable},
           Case{SQLITE_CORRUPT, absl::StatusCode::kDataLoss},
           Case{SQLITE_CORRUPT_INDEX, absl::StatusCode::kDataLoss},
           Case{SQLITE_NOTADB, absl::StatusCode::kDataLoss},
           Case{SQLITE_CONSTRAINT_UNIQUE, absl::StatusCode::kInternal},
           Case{SQLITE_MISUSE, absl::StatusCode::kInternal},
       }) {
    const absl::Status status = SqliteError(c.code, "/data/h.db", "details");
    EXPECT_EQ(status.code(), c.expected) << c.code;
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr("/data/h.db"));
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr("details"));
  }
}

}  // namespace
}  // namespace idiolect
