// Distinct-n: Li and others, NAACL 2016. How varied a set of replies is.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace idiolect {

// Different n-grams of words per n-gram, n-grams within each text; 0 where there are none.
double Distinct(const std::vector<std::string>& texts, int n);

// As the DHAP repository has it: all texts as one stream of words, different n-grams per word.
double DistinctOfStream(const std::vector<std::string>& texts, int n);

// Whether the text has some three words in a row three times or more, as what a decoder says that goes round in a
// circle.
bool RepeatsItself(const std::string& text);

// How many different texts `count` of them have on average over all draws, exactly; NaN where there are fewer.
double DifferentAmong(const std::vector<std::string>& texts, size_t count);

}  // namespace idiolect
