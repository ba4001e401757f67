#include "profile/style.h"

#include <string>
#include <unordered_set>

#include "profile/characters.h"
#include "profile/words.h"

namespace idiolect {
namespace {

double Share(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// What one response holds.
struct Marks {
  int64_t characters = 0;
  bool question = false, exclamation = false, emoji = false;
  bool begins_with_letter = false, begins_with_capital = false;
};

Marks Inspect(std::string_view text) {
  Marks marks;
  for (std::string_view rest = text; !rest.empty(); ++marks.characters) {
    const char32_t c = TakeCodePoint(rest);
    if (marks.characters == 0) {
      marks.begins_with_letter = IsLetter(c);
      marks.begins_with_capital = IsCapital(c);
    }
    marks.question |= IsQuestionMark(c);
    marks.exclamation |= IsExclamationMark(c);
    marks.emoji |= IsEmoji(c);
  }
  return marks;
}

}  // namespace

StyleStatistics MeasureStyle(absl::Span<const Exchange> exchanges) {
  int64_t words = 0, characters = 0, questions = 0, exclamations = 0, emoji = 0, letters = 0, capitals = 0;
  std::unordered_set<std::string> distinct;
  for (const Exchange& exchange : exchanges) {
    for (std::string_view word : SplitWords(exchange.response)) {
      ++words;
      distinct.insert(LowerCase(word));
    }
    const Marks marks = Inspect(exchange.response);
    characters += marks.characters;
    questions += marks.question;
    exclamations += marks.exclamation;
    emoji += marks.emoji;
    letters += marks.begins_with_letter;
    capitals += marks.begins_with_letter && marks.begins_with_capital;
  }
  const auto responses = static_cast<int64_t>(exchanges.size());
  return {.mean_words = Share(words, responses),
          .mean_characters = Share(characters, responses),
          .distinct_words = Share(static_cast<int64_t>(distinct.size()), words),
          .question_share = Share(questions, responses),
          .exclamation_share = Share(exclamations, responses),
          .emoji_share = Share(emoji, responses),
          .capitalized_share = Share(capitals, letters)};
}

}  // namespace idiolect
