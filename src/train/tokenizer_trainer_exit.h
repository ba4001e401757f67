// How idiolect-tokenizer-trainer ends where it learns nothing.
#pragma once

namespace idiolect {

enum TokenizerTrainerExit { kTokenizerTrainingFailed = 1, kVocabularyTooLarge = 3, kVocabularyTooSmall = 4 };

}  // namespace idiolect
