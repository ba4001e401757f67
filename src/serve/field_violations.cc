#include "serve/field_violations.h"

#include <algorithm>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/rpc/error_details.pb.h"

namespace idiolect {
namespace {

constexpr char kBadRequestUrl[] = "type.googleapis.com/google.rpc.BadRequest";

// A status travels in HTTP/2 headers, of which clients take 8 KiB in all; this many violations fit with room to spare.
constexpr size_t kMaxViolations = 20;

google::rpc::BadRequest ToBadRequest(const std::vector<std::pair<std::string, std::string>>& violations) {
  google::rpc::BadRequest bad_request;
  for (size_t i = 0; i < std::min(violations.size(), kMaxViolations); ++i) {
    auto* violation = bad_request.add_field_violations();
    violation->set_field(violations[i].first);
    violation->set_description(violations[i].second);
  }
  return bad_request;
}

}  // namespace

void FieldViolations::Add(std::string_view field, std::string_view rule) { violations_.emplace_back(field, rule); }

absl::Status FieldViolations::ToStatus() const {
  if (violations_.empty()) return absl::OkStatus();
  const size_t more = violations_.size() - 1;
  absl::Status status = absl::InvalidArgumentError(absl::StrCat(
      violations_[0].first, ": ", violations_[0].second, more == 0 ? "" : absl::StrCat(" (and ", more, " more)")));
  status.SetPayload(kBadRequestUrl, absl::Cord(ToBadRequest(violations_).SerializeAsString()));
  return status;
}

bool HasFieldViolations(const absl::Status& status) { return status.GetPayload(kBadRequestUrl).has_value(); }

std::string DescribeViolations(const absl::Status& status) {
  google::rpc::BadRequest bad_request;
  const absl::optional<absl::Cord> payload = status.GetPayload(kBadRequestUrl);
  if (!payload || !bad_request.ParseFromString(std::string(*payload))) return std::string(status.message());
  return absl::StrJoin(bad_request.field_violations(), "; ", [](std::string* out, const auto& violation) {
    absl::StrAppend(out, violation.field(), ": ", violation.description());
  });
}

}  // namespace idiolect
