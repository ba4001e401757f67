// Who does too much, and for how long.
#include "serve/address_limit.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

namespace idiolect {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'700'000'000);

std::string OwnerOf6(const char* text) {
  sockaddr_storage storage{};
  auto& address = reinterpret_cast<sockaddr_in6&>(storage);
  address.sin6_family = AF_INET6;
  EXPECT_EQ(inet_pton(AF_INET6, text, &address.sin6_addr), 1);
  return AddressLimit::OwnerOf(storage);
}

TEST(AddressLimitTest, WhoDoesTooMuchIsPutOff) {
  int closed = 0;
  AddressLimit limit(100, "calls reset", [&] { ++closed; });
  EXPECT_FALSE(limit.IsTooMany("ann", 100, kStart));
  EXPECT_FALSE(limit.IsPutOff("ann", kStart));
  EXPECT_TRUE(limit.IsTooMany("ann", 1, kStart));
  EXPECT_TRUE(limit.IsPutOff("ann", kStart));
  EXPECT_FALSE(limit.IsPutOff("ben", kStart));
  EXPECT_FALSE(limit.IsTooMany("ben", 100, kStart)) << "each has a limit of its own";
  EXPECT_TRUE(limit.IsPutOff("ann", kStart + AddressLimit::kPutOff - absl::Milliseconds(1)));
  EXPECT_FALSE(limit.IsPutOff("ann", kStart + AddressLimit::kPutOff));
  EXPECT_EQ(closed, 1);
}

TEST(AddressLimitTest, ItIsARate) {
  AddressLimit limit(100, "calls reset", [] {});
  for (int second = 0; second < 10; ++second) {
    EXPECT_FALSE(limit.IsTooMany("ann", 60, kStart + absl::Seconds(second)));
    EXPECT_FALSE(limit.IsTooMany("ann", 40, kStart + absl::Seconds(second) + absl::Milliseconds(900)));
  }
}

TEST(AddressLimitTest, ZeroIsNoLimit) {
  AddressLimit limit(0, "calls reset", [] {});
  EXPECT_FALSE(limit.on());
  EXPECT_FALSE(limit.IsTooMany("ann", 1'000'000, kStart));
}

TEST(AddressLimitTest, AddressesHaveOwners) {
  EXPECT_EQ(OwnerOf6("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(OwnerOf6("2001:db8:1:2::1"), "2001:db8:1:2::/64");
  EXPECT_EQ(OwnerOf6("::ffff:192.0.2.1"), "192.0.2.1");
  sockaddr_storage storage{};
  auto& address = reinterpret_cast<sockaddr_in&>(storage);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(0xc0000201);
  EXPECT_EQ(AddressLimit::OwnerOf(storage), "192.0.2.1");
}

}  // namespace
}  // namespace idiolect
