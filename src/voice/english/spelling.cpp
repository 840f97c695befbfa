// Letters to sounds by rules, in the manner of Elovitz et al. 1976 ("Letter-to-sound rules for automatic translation of English text to phonetics"): the first
// rule whose letters and surroundings fit gives the sound. The rules are of this project.
#include <array>
#include <string_view>

#include "base/text.h"
#include "voice/english/lexicon.h"

namespace ptah {

namespace {

/// Letters with what stands before and behind them: a letter means itself, # a vowel, ^ a consonant, $ the end of the word, + one of e i y, . anything.
struct SpellingRule {
  const char *before, *letters, *after, *sound;
};

constexpr SpellingRule kRules[] = {
    {"", "augh", "", "ɔ"},    {"", "ough", "t", "ɔ"},   {"", "ough", "", "O"},    {"", "eigh", "", "A"},    {"", "igh", "", "I"},    {"", "tion", "", "ʃən"},
    {"", "sion", "", "ʒən"},  {"", "cious", "", "ʃəs"}, {"", "tious", "", "ʃəs"}, {"", "cial", "", "ʃᵊl"},  {"", "tial", "", "ʃᵊl"}, {"", "cian", "", "ʃən"},
    {"", "ture", "$", "ʧəɹ"}, {"", "sure", "$", "ʒəɹ"}, {"", "ous", "$", "əs"},   {"", "eau", "", "O"},     {"", "tch", "", "ʧ"},    {"", "dge", "", "ʤ"},
    {"", "sch", "", "ʃ"},     {"", "sci", "#", "ʃ"},    {"", "que", "$", "k"},    {"", "gue", "$", "ɡ"},    {"", "air", "", "ɛɹ"},   {"", "are", "$", "ɛɹ"},
    {"", "ear", "", "ɪɹ"},    {"", "eer", "", "ɪɹ"},    {"", "ier", "$", "iəɹ"},  {"", "oor", "", "ɔɹ"},    {"", "our", "", "ɔɹ"},   {"", "ore", "$", "ɔɹ"},
    {"", "ire", "$", "Iəɹ"},  {"", "ure", "$", "jʊɹ"},  {"", "ing", "$", "ɪŋ"},   {"", "ang", "$", "æŋ"},   {"", "ong", "$", "ɔŋ"},  {"", "ung", "$", "ʌŋ"},
    {"", "ed", "$", "d"},     {"", "es", "$", "z"},     {"^", "le", "$", "ᵊl"},   {"", "ism", "$", "ɪzᵊm"}, {"", "age", "$", "ɪʤ"},  {"", "ate", "$", "At"},
    {"", "ph", "", "f"},      {"", "th", "", "θ"},      {"", "sh", "", "ʃ"},      {"", "ch", "r", "k"},     {"", "ch", "l", "k"},    {"", "ch", "", "ʧ"},
    {"", "ck", "", "k"},      {"", "wh", "", "w"},      {"$", "wr", "", "ɹ"},     {"$", "kn", "", "n"},     {"$", "gn", "", "n"},    {"", "gn", "$", "n"},
    {"$", "ps", "", "s"},     {"$", "pn", "", "n"},     {"", "mb", "$", "m"},     {"", "gh", "$", ""},      {"", "gh", "", "ɡ"},     {"", "rh", "", "ɹ"},
    {"", "ng", "#", "ŋɡ"},    {"", "ng", "", "ŋ"},      {"", "nk", "", "ŋk"},     {"", "qu", "", "kw"},     {"", "sc", "+", "s"},    {"", "zz", "", "z"},
    {"", "bb", "", "b"},      {"", "cc", "+", "ks"},    {"", "cc", "", "k"},      {"", "dd", "", "d"},      {"", "ff", "", "f"},     {"", "gg", "", "ɡ"},
    {"", "ll", "", "l"},      {"", "mm", "", "m"},      {"", "nn", "", "n"},      {"", "pp", "", "p"},      {"", "rr", "", "ɹ"},     {"", "ss", "", "s"},
    {"", "tt", "", "t"},      {"", "kk", "", "k"},      {"", "vv", "", "v"},      {"", "ai", "", "A"},      {"", "ay", "", "A"},     {"", "au", "", "ɔ"},
    {"", "aw", "", "ɔ"},      {"", "ea", "", "i"},      {"", "ee", "", "i"},      {"", "ei", "", "i"},      {"", "ey", "$", "i"},    {"", "ey", "", "A"},
    {"", "eu", "", "ju"},     {"", "ew", "", "u"},      {"", "ie", "$", "i"},     {"", "ie", "", "i"},      {"", "oa", "", "O"},     {"", "oe", "$", "O"},
    {"", "oi", "", "Y"},      {"", "oy", "", "Y"},      {"", "oo", "", "u"},      {"", "ou", "", "W"},      {"", "ow", "$", "O"},    {"", "ow", "", "W"},
    {"", "ue", "$", "u"},     {"", "ui", "", "u"},      {"", "ae", "", "i"},      {"", "ah", "", "ɑ"},      {"", "eh", "", "ɛ"},     {"", "oh", "", "O"},
    {"", "uh", "", "ʌ"},      {"", "ar", "", "ɑɹ"},     {"", "er", "", "əɹ"},     {"", "ir", "", "ɜɹ"},     {"", "or", "", "ɔɹ"},    {"", "ur", "", "ɜɹ"},
    {"", "a", "$", "ə"},      {"", "a", "^e$", "A"},    {"", "a", "^i#", "A"},    {"", "a", "", "æ"},       {"#^", "e", "$", ""},    {"", "e", "$", "i"},
    {"", "e", "^e$", "i"},    {"", "e", "", "ɛ"},       {"", "i", "$", "i"},      {"", "i", "^e$", "I"},    {"", "i", "nd$", "I"},   {"", "io", "", "iO"},
    {"", "ia", "", "iə"},     {"", "i", "", "ɪ"},       {"", "o", "$", "O"},      {"", "o", "^e$", "O"},    {"", "o", "ld", "O"},    {"", "o", "", "ɑ"},
    {"", "u", "$", "u"},      {"", "u", "^e$", "u"},    {"", "u", "^#", "u"},     {"", "u", "", "ʌ"},       {"$", "y", "#", "j"},    {"", "y", "$", "i"},
    {"", "y", "^e$", "I"},    {"", "y", "#", "j"},      {"", "y", "", "ɪ"},       {"", "b", "", "b"},       {"", "c", "+", "s"},     {"", "c", "", "k"},
    {"", "d", "", "d"},       {"", "f", "", "f"},       {"$", "g", "e", "ʤ"},     {"", "g", "e", "ʤ"},      {"", "g", "y", "ʤ"},     {"", "g", "", "ɡ"},
    {"", "h", "", "h"},       {"", "j", "", "ʤ"},       {"", "k", "", "k"},       {"", "l", "", "l"},       {"", "m", "", "m"},      {"", "n", "", "n"},
    {"", "p", "", "p"},       {"", "q", "", "k"},       {"", "r", "", "ɹ"},       {"#", "s", "#", "z"},     {"", "s", "", "s"},      {"", "t", "", "t"},
    {"", "v", "", "v"},       {"", "w", "", "w"},       {"$", "x", "", "z"},      {"", "x", "", "ks"},      {"", "z", "", "z"}};

bool fits_class(char wanted, std::string_view word, int64_t at) {
  const bool outside = at < 0 || at >= static_cast<int64_t>(word.size());
  if (wanted == '$') return outside;
  if (outside) return false;
  const char c = word[static_cast<size_t>(at)];
  const bool vowel = std::string_view("aeiouy").find(c) != std::string_view::npos;
  if (wanted == '#') return vowel;
  if (wanted == '^') return !vowel;
  if (wanted == '+') return c == 'e' || c == 'i' || c == 'y';
  return c == wanted;
}

bool fits(const SpellingRule& rule, std::string_view word, size_t at) {
  const std::string_view letters = rule.letters, before = rule.before, after = rule.after;
  if (word.substr(at, letters.size()) != letters) return false;
  for (size_t i = 0; i < before.size(); ++i)
    if (!fits_class(before[i], word, static_cast<int64_t>(at + i) - static_cast<int64_t>(before.size()))) return false;
  for (size_t i = 0; i < after.size(); ++i)
    if (!fits_class(after[i], word, static_cast<int64_t>(at + letters.size() + i))) return false;
  return true;
}

/// Puts the stress before the vowel of the first syllable of a short word, of the last but two of a long one.
std::string stressed(const std::string& sounds) {
  std::vector<size_t> vowels;
  for (size_t i = 0; i < sounds.size(); ++i)
    for (const std::string_view vowel : {"A", "I", "O", "W", "Y", "i", "u", "æ", "ɑ", "ɔ", "ɛ", "ɜ", "ɪ", "ʊ", "ʌ"})
      if (sounds.compare(i, vowel.size(), vowel) == 0) vowels.push_back(i);
  if (vowels.empty()) return sounds;
  const size_t place = vowels.size() <= 3 ? 0 : vowels.size() - 3;
  return sounds.substr(0, vowels[place]) + "ˈ" + sounds.substr(vowels[place]);
}

}  // namespace

std::string spelled_phonemes(const std::string& word) {
  std::string plain;
  // Letters with marks as those without.
  static constexpr std::array<std::pair<const char*, const char*>, 30> kMarked{
      {{"à", "a"}, {"á", "a"},  {"â", "a"},  {"ã", "a"},  {"ä", "a"}, {"å", "o"}, {"æ", "e"},  {"ç", "s"},  {"è", "e"},  {"é", "ay"},
       {"ê", "e"}, {"ë", "e"},  {"ì", "i"},  {"í", "ee"}, {"î", "i"}, {"ï", "i"}, {"ñ", "ny"}, {"ò", "o"},  {"ó", "o"},  {"ô", "o"},
       {"õ", "o"}, {"ö", "er"}, {"ø", "er"}, {"ù", "u"},  {"ú", "u"}, {"û", "u"}, {"ü", "u"},  {"ß", "ss"}, {"š", "sh"}, {"č", "ch"}}};
  std::string text = word;
  for (const auto& [from, to] : kMarked) replace_all(text, from, to);
  for (const char c : text)
    if (c >= 'a' && c <= 'z') plain += c;
  std::string out;
  for (size_t at = 0; at < plain.size();) {
    bool found = false;
    for (const SpellingRule& rule : kRules) {
      if (!fits(rule, plain, at)) continue;
      out += rule.sound;
      at += std::string_view(rule.letters).size();
      found = true;
      break;
    }
    if (!found) ++at;
  }
  return stressed(out);
}

}  // namespace ptah
