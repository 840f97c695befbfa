#include "voice/english/normalise.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <vector>

#include "base/text.h"
#include "voice/english/numbers.h"

namespace ptah {

namespace {

bool capital(char c) { return c >= 'A' && c <= 'Z'; }
bool small(char c) { return c >= 'a' && c <= 'z'; }
bool letter(char c) { return capital(c) || small(c); }
bool is_figure(char c) { return c >= '0' && c <= '9'; }
bool capitalised(const std::string& word) { return word.size() > 1 && capital(word[0]) && small(word[1]); }

struct Written {
  std::string before, core, after;  ///< punctuation, the word, punctuation
  bool breaks = false;              ///< a paragraph begins before it
};

/// Words apart, with what stands around them.
std::vector<Written> words_of(const std::string& text) {
  std::vector<Written> out;
  bool breaks = false;
  for (size_t at = 0; at < text.size();) {
    if (text[at] == ' ' || text[at] == '\n' || text[at] == '\t') {
      size_t lines = 0;
      for (; at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t'); ++at) lines += text[at] == '\n';
      breaks = lines > 1;
      continue;
    }
    const size_t end = std::min(text.find_first_of(" \n\t", at), text.size());
    std::string word = text.substr(at, end - at);
    Written part;
    part.breaks = std::exchange(breaks, false);
    const auto opens = [&] {
      return word.starts_with("“") ? 3U : !word.empty() && std::string_view("([{\"'").find(word[0]) != std::string_view::npos ? 1U : 0U;
    };
    for (size_t size; (size = opens()) > 0 && !(word[0] == '\'' && word.size() > 1 && (is_figure(word[1]) || word == "'em"));) {
      part.before += word.substr(0, size) == "'" ? "" : word.substr(0, size);
      word.erase(0, size);
    }
    const auto closes = [&] {
      if (word.ends_with("”") || word.ends_with("…")) return 3U;
      return !word.empty() && std::string_view(".,;:!?)]}\"'").find(word.back()) != std::string_view::npos ? 1U : 0U;
    };
    for (size_t size; (size = closes()) > 0;) {
      const std::string mark = word.substr(word.size() - size);
      if (mark == "'" && word.size() > 1 && word[word.size() - 2] == 's') break;  // the dogs'
      part.after = (mark == "'" ? "" : mark) + part.after;
      word.erase(word.size() - size);
    }
    // Markdown's emphasis and code.
    if (const size_t first = word.find_first_not_of("*_`"); first != std::string::npos) word.erase(0, first);
    while (word.size() > 1 && std::string_view("*_`").find(word.back()) != std::string_view::npos) word.pop_back();
    part.core = word;
    out.push_back(std::move(part));
    at = end;
  }
  return out;
}

/// Signs that have several forms in one form.
std::string plain_signs(std::string text) {
  for (const auto& [from, to] : std::initializer_list<std::pair<const char*, const char*>>{{"\r", ""},
                                                                                           {"\u00a0", " "},
                                                                                           {"\u202f", " "},
                                                                                           {"’", "'"},
                                                                                           {"‘", "'"},
                                                                                           {"...", "…"},
                                                                                           {"…", "… "},
                                                                                           {"—", " — "},
                                                                                           {" – ", " — "},
                                                                                           {"–", "-"},
                                                                                           {" - ", " — "},
                                                                                           {" -- ", " — "},
                                                                                           {"--", " — "},
                                                                                           {"**", ""},
                                                                                           {"½", " 1/2"},
                                                                                           {"¼", " 1/4"},
                                                                                           {"¾", " 3/4"}})
    replace_all(text, from, to);
  return text;
}

const std::set<std::string, std::less<>> kCountedThings{"chapter", "part",  "volume", "act",    "scene",  "section", "book",    "war",
                                                        "phase",   "type",  "level",  "figure", "table",  "class",   "title",   "article",
                                                        "step",    "round", "unit",   "grade",  "season", "episode", "appendix"};
const std::set<std::string, std::less<>> kRulers{"Henry",     "Louis",     "George",    "Elizabeth", "Charles",  "James",   "William",  "Edward",
                                                 "Richard",   "John",      "Paul",      "Pius",      "Benedict", "Francis", "Philip",   "Peter",
                                                 "Catherine", "Frederick", "Napoleon",  "Alexander", "Nicholas", "Leo",     "Gregory",  "Innocent",
                                                 "Clement",   "Urban",     "Ferdinand", "Ivan",      "Mary",     "Robert",  "Ramesses", "Otto",
                                                 "Albert",    "Leopold",   "Christian", "Gustav",    "Harald",   "Carl",    "Alfonso",  "Ptolemy"};

std::string roman_words(const std::string& word, const std::string& before) {
  const bool after_thing = kCountedThings.contains(lower_case(before)), after_ruler = kRulers.contains(before);
  if (word.find_first_not_of("IVXL") != std::string::npos || (word.size() < 3 && word.find('L') != std::string::npos) ||
      (!after_thing && !after_ruler && (word.size() < 2 || !capitalised(before))))
    return {};
  const auto value = roman_value(word);
  if (!value || (word == "I" && !after_thing)) return {};
  return after_ruler ? "the " + ordinal_words(*value) : cardinal_words(*value);
}

/// "example.org/page", "a.person@example.org" as they are spelled out.
std::string address_words(const std::string& word) {
  static const std::set<std::string, std::less<>> endings{"com",  "org",  "net", "edu",  "gov", "io",   "dev", "uk",  "de", "fr",  "eu",
                                                          "app",  "info", "ai",  "us",   "txt", "html", "pdf", "py",  "js", "cpp", "json",
                                                          "yaml", "csv",  "doc", "docx", "xml", "png",  "jpg", "wav", "zip"};
  std::string rest = word;
  const bool scheme = rest.find("://") != std::string::npos;
  if (scheme) rest.erase(0, rest.find("://") + 3);
  const size_t slash = std::min(rest.find('/'), rest.size()), dot = rest.substr(0, slash).rfind('.');
  if (dot == std::string::npos || dot == 0) return {};
  const bool known = endings.contains(lower_case(rest.substr(dot + 1, slash - dot - 1)));
  if (!scheme && !rest.starts_with("www.") && !known) return {};
  std::string out;
  for (const char c : rest) {
    const char* name = c == '.' ? "dot" : c == '/' ? "slash" : c == '@' ? "at" : c == '-' ? "dash" : c == '_' ? "underscore" : c == ':' ? "colon" : nullptr;
    if (name)
      out += fmt::format(" {} ", name);
    else
      out += c;
  }
  replace_all(out, "www dot", "W W W dot");
  return std::string(trimmed(out));
}

std::string sign_words(const std::string& word) {
  static const std::map<std::string, std::string, std::less<>> table{
      {"&", "and"},          {"+", "plus"},  {"=", "equals"},     {"@", "at"},      {"%", "percent"},      {"#", "number"}, {"<", "less than"},
      {">", "greater than"}, {"×", "times"}, {"÷", "divided by"}, {"°", "degrees"}, {"→", "to"},           {"*", ""},       {"§", "section"},
      {"©", "copyright"},    {"|", ""},      {"≈", "about"},      {"~", "about"},   {"±", "plus or minus"}};
  const auto found = table.find(word);
  return found == table.end() ? "" : found->second.empty() ? " " : found->second;
}

/// "AT&T", "Q&A" by letters; "and/or" as two words.
std::string letters_and_letters(const std::string& word) {
  const size_t at = word.find_first_of("&/");
  if (at == 0 || at == std::string::npos || at + 1 == word.size()) return {};
  const std::string first = word.substr(0, at), second = word.substr(at + 1);
  const bool capitals = std::all_of(first.begin(), first.end(), capital) && std::all_of(second.begin(), second.end(), capital);
  if (word[at] == '&' && capitals) {
    std::string out;
    for (const char c : first) out += std::string(1, c) + ' ';
    out += "and";
    for (const char c : second) out += std::string(" ") + c;
    return out;
  }
  if (word[at] == '/' && std::all_of(first.begin(), first.end(), letter) && std::all_of(second.begin(), second.end(), letter)) return first + ' ' + second;
  return {};
}

/// Letters and figures that are joined: "MP3", "B2B", "4K".
std::string joined_words(const std::string& word) {
  const bool figures = std::any_of(word.begin(), word.end(), is_figure);
  if (!figures ||
      !std::all_of(word.begin(), word.end(), [](char c) { return letter(c) || is_figure(c) || c == '-' || c == '/' || c == '_' || c == '.' || c == ','; }))
    return {};
  std::string out;
  for (size_t at = 0; at < word.size();) {
    size_t end = at + 1;
    while (end < word.size() && is_figure(word[end]) == is_figure(word[at]) && letter(word[end]) == letter(word[at])) ++end;
    const std::string part = word.substr(at, end - at);
    const std::string said = is_figure(part[0]) ? number_words(part).value_or(part) : letter(part[0]) ? part : part == "/" ? "slash" : "";
    if (!said.empty()) out += (out.empty() ? "" : " ") + said;
    at = end;
  }
  return out;
}

}  // namespace

namespace detail {

std::string said_abbreviation(const std::string& word, const std::string& before, const std::string& after) {
  static const std::map<std::string, std::string, std::less<>> table{{"Mr", "Mister"},
                                                                     {"Mrs", "Missus"},
                                                                     {"Ms", "Miz"},
                                                                     {"Prof", "Professor"},
                                                                     {"Jr", "Junior"},
                                                                     {"Sr", "Senior"},
                                                                     {"vs", "versus"},
                                                                     {"etc", "et cetera"},
                                                                     {"e.g", "for example"},
                                                                     {"i.e", "that is"},
                                                                     {"approx", "approximately"},
                                                                     {"Ave", "Avenue"},
                                                                     {"Blvd", "Boulevard"},
                                                                     {"Rd", "Road"},
                                                                     {"Mt", "Mount"},
                                                                     {"Gen", "General"},
                                                                     {"Col", "Colonel"},
                                                                     {"Sgt", "Sergeant"},
                                                                     {"Capt", "Captain"},
                                                                     {"Lt", "Lieutenant"},
                                                                     {"Rev", "Reverend"},
                                                                     {"Hon", "Honorable"},
                                                                     {"Gov", "Governor"},
                                                                     {"Sen", "Senator"},
                                                                     {"Rep", "Representative"},
                                                                     {"Pres", "President"},
                                                                     {"Inc", "Incorporated"},
                                                                     {"Ltd", "Limited"},
                                                                     {"Co", "Company"},
                                                                     {"Corp", "Corporation"},
                                                                     {"Dept", "Department"},
                                                                     {"Fig", "Figure"},
                                                                     {"Vol", "Volume"},
                                                                     {"Jan", "January"},
                                                                     {"Feb", "February"},
                                                                     {"Mar", "March"},
                                                                     {"Apr", "April"},
                                                                     {"Jun", "June"},
                                                                     {"Jul", "July"},
                                                                     {"Aug", "August"},
                                                                     {"Sep", "September"},
                                                                     {"Sept", "September"},
                                                                     {"Oct", "October"},
                                                                     {"Nov", "November"},
                                                                     {"Dec", "December"},
                                                                     {"Mon", "Monday"},
                                                                     {"Tue", "Tuesday"},
                                                                     {"Wed", "Wednesday"},
                                                                     {"Thu", "Thursday"},
                                                                     {"Fri", "Friday"},
                                                                     {"Sat", "Saturday"},
                                                                     {"Sun", "Sunday"},
                                                                     {"dept", "department"},
                                                                     {"est", "established"},
                                                                     {"fig", "figure"},
                                                                     {"vol", "volume"},
                                                                     {"Ph.D", "P H D"},
                                                                     {"al", "al"}};
  if (word == "Dr") return capitalised(before) && !capitalised(after) ? "Drive" : "Doctor";
  if (word == "St") return capitalised(before) || !capitalised(after) ? "Street" : "Saint";
  if (word == "No" || word == "Nos" || word == "no" || word == "nos") {
    if (after.empty() || !is_figure(after[0])) return "";
    return std::string(small(word[0]) ? "number" : "Number") + (word.size() == 3 ? "s" : "");
  }
  if (word == "pp" || word == "p") return !after.empty() && is_figure(after[0]) ? (word == "p" ? "page" : "pages") : "";
  const auto found = table.find(word);
  return found == table.end() ? "" : found->second;
}

std::string said_word(const std::string& word, const std::string& before, const std::string& after, size_t& used) {
  static const std::set<std::string, std::less<>> telephones{"call", "dial", "phone"}, roads{"route", "flight", "highway", "boeing", "airbus", "interstate"};
  used = 0;
  if (std::string found = sign_words(word); !found.empty()) return found;
  if (word.size() == 3 && whole_number(word)) {
    if (telephones.contains(lower_case(before))) return digit_words(word);
    if (roads.contains(lower_case(before)) && word[1] != '0')
      return cardinal_words(*whole_number(word.substr(0, 1))) + ' ' + cardinal_words(*whole_number(word.substr(1)));
  }
  if (std::string found = said_quantity(word, after, used); !found.empty())
    return (before == "a" || before == "A" || before == "an") && (used > 0 || !after.empty()) ? one_of(found) : found;
  if (std::string found = roman_words(word, before); !found.empty()) return found;
  if (std::string found = address_words(word); !found.empty()) return found;
  if (word.size() > 1 && word[0] == '#' && is_figure(word[1])) {
    const std::string number = said_word(word.substr(1), "number", after, used);
    return "number " + number;
  }
  if (word.size() > 1 && word[0] == '\'' && is_figure(word[1])) return said_word(word.substr(1), before, after, used);  // '90s
  if (word == "w/" || word == "w/o") return word == "w/" ? "with" : "without";
  if (word == "PhD") return "P H D";
  if (word.size() > 1 && (word[0] == '#' || word[0] == '@') && letter(word[1])) return (word[0] == '@' ? "at " : "") + word.substr(1);
  for (const std::string_view sign : {"~", "≈", "±"})
    if (word.starts_with(sign) && word.size() > sign.size()) {
      const std::string number = said_word(word.substr(sign.size()), before, after, used);
      return number.empty() ? "" : sign_words(std::string(sign)) + ' ' + number;
    }
  if (std::string found = letters_and_letters(word); !found.empty()) return found;
  if (word.size() > 3 && word.find('.') != std::string::npos) {  // U.S.A: letters
    std::string letters = [&] {
      std::string out;
      for (size_t i = 0; i < word.size(); ++i)
        if (i % 2 == 0 ? !letter(word[i]) : word[i] != '.')
          return std::string();
        else if (i % 2 == 0)
          out += std::string(out.empty() ? "" : " ") + static_cast<char>(small(word[i]) ? word[i] - 32 : word[i]);
      return out;
    }();
    if (!letters.empty()) return letters;
  }
  if (word.size() == 3 && word[1] == '.' && letter(word[0]) && letter(word[2]))
    return fmt::format("{} {}", static_cast<char>(small(word[0]) ? word[0] - 32 : word[0]), static_cast<char>(small(word[2]) ? word[2] - 32 : word[2]));
  return joined_words(word);
}

}  // namespace detail

namespace {

/// An abbreviation with its full stop, which stays in `end` if it ends a sentence too.
std::string abbreviation_words(const std::vector<Written>& words, size_t at, std::string& end, size_t& used) {
  // Those that are usual at an end.
  static const std::set<std::string, std::less<>> ending{"St", "etc", "Inc", "Ltd", "Jr", "Sr", "Co", "Corp", "Ave", "Blvd", "Rd", "Dr"};
  const std::string& core = words[at].core;
  const bool is_last = at + 1 == words.size();
  const std::string before = at > 0 ? words[at - 1].core : "", after = is_last ? "" : words[at + 1].core;
  std::string said = detail::said_abbreviation(core, before, after);
  const bool last = is_last || words[at + 1].breaks || (ending.contains(core) && said != "Doctor" && said != "Saint" && capitalised(after));
  const bool dotted = core.size() >= 3 && core[1] == '.';
  if (core.size() == 1 && capital(core[0]) && !is_last && !words[at + 1].breaks && !after.empty() && capital(after[0]) &&
      (before.empty() || capitalised(before) || (before.size() == 1 && capital(before[0]))))
    end.erase(0, 1);  // J. R. R. Tolkien
  if ((!said.empty() || dotted) && !(last || (dotted && capitalised(after) && core != "e.g" && core != "i.e"))) end.erase(0, 1);
  if (!said.empty() && end.empty() && !after.empty()) {  // Dec. 25
    std::string month = detail::said_quantity(said, after, used);
    if (!month.empty()) return month;
  }
  return said;
}

/// What the punctuation around it says about a number: "(555) 123-4567", "3 in. of".
std::string words_by_punctuation(const std::vector<Written>& words, size_t at, size_t& used) {
  if (at + 1 >= words.size() || !whole_number(words[at].core)) return {};
  const Written &word = words[at], &next = words[at + 1];
  if (word.before == "(" && word.after == ")" && word.core.size() == 3 && next.core.size() == 8 && next.core[3] == '-') return digit_words(word.core);
  if (next.core != "in" || !next.after.starts_with(".") || !word.after.empty()) return {};
  used = 1;
  return cardinal_words(*whole_number(word.core)) + (word.core == "1" ? " inch" : " inches");
}

}  // namespace

std::vector<SaidPart> said_parts(const std::string& text) {
  const std::vector<Written> words = words_of(plain_signs(text));
  std::vector<SaidPart> out;
  for (size_t i = 0; i < words.size(); ++i) {
    const Written& word = words[i];
    const auto core = [&](size_t at) { return at < words.size() ? words[at].core : std::string(); };
    const std::string before = i > 0 ? words[i - 1].core : "", after = core(i + 1);
    if (word.breaks && !out.empty() && std::string_view(".!?:;…").find(out.back().said.back()) == std::string_view::npos) out.back().said += '.';
    const bool line = !word.core.empty() && word.core.find_first_not_of("#=_~`*-") == std::string::npos, begins = i == 0 || word.breaks;
    if (line && (word.core.size() > 2 || word.core[0] == '#' || word.core[0] == '`' || (begins && word.core != "~"))) continue;  // Markdown's
    if (begins && (word.core == ">" || word.core == "•")) continue;
    std::string end = word.after, written = word.before + word.core + word.after;
    size_t used = 0;
    std::string said = end.starts_with(".") ? abbreviation_words(words, i, end, used) : "";
    if (said.empty()) said = words_by_punctuation(words, i, used);
    const bool inches = used > 0 && core(i + 1) == "in";
    if (said.empty()) said = detail::said_word(word.core, before, end.empty() || end == "." ? after : "", used);
    std::string whole = word.before + (said.empty() ? word.core : said);
    for (size_t more = 1; more <= used; ++more) written += ' ' + words[i + more].before + words[i + more].core + words[i + more].after;
    if (used > 0) {
      i += used;
      end = words[i].after;
      const bool half = said.ends_with(" M") && end.starts_with(".") && words[i].core.find('.') != std::string::npos;
      if ((half && i + 1 < words.size() && !capitalised(core(i + 1))) || (inches && i + 1 < words.size())) end.erase(0, 1);
    }
    whole += end;
    if (!whole.empty()) out.push_back({std::move(written), std::move(whole)});
  }
  return out;
}

std::string said_text(const std::string& text) {
  std::string out;
  for (const SaidPart& part : said_parts(text)) out += (out.empty() ? "" : " ") + part.said;
  return std::string(trimmed(out));
}

}  // namespace ptah
