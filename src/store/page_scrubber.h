// Overwrites what SQLite leaves behind inside the pages of a database file.
//
// With secure_delete SQLite zeroes a row where it is deleted. But when a page of a B-tree is split or merged, rows move
// to a neighbour, and their old bytes stay in the unused middle of the page that they left. If such a row is deleted
// later, only its new place is zeroed. So that erased text is gone, the unused middles are zeroed in the file, whenever
// pages have been copied there from the write-ahead log.
//
// Safe beside readers of this and other processes: nobody reads the unused part of a page, and no other byte is
// touched.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "store/sqlite_connection.h"

namespace idiolect {

class PageScrubber {
 public:
  // `connection` outlives the scrubber, is used by the same thread, and makes all the checkpoints of the database.
  static absl::StatusOr<PageScrubber> Create(SqliteConnection& connection);

  // Pages are numbered from 1; those that the file doesn't have yet are passed over.
  absl::Status Scrub(absl::Span<const uint32_t> pages);
  absl::Status ScrubAll();
  // Makes what was overwritten durable.
  absl::Status Sync();

  int64_t page_size() const { return page_size_; }

 private:
  PageScrubber(SqliteConnection& connection, sqlite3_file* file, int64_t page_size)
      : connection_(&connection), file_(file), page_size_(page_size), page_(page_size, '\0') {}
  absl::StatusOr<int64_t> PageCount();
  absl::Status ScrubPage(int64_t page, int64_t page_count);

  SqliteConnection* connection_;
  // SQLite's own handle: closing another descriptor of the file would drop SQLite's locks on it.
  sqlite3_file* file_;
  int64_t page_size_;
  std::string page_;  // the page at work
};

// Where the unused middle of a B-tree page begins and ends; empty for any other page. `first` for page 1, which begins
// with the file's header. A page is taken for one of a B-tree by its first byte, so see PageScrubber's limit.
std::pair<size_t, size_t> UnusedMiddle(std::string_view page, bool first);

}  // namespace idiolect
