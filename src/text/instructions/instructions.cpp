#include "text/instructions/instructions.h"

#include <algorithm>
#include <map>

#include "base/json_lines.h"
#include "base/text.h"
#include "text/grammar/grammar.h"
#include "text/instructions/passages.h"
#include "text/language_of.h"

namespace ptah {

namespace {

using std::string_view;

bool in_relation(const Json& arguments, const char* relation, const char* bound, size_t count) {
  const auto wanted = arguments.at(bound).get<int64_t>();
  return arguments.at(relation).get<std::string>() == "less than" ? static_cast<int64_t>(count) < wanted : static_cast<int64_t>(count) >= wanted;
}
std::string text_of(const Json& arguments, const char* key) { return arguments.at(key).get<std::string>(); }
bool at_least(size_t count, const Json& arguments, const char* key) { return static_cast<int64_t>(count) >= arguments.at(key).get<int64_t>(); }
bool exactly(size_t count, const Json& arguments, const char* key) { return static_cast<int64_t>(count) == arguments.at(key).get<int64_t>(); }
bool contains(string_view text, string_view part) { return text.find(part) != string_view::npos; }

bool starts_with(string_view text, string_view start) { return text.substr(0, start.size()) == start; }
bool ends_with(string_view text, string_view end) { return text.size() >= end.size() && text.substr(text.size() - end.size()) == end; }

// ---- languages

/// A share of a text's letters lies between two characters, `bytes` long in UTF-8.
double share_between(string_view text, string_view first, string_view last) {
  size_t letters = 0, found = 0;
  for (size_t at = 0; at < text.size();) {
    const auto lead = static_cast<uint8_t>(text[at]);
    const size_t bytes = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    const string_view c = text.substr(at, bytes);
    at += bytes;
    if (lead < 0x80 && !((lead | 0x20) >= 'a' && (lead | 0x20) <= 'z')) continue;
    ++letters;
    found += c.size() == first.size() && c >= first && c <= last;
  }
  return letters ? static_cast<double>(found) / static_cast<double>(letters) : 0;
}

struct Script {
  const char *code, *first, *last;
  const char* own;     ///< letters or words that tell the language from others of its script; empty: none are needed
  const char* others;  ///< that the language does not have
};
/// Languages that share their script, or that language_of() does not know.
constexpr Script kScripts[] = {
    {"kn", "\u0C80", "\u0CFF", "", ""},
    {"pa", "\u0A00", "\u0A7F", "", ""},
    {"gu", "\u0A80", "\u0AFF", "", ""},
    {"bn", "\u0980", "\u09FF", "", ""},
    {"ta", "\u0B80", "\u0BFF", "", ""},
    {"te", "\u0C00", "\u0C7F", "", ""},
    {"ml", "\u0D00", "\u0D7F", "", ""},
    {"hi", "\u0900", "\u097F", " है| हैं| का | की | में | नहीं| और |हूँ", "आहे| आणि | छ।| हुन्छ| गर्न"},
    {"mr", "\u0900", "\u097F", "आहे|आणि|ळ|च्या| नाही|तुम|मी ", " है| हैं| छ।"},
    {"ne", "\u0900", "\u097F", " छ| हुन्छ| गर्न| हो|लाई|मा | र ", " है| हैं|आहे"},
    {"ar", "\u0600", "\u06FF", "", "پ|چ|ژ|گ|ی|ک|ٹ|ڈ|ڑ|ے|ں"},
    {"fa", "\u0600", "\u06FF", "پ|چ|ژ|گ|ی|ک", "ٹ|ڈ|ڑ|ے|ں"},
    {"ur", "\u0600", "\u06FF", "ٹ|ڈ|ڑ|ے|ں", ""},
    {"bg", "\u0400", "\u04FF", "ъ| се | на | е | да ", "ы|э|ё"},
    {"uk", "\u0400", "\u04FF", "і|ї|є|ґ", "ы|э|ё|ъ"},
    {"ru", "\u0400", "\u04FF", "ы|э|ё", "і|ї|є"},
};

bool has_any(string_view text, string_view options) {
  for (const string_view option : split_at(options, "|"))
    if (!option.empty() && contains(text, option)) return true;
  return false;
}

/// Languages in Latin letters that language_of() does not know, by their commonest words.
size_t words_among(string_view text, string_view words) {
  const std::vector<string_view> known = split_at(words, " ");
  size_t found = 0;
  const std::string small = small_letters(text);
  for (const string_view word : word_runs(small)) found += std::find(known.begin(), known.end(), word) != known.end();
  return found;
}

bool is_in_language(string_view text, const std::string& code) {
  for (const Script& script : kScripts)
    if (code == script.code)
      return share_between(text, script.first, script.last) > 0.5 && (*script.own == 0 || has_any(text, script.own)) && !has_any(text, script.others);
  constexpr string_view kVietnamese = "và của là có không cho một được người trong với các những để khi này đã như từ đó",
                        kFinnish = "ja on ei se että en hän oli mutta joka ovat kun niin myös tai kuin voi olen olla",
                        kSwahili = "na ya wa kwa ni katika za la cha hii kuwa au lakini yangu sana mimi hivyo watu";
  const size_t words = word_runs(text).size();
  const auto often = [&](string_view list) { return 10 * words_among(text, list) >= words && words > 0 && words_among(text, list) >= 2; };
  if (code == "vi") return often(kVietnamese);
  if (code == "fi") return often(kFinnish);
  if (code == "sw") return often(kSwahili);
  return language_of(text) == code;
}

/// English, or so little that nothing else can be told.
bool may_be_english(string_view text) {
  const std::string language = language_of(small_letters(text));
  return (language.empty() || language == "en") && share_between(text, "A", "z") > 0.5;
}

// ---- the kinds

/// Non-empty texts between pairs of one mark, as /\*[^\n*]*\*/ finds them.
size_t between_marks(string_view text, string_view open) {
  size_t count = 0;
  for (size_t at = text.find(open); at != string_view::npos;) {
    const size_t begin = at + open.size(), end = text.find_first_of("*\n", begin);
    if (end == string_view::npos) break;
    if (text.substr(end, open.size()) != open) {  // no pair: the search goes on behind the first character of the mark
      at = text.find(open, at + 1);
      continue;
    }
    count += !trimmed(text.substr(begin, end - begin)).empty();
    at = text.find(open, end + open.size());
  }
  return count;
}

bool bullets(const Json& a, string_view answer) {
  size_t count = 0;
  for (string_view line : split_lines(answer)) {
    line = trimmed(line);
    count += (line.size() > 1 && line[0] == '*' && line[1] != '*') || (!line.empty() && line[0] == '-');
  }
  return exactly(count, a, "num_bullets");
}

bool sections(const Json& a, string_view answer) {
  const std::string mark = text_of(a, "section_spliter");
  size_t count = 0;
  for (size_t at = answer.find(mark); at != string_view::npos; at = answer.find(mark, at + mark.size())) {
    size_t next = at + mark.size();
    if (next < answer.size() && string_view(" \t\r\n").find(answer[next]) != string_view::npos) ++next;
    count += next < answer.size() && answer[next] >= '0' && answer[next] <= '9';
  }
  return at_least(count, a, "num_sections");
}

bool paragraphs(const Json& a, string_view answer) {
  const std::vector<string_view> parts = split_at(answer, "***");
  size_t count = parts.size();
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!trimmed(parts[i]).empty()) continue;
    if (i != 0 && i + 1 != parts.size()) return false;
    --count;
  }
  return exactly(count, a, "num_paragraphs");
}

