#include "store/page_scrubber.h"

#include <algorithm>

namespace idiolect {
namespace {

// Other pages begin with the number of a page, at most the count of pages: while that is below this bound, their first
// byte is 0 or 1, which is no B-tree's. Beyond (128 GiB) pages could be confused, and secure_delete has to do alone.
constexpr int64_t kMaxPages = 0x02000000;

constexpr size_t kFileHeaderBytes = 100;
constexpr size_t kLeafHeaderBytes = 8;
constexpr size_t kInteriorHeaderBytes = 12;

size_t ReadTwoBytes(std::string_view page, size_t at) {
  return static_cast<unsigned char>(page[at]) << 8 | static_cast<unsigned char>(page[at + 1]);
}

}  // namespace

std::pair<size_t, size_t> UnusedMiddle(std::string_view page, bool first) {
  const size_t header = first ? kFileHeaderBytes : 0;
  size_t header_bytes = 0;
  switch (page[header]) {
    case 10:  // leaf of an index, of a table
    case 13:
      header_bytes = kLeafHeaderBytes;
      break;
    case 2:  // interior of an index, of a table
    case 5:
      header_bytes = kInteriorHeaderBytes;
      break;
    default:
      return {0, 0};
  }
  const size_t cells = ReadTwoBytes(page, header + 3);
  const size_t begin = header + header_bytes + 2 * cells;
  size_t end = ReadTwoBytes(page, header + 5);
  if (end == 0) end = 65536;  // that is how the format writes it
  return begin < end && end <= page.size() ? std::pair(begin, end) : std::pair<size_t, size_t>(0, 0);
}

absl::StatusOr<PageScrubber> PageScrubber::Create(SqliteConnection& connection) {
  STORE_ASSIGN_OR_RETURN(int64_t page_size, connection.QueryInteger("PRAGMA page_size"));
  sqlite3_file* file = nullptr;
  const int code = sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (code != SQLITE_OK) return connection.Error(code);
  return PageScrubber(connection, file, page_size);
}

absl::Status PageScrubber::Scrub(absl::Span<const uint32_t> pages) {
  STORE_ASSIGN_OR_RETURN(const int64_t page_count, PageCount());
  for (uint32_t page : pages) STORE_RETURN_IF_ERROR(ScrubPage(page, page_count));
  return absl::OkStatus();
}

absl::Status PageScrubber::ScrubAll() {
  STORE_ASSIGN_OR_RETURN(const int64_t page_count, PageCount());
  for (int64_t page = 1; page <= page_count; ++page) STORE_RETURN_IF_ERROR(ScrubPage(page, page_count));
  return absl::OkStatus();
}

absl::Status PageScrubber::Sync() {
  const int code = file_->pMethods->xSync(file_, SQLITE_SYNC_NORMAL);
  return code == SQLITE_OK ? absl::OkStatus() : connection_->Error(code);
}

absl::StatusOr<int64_t> PageScrubber::PageCount() {
  sqlite3_int64 size = 0;
  const int code = file_->pMethods->xFileSize(file_, &size);
  if (code != SQLITE_OK) return connection_->Error(code);
  return size / page_size_;
}

absl::Status PageScrubber::ScrubPage(int64_t page, int64_t page_count) {
  if (page < 1 || page > page_count || page_count >= kMaxPages) return absl::OkStatus();
  const sqlite3_int64 offset = (page - 1) * page_size_;
  int code = file_->pMethods->xRead(file_, page_.data(), static_cast<int>(page_size_), offset);
  if (code != SQLITE_OK) return connection_->Error(code);
  const auto [begin, end] = UnusedMiddle(page_, page == 1);
  const auto dirty = std::find_if(page_.begin() + begin, page_.begin() + end, [](char byte) { return byte != 0; });
  if (dirty == page_.begin() + end) return absl::OkStatus();
  std::fill(dirty, page_.begin() + end, '\0');
  const size_t from = dirty - page_.begin();
  code = file_->pMethods->xWrite(file_, page_.data() + from, static_cast<int>(end - from), offset + from);
  return code == SQLITE_OK ? absl::OkStatus() : connection_->Error(code);
}

}  // namespace idiolect
