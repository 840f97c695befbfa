#include "voice/english/lexicon.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

namespace ptah {

namespace {

constexpr std::string_view kPrimary = "ˈ", kSecondary = "ˌ";

bool ends_with_any(std::string_view text, std::initializer_list<std::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return text.ends_with(end); });
}

/// Stresses are marks before vowels; a mark more or less moves nothing else.
std::string without_primary(std::string phonemes, bool keep_as_secondary) {
  replace_all(phonemes, kSecondary, "");
  replace_all(phonemes, kPrimary, keep_as_secondary ? kSecondary : "");
  return phonemes;
}

/// The plural, possessive or third person of what ends so.
std::string with_s(const std::string& stem, bool british) {
  if (ends_with_any(stem, {"s", "z", "ʃ", "ʒ", "ʧ", "ʤ"})) return stem + (british ? "ɪz" : "ᵻz");
  return stem + (ends_with_any(stem, {"p", "t", "k", "f", "θ"}) ? "s" : "z");
}

/// Between vowels American t is a flap.
bool flaps(std::string_view stem) {
  return stem.ends_with("t") && ends_with_any(stem.substr(0, stem.size() - 1), {"A", "I", "O", "W", "Y", "i", "u", "æ", "ɑ", "ə", "ɛ", "ɪ", "ɹ", "ʊ", "ʌ"});
}

std::string with_ed(const std::string& stem, bool british) {
  if (stem.ends_with("d")) return stem + (british ? "ɪd" : "ᵻd");
  if (!british && flaps(stem)) return stem.substr(0, stem.size() - 1) + "ɾᵻd";
  if (stem.ends_with("t")) return stem + (british ? "ɪd" : "ᵻd");
  return stem + (ends_with_any(stem, {"p", "k", "f", "θ", "ʃ", "s", "ʧ"}) ? "t" : "d");
}

std::string with_vowel_ending(const std::string& stem, const std::string& ending, bool british) {
  if (!british && flaps(stem)) return stem.substr(0, stem.size() - 1) + "ɾ" + ending;
  return stem + ending;
}

bool only_capitals(std::string_view word) {
  return std::all_of(word.begin(), word.end(), [](char c) { return (c >= 'A' && c <= 'Z') || c == '\''; });
}

/// How a stem may be spelled before an ending: as it is, with an e, without a doubled consonant, with y for i.
std::vector<std::string> stems(const std::string& word, size_t ending) {
  const std::string cut = word.substr(0, word.size() - ending);
  std::vector<std::string> out{cut, cut + "e"};
  const size_t n = cut.size();
  if (n > 2 && cut[n - 1] == cut[n - 2] && std::string_view("aeiou").find(cut[n - 1]) == std::string_view::npos) out.insert(out.begin(), cut.substr(0, n - 1));
  if (cut.ends_with("i")) out.push_back(cut.substr(0, n - 1) + "y");
  return out;
}

}  // namespace

std::string part_of_speech(const WordContext& context) {
  static const std::set<std::string, std::less<>> articles{"the",   "a",    "an",    "this", "that", "my",   "your", "his",     "her",   "its",  "our",
                                                           "their", "some", "every", "no",   "any",  "each", "of",   "another", "these", "those"};
  static const std::set<std::string, std::less<>> modals{"to",    "will",  "would", "can",    "could",  "shall",    "should",  "may",
                                                         "might", "must",  "do",    "does",   "did",    "don't",    "didn't",  "doesn't",
                                                         "won't", "can't", "let's", "please", "cannot", "couldn't", "wouldn't"};
  static const std::set<std::string, std::less<>> auxiliaries{"have", "has", "had",   "having", "was", "were", "is",    "are",
                                                              "been", "be",  "being", "get",    "got", "i've", "we've", "they've"};
  static const std::set<std::string, std::less<>> people{"i", "you", "we", "they"}, others{"he", "she", "it", "who"};
  static const std::set<std::string, std::less<>> degrees{"very", "so", "too", "more", "most", "quite", "really"};
  if (modals.contains(context.before)) return "VERB";
  if (auxiliaries.contains(context.before)) return "VBN";
  if (people.contains(context.before)) return "VBP";
  if (others.contains(context.before)) return "VBD";
  if (articles.contains(context.before)) return context.after.empty() ? "NOUN" : "NOUN";
  if (degrees.contains(context.before)) return "ADJ";
  return "";
}