bool postscript(const Json& a, string_view answer) {
  const std::string marker = text_of(a, "postscript_marker");
  const std::string small = small_letters(answer);
  // letters of the marker with stops, a blank between them or not
  const auto stands = [&](string_view letters) {
    for (size_t at = small.find(letters[0]); at != std::string::npos; at = small.find(letters[0], at + 1)) {
      size_t next = at, i = 0;
      for (; i < letters.size() && next < small.size() && small[next] == letters[i]; ++i) {
        ++next;
        if (i + 1 < letters.size() || letters.size() == 2) {
          if (next >= small.size() || small[next] != '.') break;
          ++next;
        }
        if (i + 1 < letters.size() && next < small.size() && (small[next] == ' ' || small[next] == '\n' || small[next] == '\t')) ++next;
      }
      if (i == letters.size()) return true;
    }
    return false;
  };
  if (marker == "P.P.S") return stands("pps");
  if (marker == "P.S.") return stands("ps");
  return contains(small, small_letters(marker));
}

bool first_word_of_paragraph(const Json& a, string_view answer) {
  const std::vector<string_view> parts = split_at(answer, "\n\n");
  size_t count = 0;
  for (const string_view part : parts) count += !trimmed(part).empty();
  const auto wanted = a.at("nth_paragraph").get<int64_t>();
  if (wanted < 1 || wanted > static_cast<int64_t>(count)) return false;
  const string_view paragraph = trimmed(parts[static_cast<size_t>(wanted - 1)]);
  if (paragraph.empty()) return false;
  string_view word = paragraph.substr(0, paragraph.find_first_of(" \t\r\n\f\v"));
  while (!word.empty() && word[0] == '\'') word.remove_prefix(1);
  while (!word.empty() && word[0] == '"') word.remove_prefix(1);
  word = word.substr(0, word.find_first_of(".,?!'\""));
  return exactly(count, a, "num_paragraphs") && small_letters(word) == small_letters(text_of(a, "first_word"));
}

