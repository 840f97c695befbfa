#include <algorithm>
#include <cctype>
#include <cmath>

#include "apps/reading/quiz_text.h"
#include "base/text.h"
#include "text/tokenize/vocabulary.h"

namespace ptah {

namespace {

std::set<std::string> set_of(std::string_view words) {
  std::set<std::string> out;
  for (const std::string& word : split_words(words)) out.insert(word);
  return out;
}

const char* const kUnits[] = {"zero", "one",    "two",    "three",    "four",     "five",    "six",     "seven",     "eight",    "nine",
                              "ten",  "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
const char* const kTens[] = {"", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"};

bool letter(unsigned char c) { return std::isalnum(c) != 0 || c >= 0x80; }

}  // namespace

std::vector<QuizWord> quiz_words(const std::string& text) {
  std::vector<QuizWord> out;
  const auto at = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  for (size_t i = 0; i < text.size();) {
    // Curly quotes and long dashes separate words.
    if (at(i) == 0xE2 && at(i + 1) == 0x80) {
      i += 3;
      continue;
    }
    if (!letter(static_cast<unsigned char>(at(i)))) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < text.size() && !(at(end) == 0xE2 && at(end + 1) == 0x80)) {
      const bool joins = (text[end] == '-' || text[end] == '\'' ||
                          ((text[end] == '.' || text[end] == ',') && end > i && std::isdigit(at(end - 1)) != 0 && std::isdigit(at(end + 1)) != 0)) &&
                         end > i && letter(static_cast<unsigned char>(at(end + 1)));
      if (!letter(static_cast<unsigned char>(at(end))) && !joins) break;
      ++end;
    }
    out.push_back({text.substr(i, end - i), i});
    i = end;
  }
  return out;
}

bool common_word(const std::string& word) {
  static const std::set<std::string> words = set_of(
      "the a an and or but nor so yet of to in on at by for from with without into onto over under about after before between during against through is are "
      "was "
      "were be been being am do does did done has have had having will would shall should can could may might must not no yes it its this that these those "
      "there here he she they we you i him her them us me his hers their theirs our ours your yours my mine who whom whose which what when where why how as if "
      "than then because while until since although though each every all any some many much more most few fewer little less least other another such only own "
      "same both either neither one two first last also just even still again once very too up down out off ago never always often now later rather behind "
      "above below near along among across beside beyond inside outside despite according instead therefore "
      "however every nobody somebody everybody nothing everything something");
  return words.contains(lower_case(word));
}

bool past_verb(const std::string& word) {
  static const std::set<std::string> irregular = set_of(
      "was were had did went came took gave began wrote became grew knew saw fell rose ran drew chose broke spoke made said found left built held kept told "
      "brought bought thought taught caught fought sought felt dealt meant sent spent lent lost met paid led fed sold stood understood sat won hung got forgot "
      "wore tore bore swore drove rode ate drank sang sank swam flew threw blew froze stole woke hid slept swept dug struck stuck spread lay laid shook "
      "withdrew overcame arose could might would proved cost ruled bound wound ground shot sprang stung swung clung bent burnt learnt spoilt dreamt burst slid "
      "shrank forbade underwent");
  const std::string w = lower_case(word);
  return irregular.contains(w) ||
         (w.size() >= 4 && w.ends_with("ed") && w != "need" && w != "hundred" && w != "seed" && w != "feed" && w != "speed" && w != "indeed" && w != "breed" &&
          w != "exceed" && w != "proceed" && w != "shed" && w != "sacred" && w != "weed" && w != "steed");
}

bool finite_verb(const std::string& word) {
  static const std::set<std::string> present = set_of(
      "is are has have does do can may must will shall should says makes takes gives keeps holds stands runs lies leads means needs comes goes becomes begins "
      "shows turns costs falls rises grows contains requires allows remains produces carries uses lives works pays includes causes provides");
  return past_verb(word) || present.contains(lower_case(word));
}

std::optional<int> year_of(const std::string& word) {
  if (word.size() != 4 || !std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isdigit(c) != 0; })) return std::nullopt;
  const int year = std::stoi(word);
  return year >= 1000 && year < 2100 ? std::optional(year) : std::nullopt;
}

std::optional<double> number_of(const std::string& word) {
  const std::string w = lower_case(word);
  if (!w.empty() && std::isdigit(static_cast<unsigned char>(w[0])) != 0) {
    std::string digits;
    for (const char c : w) {
      if (c == ',') continue;
      if (std::isdigit(static_cast<unsigned char>(c)) == 0 && c != '.') return std::nullopt;
      digits += c;
    }
    if (digits.size() > 12 || std::count(digits.begin(), digits.end(), '.') > 1) return std::nullopt;
    return std::stod(digits);
  }
  for (int i = 2; i < 20; ++i)
    if (w == kUnits[i]) return i;
  for (int ten = 2; ten < 10; ++ten) {
    if (w == kTens[ten]) return 10 * ten;
    for (int i = 1; i < 10; ++i)
      if (w == std::string(kTens[ten]) + "-" + kUnits[i]) return 10 * ten + i;
  }
  return std::nullopt;
}

std::string written_number(int64_t value, bool in_words, bool commas) {
  if (in_words && value >= 0 && value < 20) return kUnits[value];
  if (in_words && value < 100 && value > 0) return std::string(kTens[value / 10]) + (value % 10 != 0 ? std::string("-") + kUnits[value % 10] : "");
  std::string out = std::to_string(value);
  for (size_t i = out.size(); commas && i > 3; i -= 3) out.insert(i - 3, ",");
  return out;
}

}  // namespace ptah