Result<void> EnglishLexicon::add(const std::string& json) {
  PTAH_TRY(const Json parsed, parse_json(json));
  if (!parsed.is_object()) return fail(ErrorCode::corrupt, "a dictionary that is no object");
  for (const auto& [word, said] : parsed.items()) {
    Forms forms;
    if (said.is_string()) forms[""] = said.get<std::string>();
    if (said.is_object())
      for (const auto& [part, phonemes] : said.items())
        if (phonemes.is_string()) forms[part == "DEFAULT" ? "" : part] = phonemes.get<std::string>();
    if (!forms.empty()) words_.emplace(word, std::move(forms));
  }
  return {};
}

Result<std::shared_ptr<const EnglishLexicon>> EnglishLexicon::parse(const std::string& gold, const std::string& silver, bool british) {
  auto out = std::make_shared<EnglishLexicon>();
  out->british_ = british;
  PTAH_TRY_VOID(out->add(gold));  // the first of two goes before
  PTAH_TRY_VOID(out->add(silver));
  return out;
}

Result<std::shared_ptr<const EnglishLexicon>> EnglishLexicon::load(const std::filesystem::path& folder, bool british) {
  const std::string language = british ? "gb" : "us";
  PTAH_TRY(const std::string gold, read_text(folder / (language + "_gold.json")));
  PTAH_TRY(const std::string silver, read_text(folder / (language + "_silver.json")));
  auto out = parse(gold, silver, british);
  if (!out) return fail(out.error().code, "{}: {}", folder.string(), out.error().message);
  return out;
}

const EnglishLexicon::Forms* EnglishLexicon::find(const std::string& word) const {
  const auto found = words_.find(word);
  return found == words_.end() ? nullptr : &found->second;
}

std::string EnglishLexicon::listed(const std::string& word, const WordContext& context) const {
  const Forms* forms = find(word);
  if (!forms && lower_case(word) != word) forms = find(lower_case(word));
  if (!forms && word.size() > 1 && word[0] >= 'a' && word[0] <= 'z') forms = find(std::string(1, static_cast<char>(word[0] - 32)) + word.substr(1));
  if (!forms) return {};
  const auto at = [&](const std::string& part) {
    const auto found = forms->find(part);
    return found == forms->end() ? std::string() : found->second;
  };
  if (forms->size() > 1) {
    if (context.ends && !at("None").empty()) return at("None");
    const std::string part = part_of_speech(context);
    if (!part.empty() && !at(part).empty()) return at(part);
    if (part.starts_with("VB") && !at("VERB").empty()) return at("VERB");
  }
  return at("").empty() ? forms->begin()->second : at("");
}

std::string EnglishLexicon::with_ending(const std::string& word, const WordContext& context) const {
  struct Ending {
    std::string_view letters;
    std::string (*join)(const std::string& stem, bool british);
  };
  static constexpr std::array<Ending, 12> kEndings{
      {{"'s", with_s},
       {"s'", with_s},
       {"ies", [](const std::string& stem, bool british) { return with_s(stem, british); }},
       {"es", with_s},
       {"s", with_s},
       {"ed", with_ed},
       {"ing", [](const std::string& stem, bool british) { return with_vowel_ending(stem, "ɪŋ", british); }},
       {"ly", [](const std::string& stem, bool) { return (stem.ends_with("ᵊl") || stem.ends_with("l") ? stem : stem + "l") + "i"; }},
       {"er", [](const std::string& stem, bool british) { return with_vowel_ending(stem, british ? "ə" : "əɹ", british); }},
       {"est", [](const std::string& stem, bool british) { return with_vowel_ending(stem, british ? "ɪst" : "əst", british); }},
       {"ness", [](const std::string& stem, bool) { return stem + "nəs"; }},
       {"less", [](const std::string& stem, bool) { return stem + "ləs"; }}}};
  for (const Ending& ending : kEndings) {
    if (!word.ends_with(ending.letters) || word.size() < ending.letters.size() + 2 || word.ends_with("ss")) {
      if (!(word.ends_with("ness") || word.ends_with("less")) || !word.ends_with(ending.letters)) continue;
    }
    std::vector<std::string> possible = stems(word, ending.letters.size());
    if (ending.letters == "ies") possible = {word.substr(0, word.size() - 3) + "y"};
    if (ending.letters == "s" || ending.letters == "'s" || ending.letters == "s'") possible = {word.substr(0, word.size() - ending.letters.size())};
    for (const std::string& stem : possible)
      if (stem.size() > 1)
        if (const std::string said = listed(stem, context); !said.empty()) return ending.join(said, british_);
  }
  for (const auto& [prefix, said] : std::initializer_list<std::pair<std::string_view, const char*>>{
           {"un", "ʌn"}, {"re", "ɹi"}, {"non", "nɑn"}, {"pre", "pɹi"}, {"dis", "dɪs"}, {"mis", "mɪs"}, {"over", "ˌOvəɹ"}, {"out", "ˌWt"}, {"under", "ˌʌndəɹ"}})
    if (word.starts_with(prefix) && word.size() > prefix.size() + 2)
      if (const std::string rest = listed(word.substr(prefix.size()), context); !rest.empty()) return said + rest;
  return {};
}