bool is_json(string_view answer) {
  string_view text = trimmed(answer);
  for (const string_view fence : {"```json", "```Json", "```JSON", "```"})
    if (starts_with(text, fence)) {
      text.remove_prefix(fence.size());
      break;
    }
  if (ends_with(text, "```")) text.remove_suffix(3);
  return parse_json(std::string(trimmed(text))).has_value();
}

bool two_responses(string_view answer) {
  const std::vector<string_view> parts = split_at(answer, "******");
  std::vector<string_view> valid;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!trimmed(parts[i]).empty())
      valid.push_back(trimmed(parts[i]));
    else if (i != 0 && i + 1 != parts.size())
      return false;
  }
  return valid.size() == 2 && valid[0] != valid[1];
}

bool titled(string_view answer) {
  for (const string_view line : split_lines(answer)) {
    const size_t open = line.find("<<");
    if (open == string_view::npos) continue;
    const size_t close = line.rfind(">>");
    if (close == string_view::npos || close < open + 3) continue;
    string_view inner = line.substr(open, close - open);
    while (!inner.empty() && inner[0] == '<') inner.remove_prefix(1);
    while (!inner.empty() && inner.back() == '>') inner.remove_suffix(1);
    if (!trimmed(inner).empty()) return true;
  }
  return false;
}

size_t placeholders(string_view answer) {
  size_t count = 0;
  for (const string_view line : split_lines(answer))
    for (size_t open = line.find('['); open != string_view::npos;) {
      const size_t close = line.find(']', open);
      if (close == string_view::npos) break;
      ++count;
      open = line.find('[', close);
    }
  return count;
}

bool follows_schema(const Json& a, string_view answer) {
  // The grammar holds properties to the schema's order. Here any order will do: Json sorts those of both.
  const auto grammar = Grammar::from_json_schema(OrderedJson::parse(text_of(a, "schema_text"), nullptr, false));
  const auto value = parse_json(std::string(trimmed(answer)));
  if (!grammar || !value) return false;
  try {
    return GrammarAutomaton(*grammar).matches(value->dump(-1, ' ', false, Json::error_handler_t::replace));
  } catch (const Failure&) {
    return false;  // too many ways to read it
  }
}

enum class Wanted : uint8_t { number, text, texts, relation, schema };
struct Kind {
  std::vector<std::pair<const char*, Wanted>> arguments;
  bool (*check)(const Json&, string_view);
};

