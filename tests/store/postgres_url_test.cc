#include "store/postgres_url.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace idiolect {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

TEST(PostgresUrlTest, PasswordsAreNotShown) {
  EXPECT_EQ(ShownStoreUrl("postgres://ann:s3cret@db/idiolect"), "postgres://ann:********@db/idiolect");
  EXPECT_EQ(ShownStoreUrl("postgresql://ann:a@b@db:1,db2:2/x"), "postgresql://ann:********@db:1,db2:2/x");
  EXPECT_EQ(ShownStoreUrl("postgres://db/x?password=s3cret&sslpassword=k&user=ann"),
            "postgres://db/x?password=********&sslpassword=********&user=ann");
  EXPECT_EQ(ShownStoreUrl("postgres://ann@db:5432/x"), "postgres://ann@db:5432/x");
  EXPECT_EQ(ShownStoreUrl("sqlite:a:b@c"), "sqlite:a:b@c");
}

TEST(PostgresUrlTest, SeveralHostsAndWhatASessionNeeds) {
  const auto url = PostgresUrl::Parse("postgres://ann:s3cret@one:1,two:2/idiolect?connect_timeout=9");
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_THAT(url->parameters(), Contains(Pair("host", "one,two")));
  EXPECT_THAT(url->parameters(), Contains(Pair("port", "1,2")));
  EXPECT_THAT(url->parameters(), Contains(Pair("password", "s3cret")));
  EXPECT_THAT(url->parameters(), Contains(Pair("target_session_attrs", "read-write")));
  EXPECT_THAT(url->parameters(), Contains(Pair("connect_timeout", "9")));
  EXPECT_THAT(url->parameters(), Not(Contains(Pair("connect_timeout", "3"))));
}

TEST(PostgresUrlTest, WrongUrlsAreToldWithoutTheirPassword) {
  const struct {
    std::string url, told;
  } cases[] = {
      {"postgres://ann:s3cret@db/x?conect_timeout=2", "conect_timeout"},
      {"postgres://ann:s3cret%zz@db/x", "expected is postgres://"},
      {"postgres://ann:s3cret@db/x?target_session_attrs=standby", "target_session_attrs"},
  };
  for (const auto& [url, told] : cases) {
    const absl::Status status = PostgresUrl::Parse(url).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << url;
    EXPECT_THAT(std::string(status.message()), HasSubstr(told));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("s3cret")));
  }
}

}  // namespace
}  // namespace idiolect
