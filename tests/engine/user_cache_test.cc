#include "engine/user_cache.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace idiolect {
namespace {

UserKey User(const std::string& name, const std::string& tenant = "t") { return {tenant, name}; }

std::shared_ptr<const CompactProfile> Profile(int64_t epoch, int64_t revision, size_t floats = 10) {
  auto profile = std::make_shared<CompactProfile>();
  profile->epoch = epoch;
  profile->revision = revision;
  profile->general.resize(floats);
  return profile;
}

TEST(UserCacheTest, FindsExactlyTheRevisionThatWasBuilt) {
  ProfileCache cache(1 << 20);
  cache.Insert(User("ann"), Profile(1, 5), cache.forget_count());
  EXPECT_NE(cache.Find(User("ann"), 1, 5), nullptr);
  EXPECT_EQ(cache.Find(User("ann"), 1, 6), nullptr) << "an append moves the revision";
  EXPECT_EQ(cache.Find(User("ann"), 2, 5), nullptr) << "another life of the same name";
  EXPECT_EQ(cache.Find(User("ann", "other tenant"), 1, 5), nullptr);
  EXPECT_EQ(cache.Find(User("ben"), 1, 5), nullptr);
}

TEST(UserCacheTest, KeepsOneProfileAUser) {
  ProfileCache cache(1 << 20);
  cache.Insert(User("ann"), Profile(1, 1), 0);
  const int64_t one = cache.byte_size();
  cache.Insert(User("ann"), Profile(1, 2), 0);
  EXPECT_EQ(cache.byte_size(), one);
  EXPECT_EQ(cache.Find(User("ann"), 1, 1), nullptr);
}

TEST(UserCacheTest, StaysWithinItsBytesAndDropsTheLeastRecentlyUsed) {
  ProfileCache probe(1 << 20);
  probe.Insert(User("u0"), Profile(1, 1, 1000), 0);
  ProfileCache cache(10 * probe.byte_size() + 9);
  for (int i = 0; i < 10; ++i) cache.Insert(User(absl::StrCat("u", i)), Profile(1, 1, 1000), 0);
  EXPECT_NE(cache.Find(User("u0"), 1, 1), nullptr);  // now the most recently used
  cache.Insert(User("ux"), Profile(1, 1, 1000), 0);
  EXPECT_LE(cache.byte_size(), 10 * probe.byte_size() + 9);
  EXPECT_NE(cache.Find(User("u0"), 1, 1), nullptr);
  EXPECT_EQ(cache.Find(User("u1"), 1, 1), nullptr);
}

TEST(UserCacheTest, KnowsAnEarlierRevisionOfTheSameLife) {
  ProfileCache cache(1 << 20);
  cache.Insert(User("ann"), Profile(1, 5), 0);
  EXPECT_EQ(cache.FindEarlier(User("ann"), 1)->revision, 5);
  EXPECT_EQ(cache.FindEarlier(User("ann"), 2), nullptr);
  EXPECT_TRUE(cache.Holds(User("ann")));
  EXPECT_FALSE(cache.Holds(User("ben")));
  EXPECT_EQ(cache.FindEarlier(User("ben"), 1), nullptr);
}

TEST(UserCacheTest, AProfileLargerThanTheCacheIsNotKept) {
  ProfileCache cache(1000);
  cache.Insert(User("ann"), Profile(1, 1, 1000), 0);
  EXPECT_EQ(cache.byte_size(), 0);
}

TEST(UserCacheTest, ForgetsAlsoWhatIsStillBeingBuilt) {
  ProfileCache cache(1 << 20);
  const int64_t before = cache.forget_count();
  cache.Insert(User("ann"), Profile(1, 1), before);
  cache.Forget(User("ann"));
  EXPECT_EQ(cache.byte_size(), 0);
  cache.Insert(User("ann"), Profile(1, 1), before);  // built from a history that was read before
  EXPECT_EQ(cache.byte_size(), 0);
  cache.Insert(User("ann"), Profile(2, 1), cache.forget_count());
  EXPECT_NE(cache.Find(User("ann"), 2, 1), nullptr);
}

}  // namespace
}  // namespace idiolect