const std::map<std::string, Kind>& known_kinds() {
  static const std::map<std::string, Kind> kKinds{
      {"change_case:capital_word_frequency",
       {{{"capital_relation", Wanted::relation}, {"capital_frequency", Wanted::number}},
        [](const Json& a, string_view s) {
          const auto words = bare_words(s);
          return in_relation(a, "capital_relation", "capital_frequency", static_cast<size_t>(std::count_if(words.begin(), words.end(), all_capital)));
        }}},
      {"change_case:english_capital", {{}, [](const Json&, string_view s) { return all_capital(s) && may_be_english(s); }}},
      {"change_case:english_lowercase", {{}, [](const Json&, string_view s) { return all_small(s) && may_be_english(s); }}},
      {"combination:repeat_prompt",
       {{{"prompt_to_repeat", Wanted::text}},
        [](const Json& a, string_view s) { return starts_with(small_letters(trimmed(s)), small_letters(trimmed(text_of(a, "prompt_to_repeat")))); }}},
      {"combination:two_responses", {{}, [](const Json&, string_view s) { return two_responses(s); }}},
      {"detectable_content:number_placeholders",
       {{{"num_placeholders", Wanted::number}}, [](const Json& a, string_view s) { return at_least(placeholders(s), a, "num_placeholders"); }}},
      {"detectable_content:postscript", {{{"postscript_marker", Wanted::text}}, postscript}},
      {"detectable_format:constrained_response",
       {{},
        [](const Json&, string_view s) { return contains(s, "My answer is yes.") || contains(s, "My answer is no.") || contains(s, "My answer is maybe."); }}},
      {"detectable_format:json_format", {{}, [](const Json&, string_view s) { return is_json(s); }}},
      {"detectable_format:multiple_sections", {{{"section_spliter", Wanted::text}, {"num_sections", Wanted::number}}, sections}},
      {"detectable_format:number_bullet_lists", {{{"num_bullets", Wanted::number}}, bullets}},
      {"detectable_format:number_highlighted_sections",
       {{{"num_highlights", Wanted::number}},
        [](const Json& a, string_view s) { return at_least(between_marks(s, "*") + between_marks(s, "**"), a, "num_highlights"); }}},
      {"detectable_format:title", {{}, [](const Json&, string_view s) { return titled(s); }}},
      {"keywords:existence",
       {{{"keywords", Wanted::texts}},
        [](const Json& a, string_view s) {
          return std::all_of(a.at("keywords").begin(), a.at("keywords").end(),
                             [&](const Json& word) { return count_of(s, word.get<std::string>(), false) > 0; });
        }}},
      {"keywords:forbidden_words",
       {{{"forbidden_words", Wanted::texts}},
        [](const Json& a, string_view s) {
          return std::none_of(a.at("forbidden_words").begin(), a.at("forbidden_words").end(),
                              [&](const Json& word) { return count_of(s, word.get<std::string>(), true) > 0; });
        }}},
      {"keywords:frequency",
       {{{"relation", Wanted::relation}, {"keyword", Wanted::text}, {"frequency", Wanted::number}},
        [](const Json& a, string_view s) { return in_relation(a, "relation", "frequency", count_of(s, text_of(a, "keyword"), false)); }}},
      {"keywords:letter_frequency",
       {{{"let_relation", Wanted::relation}, {"letter", Wanted::text}, {"let_frequency", Wanted::number}},
        [](const Json& a, string_view s) { return in_relation(a, "let_relation", "let_frequency", count_of(s, text_of(a, "letter"), false)); }}},
      {"language:response_language", {{{"language", Wanted::text}}, [](const Json& a, string_view s) { return is_in_language(s, text_of(a, "language")); }}},
      {"length_constraints:nth_paragraph_first_word",
       {{{"num_paragraphs", Wanted::number}, {"nth_paragraph", Wanted::number}, {"first_word", Wanted::text}}, first_word_of_paragraph}},
      {"length_constraints:number_paragraphs", {{{"num_paragraphs", Wanted::number}}, paragraphs}},
      {"length_constraints:number_sentences",
       {{{"relation", Wanted::relation}, {"num_sentences", Wanted::number}},
        [](const Json& a, string_view s) { return in_relation(a, "relation", "num_sentences", count_sentences(s)); }}},
      {"length_constraints:number_words",
       {{{"relation", Wanted::relation}, {"num_words", Wanted::number}},
        [](const Json& a, string_view s) { return in_relation(a, "relation", "num_words", word_runs(s).size()); }}},
      {"punctuation:no_comma", {{}, [](const Json&, string_view s) { return !contains(s, ","); }}},
      {"startend:end_checker",
       {{{"end_phrase", Wanted::text}},
        [](const Json& a, string_view s) {
          string_view text = trimmed(s);
          while (!text.empty() && text[0] == '"') text.remove_prefix(1);
          while (!text.empty() && text.back() == '"') text.remove_suffix(1);
          return ends_with(small_letters(text), small_letters(trimmed(text_of(a, "end_phrase"))));
        }}},
      {"startend:quotation", {{}, [](const Json&, string_view s) { return trimmed(s).size() > 1 && trimmed(s)[0] == '"' && trimmed(s).back() == '"'; }}},
      {"json_schema", {{{"schema", Wanted::schema}}, follows_schema}},
  };
  return kKinds;
}

