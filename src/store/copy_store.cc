#include "store/copy_store.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "store/status_macros.h"

namespace idiolect {
namespace {

constexpr int kPageSize = 1000;

absl::StatusOr<std::vector<Exchange>> ReadAll(HistoryStore& store, const UserKey& user) {
  std::vector<Exchange> exchanges;
  std::string token;
  do {
    STORE_ASSIGN_OR_RETURN(ExchangePage page, store.List(user, kPageSize, token, ListOrder::kOldestFirst));
    exchanges.insert(exchanges.end(), std::make_move_iterator(page.exchanges.begin()),
                     std::make_move_iterator(page.exchanges.end()));
    token = std::move(page.next_page_token);
  } while (!token.empty());
  return exchanges;
}

bool SameHistory(const UserSummary& a, const UserSummary& b) {
  return a.revision == b.revision && a.exchange_count == b.exchange_count && a.first_time == b.first_time &&
         a.last_time == b.last_time;
}

absl::Status CopyUser(HistoryStore& from, HistoryStore& to, const UserKey& user, const UserSummary& summary,
                      CopyCounts& counts) {
  STORE_ASSIGN_OR_RETURN(const UserSummary present, to.Summary(user));
  if (present.revision > 0 && SameHistory(present, summary)) {
    ++counts.present_users;
    return absl::OkStatus();
  }
  if (present.revision > 0) {
    return absl::AlreadyExistsError(absl::StrCat("the user ", user.user_id, " of tenant ", user.tenant,
                                                 " has another history in the store that is copied to"));
  }
  STORE_ASSIGN_OR_RETURN(const std::vector<Exchange> exchanges, ReadAll(from, user));
  STORE_RETURN_IF_ERROR(to.Adopt(user, summary.revision, exchanges));
  ++counts.users;
  counts.exchanges += static_cast<int64_t>(exchanges.size());
  return absl::OkStatus();
}

}  // namespace

absl::Status CopyStore(HistoryStore& from, HistoryStore& to, CopyCounts& counts,
                       const std::function<void(const CopyCounts&)>& on_progress) {
  STORE_ASSIGN_OR_RETURN(const std::vector<std::string> tenants, from.ListTenants());
  for (const std::string& tenant : tenants) {
    std::string token;
    do {
      STORE_ASSIGN_OR_RETURN(UserPage page, from.ListUsers(tenant, kPageSize, token));
      for (const UserSummary& summary : page.users) {
        STORE_RETURN_IF_ERROR(CopyUser(from, to, {tenant, summary.user_id}, summary, counts));
        on_progress(counts);
      }
      token = std::move(page.next_page_token);
    } while (!token.empty());
  }
  return absl::OkStatus();
}

}  // namespace idiolect
