#include "google/protobuf/util/time_util.h"
#include "tests/serve/server_fixture.h"

namespace idiolect::testing {
namespace {

using ::google::protobuf::util::TimeUtil;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class HistoryServiceTest : public ServerFixture {
 protected:
  static v1::Exchange MakeExchange(const std::string& post, const std::string& response) {
    v1::Exchange exchange;
    exchange.set_post(post);
    exchange.set_response(response);
    return exchange;
  }

  grpc::Status Append(const v1::Exchange& exchange, const std::string& request_id, v1::AppendExchangeResponse& answer) {
    v1::AppendExchangeRequest request;
    request.set_user_id("ann");
    *request.mutable_exchange() = exchange;
    request.set_request_id(request_id);
    answer.Clear();
    return Call(&v1::HistoryService::Stub::AppendExchange, *history_, request, answer);
  }
  using ServerFixture::Append;

  v1::ImportExchangesResponse Import(const std::vector<v1::ImportExchangesRequest>& records) {
    grpc::ClientContext context;
    v1::ImportExchangesResponse response;
    auto writer = history_->ImportExchanges(&context, &response);
    for (const auto& record : records) EXPECT_TRUE(writer->Write(record));
    writer->WritesDone();
    const grpc::Status status = writer->Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  std::vector<v1::Exchange> Export(const std::string& user) {
    grpc::ClientContext context;
    v1::ExportUserRequest request;
    request.set_user_id(user);
    auto reader = history_->ExportUser(&context, request);
    std::vector<v1::Exchange> exchanges;
    for (v1::ExportUserResponse message; reader->Read(&message);) exchanges.push_back(message.exchange());
    const grpc::Status status = reader->Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return exchanges;
  }

  static v1::ImportExchangesRequest Record(int number) {
    v1::ImportExchangesRequest record;
    record.set_user_id("ann");
    *record.mutable_exchange() =
        MakeExchange("post 你好 " + std::to_string(number), "response " + std::to_string(number));
    record.mutable_exchange()->set_post_user("somebody");
    record.mutable_exchange()->set_source("import");
    record.mutable_exchange()->mutable_time()->set_seconds(1'600'000'000 + number);
    record.mutable_exchange()->mutable_time()->set_nanos(123'456'000);
    record.set_request_id("r" + std::to_string(number));
    return record;
  }

  grpc::Status List(const v1::ListExchangesRequest& request, v1::ListExchangesResponse& response) {
    response.Clear();
    return Call(&v1::HistoryService::Stub::ListExchanges, *history_, request, response);
  }

  // The ids of all pages, and how many pages there were.
  std::pair<std::vector<int64_t>, int> ListAll(v1::ListExchangesRequest request) {
    std::pair<std::vector<int64_t>, int> all;
    v1::ListExchangesResponse response;
    do {
      EXPECT_TRUE(List(request, response).ok());
      for (const v1::Exchange& exchange : response.exchanges()) all.first.push_back(exchange.exchange_id());
      ++all.second;
      request.set_page_token(response.next_page_token());
    } while (!response.next_page_token().empty());
    return all;
  }

  v1::EraseUserResponse Erase(const std::string& user, const std::string& request_id = "") {
    v1::EraseUserRequest request;
    request.set_user_id(user);
    request.set_request_id(request_id);
    v1::EraseUserResponse receipt;
    const grpc::Status status = Call(&v1::HistoryService::Stub::EraseUser, *history_, request, receipt);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return receipt;
  }
};

TEST_F(HistoryServiceTest, AppendReturnsWhatIsStored) {
  v1::Exchange exchange = MakeExchange("hi", "moin");
  exchange.set_post_user("ben");
  exchange.set_source("test");
  *exchange.mutable_time() = TimeUtil::NanosecondsToTimestamp(1'600'000'000'123'456'789);
  exchange.set_exchange_id(99);  // output only: ignored
  v1::AppendExchangeResponse answer;
  ASSERT_TRUE(Append(exchange, "", answer).ok());
  EXPECT_EQ(answer.revision(), 1);
  EXPECT_FALSE(answer.duplicate());
  EXPECT_EQ(answer.exchange().exchange_id(), 1);
  EXPECT_EQ(answer.exchange().name(), "users/ann/exchanges/1");
  EXPECT_EQ(TimeUtil::TimestampToNanoseconds(answer.exchange().time()), 1'600'000'000'123'456'000);
  EXPECT_EQ(answer.exchange().post_user(), "ben");

  v1::GetExchangeRequest get;
  get.set_user_id("ann");
  get.set_exchange_id(1);
  v1::GetExchangeResponse got;
  ASSERT_TRUE(Call(&v1::HistoryService::Stub::GetExchange, *history_, get, got).ok());
  EXPECT_EQ(got.exchange().SerializeAsString(), answer.exchange().SerializeAsString());
}

TEST_F(HistoryServiceTest, NamesArePercentEncoded) {
  v1::AppendExchangeRequest request;
  request.set_user_id("a/b ü");
  *request.mutable_exchange() = MakeExchange("", "x");
  v1::AppendExchangeResponse answer;
  ASSERT_TRUE(Call(&v1::HistoryService::Stub::AppendExchange, *history_, request, answer).ok());
  EXPECT_EQ(answer.exchange().name(), "users/a%2Fb%20%C3%BC/exchanges/1");
}

TEST_F(HistoryServiceTest, TimesBeforeTheEpochSurvive) {
  v1::Exchange exchange = MakeExchange("", "x");
  *exchange.mutable_time() = TimeUtil::MicrosecondsToTimestamp(-1'500'001);
  v1::AppendExchangeResponse answer;
  ASSERT_TRUE(Append(exchange, "", answer).ok());
  EXPECT_EQ(TimeUtil::TimestampToMicroseconds(answer.exchange().time()), -1'500'001);
}

TEST_F(HistoryServiceTest, AppendIsIdempotentByRequestId) {
  v1::Exchange exchange = MakeExchange("hi", "moin");
  *exchange.mutable_time() = TimeUtil::SecondsToTimestamp(1000);
  v1::AppendExchangeResponse first, again;
  ASSERT_TRUE(Append(exchange, "r1", first).ok());
  ASSERT_TRUE(Append(MakeExchange("more", "words"), "", again).ok());
  ASSERT_TRUE(Append(exchange, "r1", again).ok());
  EXPECT_TRUE(again.duplicate());
  again.set_duplicate(false);
  EXPECT_EQ(again.SerializeAsString(), first.SerializeAsString());
  exchange.set_response("tach");
  EXPECT_EQ(Append(exchange, "r1", again).error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_THAT(Export("ann"), SizeIs(2));
}

TEST_F(HistoryServiceTest, AnAppendWithoutATimeIsIdempotentToo) {
  const absl::Time before = absl::Now();
  v1::AppendExchangeResponse first, again;
  ASSERT_TRUE(Append(MakeExchange("hi", "moin"), "r1", first).ok());
  EXPECT_LE(absl::ToUnixSeconds(before), first.exchange().time().seconds());
  EXPECT_GE(absl::ToUnixSeconds(absl::Now()), first.exchange().time().seconds());
  absl::SleepFor(absl::Milliseconds(5));
  ASSERT_TRUE(Append(MakeExchange("hi", "moin"), "r1", again).ok());
  EXPECT_TRUE(again.duplicate());
  EXPECT_EQ(again.exchange().SerializeAsString(), first.exchange().SerializeAsString());
}

TEST_F(HistoryServiceTest, ListsInBothOrdersPageByPage) {
  for (int i = 0; i < 7; ++i) Append("ann", "post", "response " + std::to_string(i));
  v1::ListExchangesRequest request;
  request.set_user_id("ann");
  request.set_page_size(3);
  EXPECT_EQ(ListAll(request).first, (std::vector<int64_t>{7, 6, 5, 4, 3, 2, 1}));
  request.set_order(v1::EXCHANGE_ORDER_OLDEST_FIRST);
  const auto [ids, pages] = ListAll(request);
  EXPECT_EQ(ids, (std::vector<int64_t>{1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(pages, 3);
}

TEST_F(HistoryServiceTest, PageSizesAreCoerced) {
  std::vector<v1::ImportExchangesRequest> records;
  for (int i = 0; i < 1100; ++i) records.push_back(Record(i));
  Import(records);
  for (const auto& [asked, got] : {std::pair(0, 50), std::pair(1, 1), std::pair(1'000'000, 1000)}) {
    v1::ListExchangesRequest request;
    request.set_user_id("ann");
    request.set_page_size(asked);
    v1::ListExchangesResponse response;
    ASSERT_TRUE(List(request, response).ok());
    EXPECT_EQ(response.exchanges_size(), got);
  }
}

TEST_F(HistoryServiceTest, APageNeverOutgrowsAMessage) {
  std::vector<v1::ImportExchangesRequest> records;
  for (int i = 0; i < 300; ++i) {
    records.push_back(Record(i));
    records.back().mutable_exchange()->set_post(std::string(16384, 'p'));
    records.back().mutable_exchange()->set_response(std::string(16384, 'r'));
  }
  EXPECT_EQ(Import(records).stored_count(), 300);
  v1::ListExchangesRequest request;
  request.set_user_id("ann");
  request.set_page_size(1000);
  const auto [ids, pages] = ListAll(request);
  EXPECT_THAT(ids, SizeIs(300));
  EXPECT_GT(pages, 2);
}

TEST_F(HistoryServiceTest, APageTokenServesItsOwnListOnly) {
  for (int i = 0; i < 3; ++i) Append("ann", "p", "r");
  for (int i = 0; i < 3; ++i) Append("ben", "p", "r");
  v1::ListExchangesRequest request;
  request.set_user_id("ann");
  request.set_page_size(1);
  v1::ListExchangesResponse response;
  ASSERT_TRUE(List(request, response).ok());
  request.set_user_id("ben");
  request.set_page_token(response.next_page_token());
  const grpc::Status status = List(request, response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(FieldsOf(status), ElementsAre("page_token"));
}

TEST_F(HistoryServiceTest, ListHonoursMinRevision) {
  Append("ann", "p", "r");
  v1::ListExchangesRequest request;
  request.set_user_id("ann");
  v1::ListExchangesResponse response;
  request.set_min_revision(1);
  EXPECT_TRUE(List(request, response).ok());
  request.set_min_revision(2);
  EXPECT_EQ(List(request, response).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(HistoryServiceTest, DeletesOneExchangeOnce) {
  Append("ann", "p", "first");
  Append("ann", "p", "second");
  v1::DeleteExchangeRequest request;
  request.set_user_id("ann");
  request.set_exchange_id(1);
  request.set_request_id("d1");
  v1::DeleteExchangeResponse response;
  ASSERT_TRUE(Call(&v1::HistoryService::Stub::DeleteExchange, *history_, request, response).ok());
  EXPECT_EQ(response.revision(), 3);
  EXPECT_FALSE(response.duplicate());
  ASSERT_TRUE(Call(&v1::HistoryService::Stub::DeleteExchange, *history_, request, response).ok());
  EXPECT_TRUE(response.duplicate());
  EXPECT_EQ(response.revision(), 3);
  const std::vector<v1::Exchange> left = Export("ann");
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_EQ(left[0].response(), "second");
  EXPECT_EQ(left[0].exchange_id(), 2);
}

TEST_F(HistoryServiceTest, UnknownExchangesAreNotFound) {
  v1::GetExchangeRequest get;
  get.set_user_id("nobody");
  get.set_exchange_id(1);
  v1::GetExchangeResponse got;
  EXPECT_EQ(Call(&v1::HistoryService::Stub::GetExchange, *history_, get, got).error_code(),
            grpc::StatusCode::NOT_FOUND);
  v1::DeleteExchangeRequest del;
  del.set_user_id("nobody");
  del.set_exchange_id(1);
  v1::DeleteExchangeResponse deleted;
  EXPECT_EQ(Call(&v1::HistoryService::Stub::DeleteExchange, *history_, del, deleted).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(HistoryServiceTest, AnUnknownUserIsOneWithoutHistory) {
  v1::ListExchangesRequest request;
  request.set_user_id("nobody");
  v1::ListExchangesResponse response;
  EXPECT_TRUE(List(request, response).ok());
  EXPECT_THAT(response.exchanges(), IsEmpty());
  EXPECT_THAT(Export("nobody"), IsEmpty());
  EXPECT_EQ(Erase("nobody").exchanges_erased(), 0);
}

TEST_F(HistoryServiceTest, ExportReturnsWhatWasImported) {
  constexpr int kCount = 1234;  // several pages of the export
  std::vector<v1::ImportExchangesRequest> records;
  for (int i = 0; i < kCount; ++i) records.push_back(Record(i));
  EXPECT_EQ(Import(records).stored_count(), kCount);
  const std::vector<v1::Exchange> exported = Export("ann");
  ASSERT_THAT(exported, SizeIs(kCount));
  for (int i = 0; i < kCount; ++i) {
    v1::Exchange expected = records[i].exchange();
    expected.set_exchange_id(i + 1);
    expected.set_name("users/ann/exchanges/" + std::to_string(i + 1));
    EXPECT_EQ(exported[i].SerializeAsString(), expected.SerializeAsString()) << i;
  }
  EXPECT_LT(store_->imports.load(), kCount);  // in batches, not one by one
}

TEST_F(HistoryServiceTest, ARepeatedImportIsANoOp) {
  std::vector<v1::ImportExchangesRequest> records = {Record(0), Record(1), Record(2)};
  Import({records[0], records[1]});
  const v1::ImportExchangesResponse again = Import(records);
  EXPECT_EQ(again.stored_count(), 1);
  EXPECT_EQ(again.duplicate_count(), 2);
  EXPECT_EQ(again.rejected_count(), 0);
  EXPECT_THAT(Export("ann"), SizeIs(3));
}

TEST_F(HistoryServiceTest, BadRecordsAreReportedAndDoNotStopTheImport) {
  Import({Record(0)});
  v1::ImportExchangesRequest conflict = Record(0), empty = Record(1), nobody = Record(2), broken = Record(3);
  conflict.mutable_exchange()->set_response("other");
  empty.mutable_exchange()->clear_response();
  nobody.set_user_id("");
  broken.mutable_exchange()->set_post("secret BROKEN");
  std::string broken_bytes = broken.SerializeAsString();
  broken_bytes.replace(broken_bytes.find("BROKEN"), 6, "\xFF\xFF\xFF\xFF\xFF\xFF");
  const RawAnswer answer = RawCall(channel_, "/idiolect.v1.HistoryService/ImportExchanges",
                                   {conflict.SerializeAsString(), empty.SerializeAsString(), nobody.SerializeAsString(),
                                    broken_bytes, Record(4).SerializeAsString()});
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  v1::ImportExchangesResponse response;
  ASSERT_TRUE(response.ParseFromString(answer.messages.at(0)));
  EXPECT_EQ(response.stored_count(), 1);
  EXPECT_EQ(response.rejected_count(), 4);
  std::map<int64_t, std::string> reasons;
  for (const v1::RejectedRecord& rejected : response.rejected()) reasons[rejected.index()] = rejected.reason();
  ASSERT_THAT(reasons, SizeIs(4));
  EXPECT_THAT(reasons[0], HasSubstr("request_id"));
  EXPECT_EQ(reasons[1], "exchange.response: must not be empty");
  EXPECT_EQ(reasons[2], "user_id: must not be empty");
  EXPECT_EQ(reasons[3], "exchange.post: must be valid UTF-8");
  EXPECT_EQ(Export("ann").back().response(), "response 4");
}

TEST_F(HistoryServiceTest, OnlyTheFirstHundredRejectionsAreListed) {
  const std::vector<v1::ImportExchangesRequest> records(250);
  const v1::ImportExchangesResponse response = Import(records);
  EXPECT_EQ(response.rejected_count(), 250);
  EXPECT_THAT(response.rejected(), SizeIs(100));
}

TEST_F(HistoryServiceTest, AnEmptyImportStoresNothing) { EXPECT_EQ(Import({}).stored_count(), 0); }

TEST_F(HistoryServiceTest, AnImportIntoAnUnreachableStoreFails) {
  store_->unreachable = true;
  EXPECT_EQ(RawCall(channel_, "/idiolect.v1.HistoryService/ImportExchanges", {Record(0).SerializeAsString()})
                .status.error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

TEST_F(HistoryServiceTest, ACancelledImportStopsQuietly) {
  grpc::ClientContext context;
  v1::ImportExchangesResponse response;
  auto writer = history_->ImportExchanges(&context, &response);
  ASSERT_TRUE(writer->Write(Record(0)));
  ASSERT_TRUE(Eventually([&] { return memory_->Summary({"default", "ann"})->exchange_count == 1; }));
  context.TryCancel();
  EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(Append("ann", "p", "r"), 2);  // the server lives on
}

TEST_F(HistoryServiceTest, AnExportThatNobodyReadsOnEnds) {
  std::vector<v1::ImportExchangesRequest> records;
  for (int i = 0; i < 1500; ++i) {
    records.push_back(Record(i));
    records.back().mutable_exchange()->set_post(std::string(2000, 'p'));
  }
  Import(records);
  grpc::ClientContext context;
  v1::ExportUserRequest request;
  request.set_user_id("ann");
  auto reader = history_->ExportUser(&context, request);
  v1::ExportUserResponse message;
  ASSERT_TRUE(reader->Read(&message));
  context.TryCancel();
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  server_->Shutdown();  // would hang on a call that never ends
}

TEST_F(HistoryServiceTest, ErasureGivesAReceiptAndAFreshStart) {
  Append("ann", "p", "mine");
  Append("ann", "p", "mine too");
  Append("ben", "p", "his");
  const std::string stranger = Reply("nobody", "hi", 5).SerializeAsString();
  const std::string ben = Reply("ben", "hi", 5).SerializeAsString();
  Reply("ann", "hi", 5);
  ASSERT_TRUE(engine_->HoldsProfileOf({"default", "ann"}));

  const v1::EraseUserResponse receipt = Erase("ann", "e1");
  EXPECT_EQ(receipt.user_id(), "ann");
  EXPECT_EQ(receipt.exchanges_erased(), 2);
  EXPECT_EQ(receipt.last_revision(), 2);
  EXPECT_FALSE(receipt.duplicate());
  EXPECT_FALSE(engine_->HoldsProfileOf({"default", "ann"}));
  EXPECT_THAT(Export("ann"), IsEmpty());
  EXPECT_EQ(Reply("ann", "hi", 5).SerializeAsString(), stranger);
  EXPECT_EQ(Reply("ben", "hi", 5).SerializeAsString(), ben);

  v1::EraseUserResponse again = Erase("ann", "e1");
  EXPECT_TRUE(again.duplicate());
  again.set_duplicate(false);
  EXPECT_EQ(again.SerializeAsString(), receipt.SerializeAsString());
  EXPECT_EQ(Append("ann", "p", "new life"), 1);
}

TEST_F(HistoryServiceTest, AProfileBuiltWhileItsUserIsErasedDoesNotStay) {
  Append("ann", "p", "mine");
  const UserKey ann{"default", "ann"};
  // The reply has read the history when the erasure comes, and the engine gets to it only afterwards.
  store_->after_recent = [this] { Erase("ann"); };
  const v1::GenerateReplyResponse reply = Reply("ann", "hi");
  EXPECT_EQ(reply.profile_revision(), 1);  // so it did see the old history
  EXPECT_TRUE(Eventually([&] { return !engine_->HoldsProfileOf(ann); }));
}

TEST_F(HistoryServiceTest, AnAppendPreparesTheNextReplyOfAUserWhoWasHereLately) {
  Append("ann", "p", "mine");
  Append("ben", "p", "his");
  EXPECT_EQ(engine_->prepared(), 0) << "nobody has asked for a reply of theirs yet";
  Reply("ann", "hi");
  Append("ann", "p", "mine, too");
  Append("ben", "p", "his, too");
  EXPECT_TRUE(Eventually([&] { return engine_->prepared() == 1; }));
  EXPECT_EQ(engine_->last_prepared().revision, 2);
  EXPECT_EQ(engine_->last_prepared().exchanges.size(), 2u);
}

TEST_F(HistoryServiceTest, ADeletedExchangeLeavesNoProfileBehind) {
  Append("ann", "p", "mine");
  Reply("ann", "hi");
  v1::DeleteExchangeRequest request;
  request.set_user_id("ann");
  request.set_exchange_id(1);
  v1::DeleteExchangeResponse response;
  ASSERT_TRUE(Call(&v1::HistoryService::Stub::DeleteExchange, *history_, request, response).ok());
  EXPECT_FALSE(engine_->HoldsProfileOf({"default", "ann"}));
}

TEST_F(HistoryServiceTest, AnUnreachableStoreIsUnavailable) {
  store_->unreachable = true;
  v1::AppendExchangeResponse answer;
  EXPECT_EQ(Append(MakeExchange("p", "r"), "r1", answer).error_code(), grpc::StatusCode::UNAVAILABLE);
  store_->unreachable = false;
  ASSERT_TRUE(Append(MakeExchange("p", "r"), "r1", answer).ok());
  EXPECT_FALSE(answer.duplicate());
}

}  // namespace
}  // namespace idiolect::testing
