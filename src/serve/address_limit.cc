#include "serve/address_limit.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "spdlog/spdlog.h"

namespace idiolect {

std::string AddressLimit::OwnerOf(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text, sizeof(text));
    return text;
  }
  if (address.ss_family != AF_INET6) return text;
  in6_addr ipv6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&ipv6)) {
    inet_ntop(AF_INET, &ipv6.s6_addr[12], text, sizeof(text));
    return text;
  }
  std::memset(&ipv6.s6_addr[8], 0, 8);
  inet_ntop(AF_INET6, &ipv6, text, sizeof(text));
  return std::string(text) + "/64";
}

bool AddressLimit::IsTooMany(const std::string& owner, int64_t more, absl::Time now) {
  if (!on()) return false;
  {
    const std::lock_guard lock(mutex_);
    Forget(now);
    Record& record = records_[owner];
    if (now - record.second >= absl::Seconds(1)) {
      record.second = now;
      record.count = 0;
    }
    record.count += more;
    if (record.count <= max_per_second_) return false;
    record.put_off_until = now + kPutOff;
  }
  on_closed_();
  if (const auto left_out = warnings_.Admit(now); left_out.has_value()) {
    spdlog::warn(
        "{}: more than {} {} in a second: its connection is closed, and there is no other one for {} s ({} connections "
        "since the last line)",
        owner, max_per_second_, what_, absl::ToInt64Seconds(kPutOff), *left_out);
  }
  return true;
}

bool AddressLimit::IsPutOff(const std::string& owner, absl::Time now) {
  const std::lock_guard lock(mutex_);
  const auto found = records_.find(owner);
  return found != records_.end() && now < found->second.put_off_until;
}

// Once a second, those of whom there is nothing left to remember.
void AddressLimit::Forget(absl::Time now) {
  if (now < next_forgetting_) return;
  next_forgetting_ = now + absl::Seconds(1);
  std::erase_if(records_, [now](const auto& record) {
    return now >= record.second.put_off_until && now - record.second.second >= absl::Seconds(1);
  });
}

}  // namespace idiolect
