#include "store/page_scrubber.h"

#include <random>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/support/raw_bytes.h"
#include "tests/support/temp_folder.h"

namespace idiolect {
namespace {

std::string Page(char type, int cells, int content_begin) {
  std::string page(512, 'x');
  page[0] = type;
  page[3] = static_cast<char>(cells >> 8);
  page[4] = static_cast<char>(cells);
  page[5] = static_cast<char>(content_begin >> 8);
  page[6] = static_cast<char>(content_begin);
  return page;
}

TEST(UnusedMiddleTest, LiesBetweenThePointersAndTheContent) {
  using Range = std::pair<size_t, size_t>;
  EXPECT_EQ(UnusedMiddle(Page(13, 3, 400), false), Range(8 + 6, 400));
  EXPECT_EQ(UnusedMiddle(Page(10, 0, 512), false), Range(8, 512));
  EXPECT_EQ(UnusedMiddle(Page(5, 3, 400), false), Range(12 + 6, 400));
  EXPECT_EQ(UnusedMiddle(Page(2, 1, 400), false), Range(12 + 2, 400));
  EXPECT_EQ(UnusedMiddle(std::string(100, 'h') + Page(13, 3, 400), true), Range(100 + 8 + 6, 400));
}

TEST(UnusedMiddleTest, IsEmptyWhereThePageIsNoneOfATreeOrDamaged) {
  for (char type : {'\0', '\1', '\3', '\16', 'x'}) {
    const auto [begin, end] = UnusedMiddle(Page(type, 3, 400), false);
    EXPECT_EQ(begin, end) << int{type};
  }
  for (const std::string& page : {Page(13, 3, 513), Page(13, 300, 400), Page(13, 0, 0), Page(10, 65535, 512)}) {
    const auto [begin, end] = UnusedMiddle(page, false);
    EXPECT_EQ(begin, end);
  }
}

// Rows of many lengths in random order leave copies in pages that are split; scrubbing removes these and nothing else.
TEST(PageScrubberTest, ScrubsTheFileAndHarmsNothing) {
  const TempFolder folder;
  auto opened = SqliteConnection::Open(folder.File("t.db"), absl::Seconds(1));
  ASSERT_TRUE(opened.ok());
  SqliteConnection& connection = **opened;
  ASSERT_TRUE(connection
                  .RunScript("PRAGMA secure_delete = ON; PRAGMA synchronous = OFF; BEGIN;"
                             "CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT) WITHOUT ROWID")
                  .ok());
  std::mt19937 random(3);
  for (int64_t i = 0; i < 20000; ++i) {
    const std::string value = absl::StrCat("row ", i, std::string(random() % (i % 100 == 0 ? 9000 : 300), '.'));
    ASSERT_TRUE(
        connection.Run("INSERT OR REPLACE INTO t VALUES (?, ?)", static_cast<int64_t>(random() % 15000), value).ok());
  }
  ASSERT_TRUE(connection.RunScript("COMMIT").ok());
  const auto content = [&] { return *connection.QueryValue("SELECT group_concat(k || v, ',') FROM t"); };
  const std::string before = content();
  ASSERT_TRUE(connection.RunScript("DELETE FROM t WHERE k % 3 = 0").ok());
  const std::string rest = content();
  ASSERT_NE(before, rest);
  ASSERT_GT(CountPieces(folder.path(), "................"), 0);

  auto scrubber = PageScrubber::Create(connection);
  ASSERT_TRUE(scrubber.ok());
  const std::string raw_before = ReadFile(folder.File("t.db"));
  ASSERT_TRUE(scrubber->ScrubAll().ok());
  ASSERT_TRUE(scrubber->Sync().ok());
  EXPECT_NE(ReadFile(folder.File("t.db")), raw_before) << "there was something to scrub";
  sqlite3_db_release_memory(connection.handle());
  EXPECT_EQ(content(), rest);
  EXPECT_EQ(*connection.QueryValue("PRAGMA integrity_check"), "ok");
}

}  // namespace
}  // namespace idiolect
