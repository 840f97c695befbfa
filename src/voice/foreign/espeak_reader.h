// Texts in other languages than English as phonemes, by espeak-ng, which is run as a program of its own and has to be installed for it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "voice/english/reader.h"

namespace ptah {

/// The language of a voice whose name begins with this letter, as espeak-ng calls it ("es", "fr-fr", "hi", "it", "pt-br"); empty if it is not read so.
std::string espeak_language(char voice);

/// IPA of a clause, as espeak-ng prints it with ties ("t^ʃ"). Errors: not_found (it is not installed), io, cancelled.
using PhonemesOfClause = std::function<Result<std::string>(const std::string& clause)>;
PhonemesOfClause espeak(const std::string& language, const CancelToken* cancel = nullptr);

/// What espeak-ng printed in the network's alphabet: one character for a diphthong or affricate, without the names of languages that it changes to.
std::string short_espeak_phonemes(std::string ipa);

/// Sentences of a text, parted at stops, commas and between words where they are too long for `max_phonemes`. Where a clause has as many groups of phonemes as
/// words, each word has its own; else its first word has them all. Errors: invalid_argument (no words; not UTF-8); those of `phonemes`.
Result<std::vector<Utterance>> read_foreign(const std::string& text, const PhonemesOfClause& phonemes, size_t max_phonemes = 500);

}  // namespace ptah
