#include "serve/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "idiolect/v1/history.pb.h"

namespace idiolect {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(WireTest, KnowsUtf8) {
  for (const char* good : {"", "plain", "ä", "你好", "😀", "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF", "\xEE\x80\x80"}) {
    EXPECT_TRUE(IsUtf8(good)) << good;
  }
  for (const char* bad : {"\x80", "\xC3", "\xC3(", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE4\xBD", "\xED\xA0\x80",
                          "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "fine \xFE"}) {
    EXPECT_FALSE(IsUtf8(bad));
  }
}

TEST(WireTest, FindsBrokenStringsInNestedMessages) {
  v1::ListExchangesResponse message;
  message.add_exchanges()->set_post("fine");
  message.add_exchanges()->set_response("bad \xFF");
  message.set_next_page_token("\xFF");
  EXPECT_THAT(StringsThatAreNotUtf8(message.SerializeAsString(), *v1::ListExchangesResponse::descriptor()),
              ElementsAre("exchanges[1].response", "next_page_token"));
}

TEST(WireTest, SurvivesEveryTruncationAndFlip) {
  v1::AppendExchangeRequest message;
  message.set_user_id("ann");
  message.mutable_exchange()->set_post("post");
  message.mutable_exchange()->mutable_time()->set_seconds(5);
  const std::string wire = message.SerializeAsString();
  const auto& type = *v1::AppendExchangeRequest::descriptor();
  EXPECT_THAT(StringsThatAreNotUtf8(wire, type), IsEmpty());
  for (size_t i = 0; i < wire.size(); ++i) {
    StringsThatAreNotUtf8(wire.substr(0, i), type);
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = wire;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      grpc::Slice slice(flipped);
      v1::AppendExchangeRequest parsed;
      const absl::Status status = ParseMessage(grpc::ByteBuffer(&slice, 1), parsed);
      EXPECT_TRUE(status.ok() || absl::IsInvalidArgument(status));
    }
  }
}

TEST(WireTest, RoundTrips) {
  v1::Exchange exchange, parsed;
  exchange.set_post(std::string(100'000, 'x'));
  EXPECT_TRUE(ParseMessage(SerializeMessage(exchange), parsed).ok());
  EXPECT_EQ(parsed.post(), exchange.post());
  EXPECT_TRUE(ParseMessage(SerializeMessage(v1::Exchange()), parsed).ok());
  EXPECT_EQ(parsed.ByteSizeLong(), 0u);
}

}  // namespace
}  // namespace idiolect
