// ROUGE: Lin, ACL 2004. Precision, recall and F of one text against one reference.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace idiolect {

struct RougeScore {
  double precision = 0, recall = 0;  // [0, 1]; 0 where there is nothing to divide by
  double f() const { return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0; }
};

// The words of Google's rouge_score without stemming: runs of letters and digits, A to Z in lower case. Characters
// beyond ASCII count as letters; rouge_score passes over them.
std::vector<std::string> RougeWords(std::string_view text);

RougeScore RougeN(const std::vector<std::string>& hypothesis, const std::vector<std::string>& reference, int n);
// By the longest common subsequence.
RougeScore RougeL(const std::vector<std::string>& hypothesis, const std::vector<std::string>& reference);

}  // namespace idiolect