std::string EnglishLexicon::compound(const std::string& word) const {
  for (size_t cut = word.size() - 3; cut >= 3 && cut < word.size(); --cut) {
    const std::string first = listed(word.substr(0, cut), {}), second = listed(word.substr(cut), {});
    if (!first.empty() && !second.empty()) return first + without_primary(second, true);
  }
  return {};
}

/// Names of letters, the last of them stressed.
std::string EnglishLexicon::letters(std::string_view word) const {
  std::string out;
  std::vector<std::string> parts;
  for (const char c : word) {
    const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    const Forms* forms = find(std::string(1, upper));
    if (forms) parts.push_back(forms->begin()->second);
  }
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    std::string part = without_primary(parts[i], !last);
    if (last) part = parts[i].find(kPrimary) == std::string::npos ? std::string(kPrimary) + part : parts[i];
    out += part;
  }
  return out;
}

bool EnglishLexicon::knows(const std::string& word) const { return !listed(word, {}).empty() || !with_ending(lower_case(word), {}).empty(); }

std::string EnglishLexicon::phonemes(const std::string& word, const WordContext& context) const {
  const std::string small = lower_case(word);
  // Short words whose sound depends on what follows.
  if (small == "the") return context.vowel_follows ? "ði" : "ðə";
  if (word == "a") return "ɐ";
  if (small == "an") return "ɐn";
  if (small == "to" && !context.ends) return context.vowel_follows ? "tʊ" : "tə";
  if (word == "I") return "ˌI";
  if (small == "used" && context.after == "to") return british_ ? "jˈuːst" : "jˈust";
  if (word.size() > 1 && only_capitals(word)) {
    // What is written in capitals is a word if the dictionary has it so, or is long and a word; else its letters are read.
    if (const Forms* exact = find(word)) return exact->begin()->second;
    std::string said = listed(small, context);
    if (!said.empty() && (word.size() > 3 || said.find("ˈ") == std::string::npos)) return said;
    if (word.ends_with("'S")) return with_s(letters(word.substr(0, word.size() - 2)), british_);
    if (word.size() <= 4 || small.find_first_of("aeiouy") == std::string::npos) return letters(word);
  }
  if (word.size() > 2 && word.ends_with("s") && only_capitals(word.substr(0, word.size() - 1)) && !find(word)) {  // CDs, NGOs
    const std::string one = letters(word.substr(0, word.size() - 1));
    return with_s(one, british_);
  }
  if (word.size() == 1) return letters(word);
  if (std::string said = listed(word, context); !said.empty()) return said;
  if (std::string said = with_ending(small, context); !said.empty()) return said;
  if (small.find_first_of("aeiouy") == std::string::npos) return letters(word);
  if (std::string said = compound(small); !said.empty()) return said;
  if (small.ends_with("'s")) return with_s(phonemes(small.substr(0, small.size() - 2)), british_);
  return spelled_phonemes(small);
}

}  // namespace ptah
