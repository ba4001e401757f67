// `idiolect store …` as an operator types it.
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "idiolect/history_store.h"
#include "store/open_store.h"
#include "store/text_vault.h"
#include "tests/cli/command_fixture.h"

namespace idiolect {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class StoreCommandsTest : public CommandFixture {
 protected:
  StoreCommandsTest() {
    for (const char letter : {'a', 'b'}) {
      const std::string path =
          Write(absl::StrCat("key.", std::string(1, letter)), absl::Base64Escape(std::string(32, letter)));
      std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    }
    Fill(3);
  }

  int Store(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"idiolect", "store"});
    return RunAlone(arguments);
  }
  void Fill(int exchanges) {
    const auto store = OpenHistoryStore(url_);
    for (int i = 0; i < exchanges; ++i) {
      Exchange exchange;
      exchange.response = "the quick brown fox";
      ASSERT_TRUE((*store)->Append({"default", "ann"}, exchange, "").ok());
    }
  }
  int64_t CountIn(const std::string& url, const std::string& key = "") {
    StoreOptions options;
    if (!key.empty()) options.vault = std::make_shared<TextVault>(SecretKey(key));
    const auto store = OpenHistoryStore(url, options);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? (*store)->Summary({"default", "ann"})->exchange_count : -1;
  }
  std::string File(const std::string& name) const { return folder_ + "/" + name; }

  const std::string url_ = "sqlite:" + folder_ + "/h.db";
};

TEST_F(StoreCommandsTest, CheckTellsWhatIsThereAndWhetherItIsWell) {
  ASSERT_EQ(Store({"check", url_}), 0) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr("3 exchanges of 1 users"), HasSubstr("no problem found")));
  EXPECT_EQ(Store({"check", "sqlite:" + File("nowhere")}), 1);
  EXPECT_THAT(err_, StartsWith("idiolect store: there is no history database"));
  EXPECT_EQ(Store({"check", "memory:"}), 1);
  EXPECT_THAT(err_, HasSubstr("is not sqlite:PATH"));
  Write("h.db", std::string(8192, 'x'));
  EXPECT_EQ(Store({"check", url_}), 1);
  EXPECT_THAT(err_, HasSubstr("damaged"));
}

TEST_F(StoreCommandsTest, PostgresIsLeftToItsOwnToolsWhereTheyDoIt) {
  EXPECT_EQ(Store({"backup", "postgres://ann:s3cret@localhost/x", File("backup")}), 1);
  EXPECT_THAT(err_, AllOf(HasSubstr("pg_dump"), Not(HasSubstr("s3cret"))));
  EXPECT_EQ(Store({"check", "postgres://ann:s3cret@127.0.0.1:1/x"}), 1);
  EXPECT_THAT(err_, AllOf(HasSubstr("no connection"), Not(HasSubstr("s3cret"))));
}

TEST_F(StoreCommandsTest, BackupIsPutBack) {
  ASSERT_EQ(Store({"backup", url_, File("backup")}), 0) << err_;
  Fill(2);
  EXPECT_EQ(Store({"restore", File("backup"), url_}), 1);
  EXPECT_THAT(err_, HasSubstr("--force"));
  ASSERT_EQ(Store({"restore", File("backup"), url_, "--force"}), 0) << err_;
  EXPECT_THAT(err_, HasSubstr("h.db.replaced"));
  EXPECT_EQ(CountIn(url_), 3);
}

TEST_F(StoreCommandsTest, EncryptRekeyAndCopyBackToPlain) {
  EXPECT_EQ(Store({"encrypt", url_}), 1);
  EXPECT_THAT(err_, HasSubstr("--master-key-file"));
  ASSERT_EQ(Store({"encrypt", url_, "--master-key-file", File("key.a")}), 0) << err_;
  EXPECT_EQ(Read(File("h.db")).find("quick brown"), std::string::npos);
  ASSERT_EQ(Store({"check", url_}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("the texts were not opened"));
  ASSERT_EQ(Store({"check", url_, "--master-key-file", File("key.a")}), 0) << err_;
  ASSERT_EQ(Store({"rekey", url_, "--master-key-file", File("key.a"), "--new-master-key-file", File("key.b")}), 0)
      << err_;
  EXPECT_EQ(Store({"check", url_, "--master-key-file", File("key.a")}), 1);
  EXPECT_EQ(CountIn(url_, std::string(32, 'b')), 3);
  const std::string plain = "sqlite:" + File("plain.db");
  ASSERT_EQ(Store({"copy", url_, plain, "--master-key-file", File("key.b")}), 0) << err_;
  EXPECT_THAT(err_, HasSubstr("3 exchanges of 1 users copied, 0 users were there already"));
  EXPECT_EQ(CountIn(plain), 3);
  ASSERT_EQ(Store({"copy", url_, plain, "--master-key-file", File("key.b")}), 0) << err_;
  EXPECT_THAT(err_, HasSubstr("0 exchanges of 0 users copied, 1 users were there already"));
}

TEST_F(StoreCommandsTest, KeysAreBackedUpApart) {
  ASSERT_EQ(Store({"encrypt", url_, "--master-key-file", File("key.a")}), 0) << err_;
  ASSERT_EQ(Store({"backup", url_, File("backup"), "--keys", File("backup.keys")}), 0) << err_;
  std::filesystem::rename(File("backup.keys"), File("new.db.keys"));
  const std::string restored = "sqlite:" + File("new.db");
  ASSERT_EQ(Store({"restore", File("backup"), restored, "--master-key-file", File("key.a")}), 0) << err_;
  EXPECT_EQ(CountIn(restored, std::string(32, 'a')), 3);
}

TEST_F(StoreCommandsTest, AVerbIsNeeded) { EXPECT_EQ(Store({}), 2); }

}  // namespace
}  // namespace idiolect
