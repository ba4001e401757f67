#include "eval/words.h"

#include <algorithm>
#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace idiolect {
namespace {

constexpr std::string_view kEnglish =
    "a about above after again against all am an and any are aren't as at be because been before being below between "
    "both but by can can't could couldn't did didn't do does doesn't doing don't down during each few for from further "
    "had hadn't has hasn't have haven't having he he'd he'll he's her here here's hers herself him himself his how "
    "how's i i'd i'll i'm i've if in into is isn't it it's its itself just let's me more most mustn't my myself no nor "
    "not now of off on once only or other ought our ours ourselves out over own same shan't she she'd she'll she's "
    "should shouldn't so some such than that that'll that's the their theirs them themselves then there there's these "
    "they they'd they'll they're they've this those through to too under until up very was wasn't we we'd we'll we're "
    "we've were weren't what what's when when's where where's which while who who's whom why why's will with won't "
    "would wouldn't you you'd you'll you're you've your yours yourself yourselves";

std::string_view StripPunctuation(std::string_view word) {
  while (!word.empty() && absl::ascii_ispunct(word.front())) word.remove_prefix(1);
  while (!word.empty() && absl::ascii_ispunct(word.back())) word.remove_suffix(1);
  return word;
}

}  // namespace

std::vector<std::string> SplitAtSpace(std::string_view text) {
  return absl::StrSplit(std::string(text), absl::ByAnyChar(" \t\r\n\v\f"), absl::SkipEmpty());
}

std::vector<std::string> PlainWords(std::string_view text) {
  std::vector<std::string> words;
  for (const std::string& word : SplitAtSpace(text)) {
    std::string plain(StripPunctuation(word));
    absl::AsciiStrToLower(&plain);
    if (!plain.empty()) words.push_back(std::move(plain));
  }
  return words;
}

StopWords StopWords::English() {
  StopWords list;
  for (std::string& word : SplitAtSpace(kEnglish)) list.words_.insert(std::move(word));
  return list;
}

absl::StatusOr<StopWords> StopWords::FromFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be opened"));
  StopWords list;
  std::string line;
  while (std::getline(file, line)) {
    for (std::string& word : PlainWords(line)) list.words_.insert(std::move(word));
  }
  return list;
}

std::map<std::string, int> CountNgrams(const std::vector<std::string>& words, size_t n) {
  std::map<std::string, int> counts;
  for (size_t i = 0; i + n <= words.size(); ++i) {
    const auto first = words.begin() + static_cast<std::ptrdiff_t>(i);
    ++counts[absl::StrJoin(first, first + static_cast<std::ptrdiff_t>(n), " ")];
  }
  return counts;
}

int CountShared(const std::map<std::string, int>& a, const std::map<std::string, int>& b) {
  int shared = 0;
  for (const auto& [ngram, count] : a) {
    const auto found = b.find(ngram);
    if (found != b.end()) shared += std::min(count, found->second);
  }
  return shared;
}

}  // namespace idiolect