Result<void> check_argument(const std::string& kind, const char* key, Wanted wanted, const Json& arguments) {
  const auto wrong = [&](const char* what) { return fail(ErrorCode::invalid_argument, "instruction {}: '{}' is {}", kind, key, what); };
  if (!arguments.contains(key) || arguments.at(key).is_null()) return wrong("missing");
  const Json& value = arguments.at(key);
  switch (wanted) {
    case Wanted::number:
      if (!value.is_number_integer() || value < 0 || value > 1000000) return wrong("no number from 0 to a million");
      break;
    case Wanted::text:
      if (!value.is_string() || value.get<std::string>().empty()) return wrong("no text");
      break;
    case Wanted::relation:
      if (value != "less than" && value != "at least") return wrong("neither 'less than' nor 'at least'");
      break;
    case Wanted::texts:
      if (!value.is_array() || value.empty() ||
          !std::all_of(value.begin(), value.end(), [](const Json& one) { return one.is_string() && !one.get_ref<const std::string&>().empty(); }))
        return wrong("no list of texts");
      break;
    case Wanted::schema:
      if (!value.is_object()) return wrong("no JSON schema");
      break;
  }
  return {};
}

}  // namespace

const std::vector<std::string>& Instruction::kinds() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names;
    for (const auto& [name, kind] : known_kinds()) names.push_back(name);
    return names;
  }();
  return kNames;
}

Result<Instruction> Instruction::make(const std::string& kind, const Json& arguments) {
  const auto found = known_kinds().find(kind);
  if (found == known_kinds().end()) return unknown_name("instruction", kind, kinds());
  if (!arguments.is_object()) return fail(ErrorCode::invalid_argument, "instruction {}: its arguments are no object", kind);
  Instruction made;
  made.kind_ = kind;
  made.check_ = found->second.check;
  for (const auto& [key, wanted] : found->second.arguments) {
    PTAH_TRY_VOID(check_argument(kind, key, wanted, arguments));
    made.arguments_[key] = arguments.at(key);
  }
  for (const auto& [key, value] : arguments.items())
    if (!value.is_null() && !made.arguments_.contains(key)) return fail(ErrorCode::invalid_argument, "instruction {}: it has no '{}'", kind, key);
  if (kind == "json_schema") {
    const std::string text = arguments.at("schema").dump();
    if (const auto grammar = Grammar::from_json_schema(OrderedJson::parse(text)); !grammar) return tl::unexpected(grammar.error());
    made.arguments_ = {{"schema_text", text}};
  }
  return made;
}

bool Instruction::kept(std::string_view answer) const { return !trimmed(answer).empty() && check_(arguments_, answer); }

double CheckedRequest::share_kept(std::string_view answer) const {
  if (instructions.empty()) return 1;
  const auto kept = std::count_if(instructions.begin(), instructions.end(), [&](const Instruction& one) { return one.kept(answer); });
  return static_cast<double>(kept) / static_cast<double>(instructions.size());
}

Result<CheckedRequest> checked_request(const Json& row) {
  if (!row.is_object() || !row.contains("prompt") || !row.at("prompt").is_string()) return fail(ErrorCode::corrupt, "no 'prompt'");
  const Json kinds = row.value("instruction_id_list", Json()), arguments = row.value("kwargs", Json());
  if (!kinds.is_array() || !arguments.is_array() || kinds.size() != arguments.size() || kinds.size() > 100)
    return fail(ErrorCode::corrupt, "'instruction_id_list' and 'kwargs' are lists of equal length, at most 100");
  CheckedRequest out{row.at("prompt").get<std::string>(), {}};
  for (size_t i = 0; i < kinds.size(); ++i) {
    if (!kinds[i].is_string()) return fail(ErrorCode::corrupt, "'instruction_id_list' holds what is no text");
    PTAH_TRY(Instruction one, Instruction::make(kinds[i].get<std::string>(), arguments[i]));
    out.instructions.push_back(std::move(one));
  }
  return out;
}

Result<std::vector<CheckedRequest>> checked_requests(std::string_view lines, const std::string& name, size_t max_rows) {
  std::vector<CheckedRequest> out;
  PTAH_TRY_VOID(each_json_line(lines, name, [&](const Json& json, const std::string& where) -> Result<void> {
    if (out.size() == max_rows) return fail(ErrorCode::over_budget, "{}: more than {} rows", name, max_rows);
    auto row = checked_request(json);
    if (!row) return fail(row.error().code, "{}: {}", where, row.error().message);
    out.push_back(std::move(*row));
    return {};
  }));
  return out;
}

}  // namespace ptah
