// How English words are pronounced: a dictionary, its words with endings, compounds, letters, and rules for words that nobody listed.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"

namespace ptah {

/// What stands around a word, as far as its sound depends on it.
struct WordContext {
  std::string before, after;   ///< words in small letters; empty at the ends of a clause
  bool vowel_follows = false;  ///< the next word begins with the sound of a vowel
  bool ends = true;            ///< nothing follows in the clause
};

/// Phonemes are IPA with one character a diphthong, as Kokoro's networks take them (A "say", I "eye", O "oh", W "how", Y "boy", ʤ, ʧ, ᵊ, ᵻ), and the
/// stresses ˈ and ˌ before vowels.
class EnglishLexicon {
 public:
  /// Reads the dictionaries of misaki (Apache-2.0): FOLDER/us_gold.json and us_silver.json, or gb_…: words to phonemes, or to phonemes by part of speech.
  /// Errors: not_found, corrupt.
  static Result<std::shared_ptr<const EnglishLexicon>> load(const std::filesystem::path& folder, bool british);
  /// The same of texts of these files.
  static Result<std::shared_ptr<const EnglishLexicon>> parse(const std::string& gold, const std::string& silver, bool british);

  /// The phonemes of a word of letters and apostrophes; never empty for a word that has a letter.
  std::string phonemes(const std::string& word, const WordContext& context = {}) const;
  /// Whether a dictionary has the word, or its stem.
  bool knows(const std::string& word) const;

 private:
  using Forms = std::map<std::string, std::string>;  ///< by part of speech; "" is the usual one
  const Forms* find(const std::string& word) const;
  std::string listed(const std::string& word, const WordContext& context) const;
  std::string with_ending(const std::string& word, const WordContext& context) const;
  std::string compound(const std::string& word) const;
  std::string letters(std::string_view word) const;
  Result<void> add(const std::string& json);

  std::unordered_map<std::string, Forms> words_;
  bool british_ = false;
};

/// By the rules of English spelling alone, stress included: for names and new words. `word` in small letters.
std::string spelled_phonemes(const std::string& word);

/// The part of speech that a word most likely has between its neighbours: "NOUN", "VERB", "VBD", "VBN", "VBP", "ADJ" or "".
std::string part_of_speech(const WordContext& context);

}  // namespace ptah
