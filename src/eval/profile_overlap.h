// How much of a person's own words a reply has: P-F1 (Lian and others, IJCAI 2019) and P-Cover (Song and others, IJCAI
// 2019), with the responses of the history window in the place of a written profile.
#pragma once

#include <string>
#include <vector>

#include "eval/words.h"

namespace idiolect {

// Q and U: the different plain words, without stop words, of the reply and of all responses. The harmonic mean of
// |U ∩ Q| / |Q| and |U ∩ Q| / |U|; 0 where they share nothing.
double ProfileF1(const std::string& reply, const std::vector<std::string>& responses, const StopWords& stop_words);

// The most that a single response covers: the largest sum of ln(n / number of responses that have w) over the different
// plain words w that the reply shares with it. n is the number of responses, or `fixed_rows` where that is above 0: the
// DHAP repository always divides by 15. 0 without responses.
double ProfileCover(const std::string& reply, const std::vector<std::string>& responses, int fixed_rows = 0);

}  // namespace idiolect
