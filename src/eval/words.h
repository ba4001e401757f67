// Words as the metrics count them.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace idiolect {

// What stands between white space, as it is.
std::vector<std::string> SplitAtSpace(std::string_view text);

// The same in lower case (A to Z) and without the ASCII punctuation around it; what is nothing else is left out.
std::vector<std::string> PlainWords(std::string_view text);

// Words that say little of a person: English function words, or those of a file, one a line.
class StopWords {
 public:
  static StopWords English();
  // kNotFound where the file can't be read.
  static absl::StatusOr<StopWords> FromFile(const std::string& path);
  bool contains(const std::string& plain_word) const { return words_.contains(plain_word); }

 private:
  std::set<std::string> words_;
};

// How often each run of `n` words occurs; its words are joined by a space. Empty where there are fewer than n.
std::map<std::string, int> CountNgrams(const std::vector<std::string>& words, size_t n);

// How many n-grams two texts share, each as often as both have it.
int CountShared(const std::map<std::string, int>& a, const std::map<std::string, int>& b);

}  // namespace idiolect
