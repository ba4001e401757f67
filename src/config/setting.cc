#include "config/setting.h"

#include <charconv>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace idiolect {
namespace {

std::string Quote(std::string_view text) {
  return absl::StrCat(
      "\"",
      absl::StrReplaceAll(std::string(text),
                          {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}, {"\t", "\\t"}, {"\r", "\\r"}}),
      "\"");
}

absl::Status Expected(std::string_view what, std::string_view text, bool secret) {
  const std::string got = secret ? "another text" : absl::StrCat("'", std::string(text), "'");
  return absl::InvalidArgumentError(absl::StrCat("expected ", std::string(what), ", got ", got));
}

template <typename Number>
bool Parse(std::string_view text, Number& number) {
  if constexpr (std::is_same_v<Number, double>) {
    return absl::SimpleAtod(std::string(text), &number) && std::isfinite(number);
  } else {
    return absl::SimpleAtoi(std::string(text), &number);
  }
}

}  // namespace

std::string NumberText(double number) {
  constexpr double kWhole = 1e15;  // every whole number below is a double
  if (number == std::floor(number) && std::abs(number) < kWhole) return absl::StrCat(static_cast<int64_t>(number));
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof text, number).ptr);
}

Setting::Setting(std::string name, Target target, Range range, std::string help)
    : name_(std::move(name)), target_(target), range_(range), help_(std::move(help)) {}

Setting& Setting::Secret() {
  secret_ = true;
  return *this;
}

Setting& Setting::ShownAs(std::function<std::string(const std::string&)> show) {
  show_ = std::move(show);
  return *this;
}

Setting& Setting::OneOf(std::vector<std::string> choices) {
  choices_ = std::move(choices);
  return *this;
}

Setting& Setting::Hidden() {
  hidden_ = true;
  return *this;
}

std::string Setting::Flag() const { return absl::StrCat("--", absl::StrReplaceAll(name_, {{"_", "-"}})); }

std::string Setting::Variable() const { return absl::StrCat("IDIOLECT_", absl::AsciiStrToUpper(name_)); }

std::string Setting::TypeName() const {
  if (is_switch()) return "BOOL";
  if (!choices_.empty()) return absl::StrJoin(choices_, "|");
  if (is_text()) return "TEXT";
  const bool whole = !std::holds_alternative<double*>(target_);
  if (range_.high >= kAnyCount.high) return absl::StrCat(whole ? "INT" : "NUMBER", " from ", NumberText(range_.low));
  return absl::StrCat(whole ? "INT" : "NUMBER", " in [", NumberText(range_.low), ", ", NumberText(range_.high), "]");
}

absl::Status Setting::Check(std::string_view text) const { return Apply(text, /*store=*/false); }

absl::Status Setting::Apply(std::string_view text, bool store) const {
  return std::visit(
      [&](auto* target) -> absl::Status {
        using Value = std::remove_pointer_t<decltype(target)>;
        if constexpr (std::is_same_v<Value, bool>) {
          bool value;
          if (!absl::SimpleAtob(std::string(text), &value)) return Expected("true or false", text, secret_);
          if (store) *target = value;
        } else if constexpr (std::is_arithmetic_v<Value>) {
          Value value;
          if (!Parse(text, value) || static_cast<double>(value) < range_.low ||
              static_cast<double>(value) > range_.high) {
            return Expected(TypeName(), text, secret_);
          }
          if (store) *target = value;
        } else {
          if (!choices_.empty() && std::find(choices_.begin(), choices_.end(), text) == choices_.end()) {
            return Expected(TypeName(), text, secret_);
          }
          if constexpr (std::is_same_v<Value, std::string>) {
            if (store) *target = std::string(text);
          } else if (store) {
            target->emplace_back(text);
          }
        }
        return absl::OkStatus();
      },
      target_);
}

absl::Status Setting::Set(const std::vector<std::string>& texts, std::string origin) {
  if (!is_list() && texts.size() != 1) return absl::InvalidArgumentError("expected one value");
  for (const std::string& text : texts) {
    if (absl::Status status = Check(text); !status.ok()) return status;
  }
  if (is_list()) std::get<std::vector<std::string>*>(target_)->clear();
  for (const std::string& text : texts) {
    if (absl::Status status = Apply(text, /*store=*/true); !status.ok()) return status;
  }
  origin_ = std::move(origin);
  return absl::OkStatus();
}

std::string Setting::ToToml() const {
  return std::visit(
      [&](auto* target) -> std::string {
        using Value = std::remove_pointer_t<decltype(target)>;
        if constexpr (std::is_same_v<Value, bool>) {
          return *target ? "true" : "false";
        } else if constexpr (std::is_same_v<Value, std::string>) {
          if (secret_ && !target->empty()) return Quote("********");
          return Quote(show_ ? show_(*target) : *target);
        } else if constexpr (std::is_same_v<Value, std::vector<std::string>>) {
          return absl::StrCat(
              "[", absl::StrJoin(*target, ", ", [](std::string* out, const std::string& text) { *out += Quote(text); }),
              "]");
        } else if constexpr (std::is_same_v<Value, double>) {
          return NumberText(*target);
        } else {
          return absl::StrCat(*target);
        }
      },
      target_);
}

}  // namespace idiolect
