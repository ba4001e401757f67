#include "cli/explanation.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "cli/layout.h"
#include "cli/proto_time.h"

namespace idiolect {
namespace {

constexpr double kLikelyCopied = 0.5;
constexpr double kWorthListing = 0.1;
constexpr size_t kMostSources = 9;

// A token as it stands in the reply: the tokenizer's mark ▁ is a space, and <0xE4> is that byte.
std::string TokenText(const std::string& piece) {
  uint32_t byte = 0;
  if (piece.size() == 6 && piece.compare(0, 3, "<0x") == 0 && piece[5] == '>' &&
      absl::SimpleHexAtoi(piece.substr(3, 2), &byte)) {
    return std::string(1, static_cast<char>(byte));
  }
  return absl::StrReplaceAll(piece, {{"▁", " "}});
}

double CopiedWeight(const v1::TokenExplanation& token) {
  double sum = 0;
  for (const v1::CopySource& source : token.sources()) sum += source.weight();
  return sum;
}

// 0: not copied.
int64_t MainSource(const v1::TokenExplanation& token) {
  return CopiedWeight(token) >= kLikelyCopied ? token.sources(0).exchange_id() : 0;
}

std::vector<ReplySource> RankSources(const v1::ReplyCandidate& candidate) {
  std::map<int64_t, double> copied;
  std::map<int64_t, bool> named;
  for (const v1::TokenExplanation& token : candidate.explanation()) {
    for (const v1::CopySource& source : token.sources()) copied[source.exchange_id()] += source.weight();
    if (MainSource(token) != 0) named[MainSource(token)] = true;
  }
  std::vector<ReplySource> sources;
  for (const auto& [id, tokens] : copied) {
    if (named.count(id) > 0 || tokens >= kWorthListing) sources.push_back({id, tokens});
  }
  std::stable_sort(sources.begin(), sources.end(),
                   [](const ReplySource& a, const ReplySource& b) { return a.copied_tokens > b.copied_tokens; });
  if (sources.size() > kMostSources) sources.resize(kMostSources);
  return sources;
}

int IndexOf(const std::vector<ReplySource>& sources, int64_t exchange_id) {
  for (size_t i = 0; i < sources.size(); ++i) {
    if (sources[i].exchange_id == exchange_id) return static_cast<int>(i);
  }
  return -1;
}

void AppendToken(std::vector<ReplySegment>& segments, const std::string& text, int source) {
  // The bytes of one character may be tokens of different origin; a character is not torn for that.
  const bool goes_on = !text.empty() && (static_cast<unsigned char>(text[0]) & 0xC0) == 0x80;
  if (segments.empty() || (segments.back().source != source && !goes_on)) segments.push_back({"", source});
  segments.back().text += text;
}

// The space before a word belongs to no source: it stays outside the underline.
std::string RenderSegment(const ReplySegment& segment, const Paint& paint) {
  const std::string text = Printable(segment.text);
  if (segment.source < 0) return text;
  const size_t start = std::min(text.find_first_not_of(' '), text.size());
  return absl::StrCat(text.substr(0, start), paint.Marked(segment.source, text.substr(start)),
                      paint.Dim(absl::StrCat("[", segment.source + 1, "]")));
}

std::string RenderSource(int index, const ReplySource& source, const ExchangesById& exchanges, const Paint& paint,
                         int width) {
  const std::string number = absl::StrCat("[", index + 1, "]");
  const std::string indent(6, ' ');
  std::string text = absl::StrFormat("  %s %.1f tokens from exchange %d", paint.Marked(index, number),
                                     source.copied_tokens, source.exchange_id);
  const auto found = exchanges.find(source.exchange_id);
  if (found == exchanges.end()) return absl::StrCat(text, ", deleted since\n");
  const v1::Exchange& exchange = found->second;
  const int room = width - static_cast<int>(indent.size()) - 2;
  absl::StrAppend(&text, paint.Dim(absl::StrCat(", ", ShortTime(FromProto(exchange.time())))), "\n");
  absl::StrAppend(&text, indent, paint.Dim(absl::StrCat("‹ ", Cut(Printable(exchange.post()), room))), "\n");
  absl::StrAppend(&text, indent, "› ", Cut(Printable(exchange.response()), room), "\n");
  return text;
}

}  // namespace

ReplyOrigin TraceOrigin(const v1::ReplyCandidate& candidate) {
  ReplyOrigin origin;
  origin.sources = RankSources(candidate);
  origin.token_count = candidate.explanation_size();
  for (const v1::TokenExplanation& token : candidate.explanation()) {
    origin.copied_tokens += CopiedWeight(token);
    AppendToken(origin.segments, TokenText(token.text()), IndexOf(origin.sources, MainSource(token)));
  }
  if (!origin.segments.empty() && origin.segments[0].text.rfind(' ', 0) == 0) origin.segments[0].text.erase(0, 1);
  return origin;
}

std::string RenderOrigin(const ReplyOrigin& origin, const ExchangesById& exchanges, const Paint& paint, int width) {
  if (origin.token_count == 0) return "  The reply is empty.\n";
  std::string text = "  ";
  for (const ReplySegment& segment : origin.segments) absl::StrAppend(&text, RenderSegment(segment, paint));
  absl::StrAppendFormat(&text, "\n  %.1f of %d tokens copied out of the history\n", origin.copied_tokens,
                        origin.token_count);
  for (size_t i = 0; i < origin.sources.size(); ++i) {
    absl::StrAppend(&text, RenderSource(static_cast<int>(i), origin.sources[i], exchanges, paint, width));
  }
  return text;
}

}  // namespace idiolect
