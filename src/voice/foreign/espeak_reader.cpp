#include "voice/foreign/espeak_reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/process.h"
#include "base/text.h"
#include "voice/voices.h"

namespace ptah {

namespace {

constexpr size_t kMaxClauseWords = 40;  ///< of a clause: more are parted
constexpr size_t kForeignJoined = 160;  ///< sentences are joined while they are shorter together

constexpr std::array<std::pair<std::string_view, const char*>, 10> kTied{
    {{"a^ɪ", "I"}, {"a^ʊ", "W"}, {"d^z", "ʣ"}, {"d^ʒ", "ʤ"}, {"e^ɪ", "A"}, {"o^ʊ", "O"}, {"ə^ʊ", "Q"}, {"t^s", "ʦ"}, {"t^ʃ", "ʧ"}, {"ɔ^ɪ", "Y"}}};

/// Marks that end a clause, and what is said for them.
constexpr std::array<std::pair<std::string_view, const char*>, 10> kMarks{
    {{".", "."}, {"!", "!"}, {"?", "?"}, {"…", "…"}, {",", ","}, {";", ";"}, {":", ":"}, {"—", "—"}, {"।", "."}, {"–", "—"}}};

bool ends_one(std::string_view mark) { return mark == "." || mark == "!" || mark == "?" || mark == "…"; }

struct Clause {
  std::string text, mark;  ///< a mark of kMarks or none
  bool paragraph = false;
};

/// A point or comma between digits belongs to a number.
bool within_number(const std::string& text, size_t at) {
  const auto digit = [&](size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
  return (text[at] == '.' || text[at] == ',' || text[at] == ':') && at > 0 && digit(at - 1) && digit(at + 1);
}

std::vector<Clause> clauses_of(const std::string& text) {
  std::vector<Clause> out;
  Clause now;
  size_t words = 0;
  const auto close = [&](const std::string& mark) {
    now.mark = mark;
    if (!trimmed(now.text).empty())
      out.push_back(now);
    else if (!out.empty() && ends_one(mark) && !ends_one(out.back().mark))
      out.back().mark = mark;
    now = {}, words = 0;
  };
  for (size_t at = 0; at < text.size();) {
    if (text.compare(at, 2, "\n\n") == 0) {
      close("");
      if (!out.empty()) out.back().paragraph = true;
      at += 2;
      continue;
    }
    const auto mark = std::find_if(kMarks.begin(), kMarks.end(), [&](const auto& one) { return text.compare(at, one.first.size(), one.first) == 0; });
    if (mark != kMarks.end() && !within_number(text, at)) {
      close(mark->second);
      at += mark->first.size();
      continue;
    }
    if (text[at] == ' ' && ++words >= kMaxClauseWords) close("");
    now.text += text[at] == '\n' || text[at] == '\t' || text[at] == '\r' ? ' ' : text[at];
    ++at;
  }
  close("");
  if (!out.empty()) out.back().paragraph = true;
  return out;
}

std::vector<std::string> parted_at_blanks(const std::string& text) {
  std::vector<std::string> out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    if (end > at) out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

size_t phonemes_in(const std::string& text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size();) {
    size_t end = at + 1;
    while (end < text.size() && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) ++end;
    count += is_phoneme(text.substr(at, end - at));
    at = end;
  }
  return count;
}

/// Puts a group of phonemes behind the others, and the word that they stand for.
void append_group(Utterance& out, const std::string& group, const std::string& word) {
  if (!out.phonemes.empty()) out.phonemes += ' ', ++out.characters;
  const size_t count = phonemes_in(group);
  if (!word.empty()) {
    out.words.push_back({word, word, out.characters, out.characters + count});
    out.text += (out.text.empty() ? "" : " ") + word;
  } else if (!out.words.empty()) {
    out.words.back().end = out.characters + count;
  }
  out.phonemes += group;
  out.characters += count;
}

}  // namespace

std::string espeak_language(char voice) {
  constexpr std::array<std::pair<char, const char*>, 5> kLanguages{{{'e', "es"}, {'f', "fr-fr"}, {'h', "hi"}, {'i', "it"}, {'p', "pt-br"}}};
  for (const auto& [letter, language] : kLanguages)
    if (letter == voice) return language;
  return {};
}

PhonemesOfClause espeak(const std::string& language, const CancelToken* cancel) {
  return [language, cancel](const std::string& clause) -> Result<std::string> {
    const auto ran = run_program({"espeak-ng", "-q", "--ipa", "--tie=^", "-v", language, "--", clause}, cancel);
    if (!ran && ran.error().code == ErrorCode::not_found)
      return fail(ErrorCode::not_found,
                  "texts in other languages than English are read by espeak-ng, which is not installed (Debian: apt-get install espeak-ng)");
    if (!ran) return tl::unexpected(ran.error());
    if (ran->exit_status != 0) return fail(ErrorCode::io, "espeak-ng: {}", printable(ran->output, 200));
    return ran->output;
  };
}

std::string short_espeak_phonemes(std::string ipa) {
  for (size_t open = ipa.find('('); open != std::string::npos; open = ipa.find('(', open)) {  // "(en)": it changes to another language
    const size_t end = ipa.find(')', open);
    if (end == std::string::npos) break;
    ipa.erase(open, end + 1 - open);
  }
  for (const auto& [tied, character] : kTied) replace_all(ipa, std::string(tied), character);
  std::string out;
  for (const char c : ipa)
    if (c == '\n' || c == '\r' || c == '\t')
      out += ' ';
    else if (c != '^' && c != '-' && c != '_')
      out += c;
  return std::string(trimmed(out));
}

Result<std::vector<Utterance>> read_foreign(const std::string& text, const PhonemesOfClause& phonemes, size_t max_phonemes) {
  if (invalid_utf8_at(text) != std::string::npos) return fail(ErrorCode::invalid_argument, "the text is not UTF-8");
  std::vector<Utterance> out;
  Utterance now;
  const auto close = [&](bool paragraph) {
    now.paragraph = paragraph;
    if (!now.words.empty()) out.push_back(std::exchange(now, {}));
    now = {};
    if (paragraph && !out.empty()) out.back().paragraph = true;
  };
  for (const Clause& clause : clauses_of(text)) {
    PTAH_TRY(const std::string said, phonemes(std::string(trimmed(clause.text))));
    const std::vector<std::string> groups = parted_at_blanks(short_espeak_phonemes(said)), words = parted_at_blanks(clause.text);
    const bool alike = groups.size() == words.size();
    const size_t count = phonemes_in(short_espeak_phonemes(said));
    if (now.characters > 0 && now.characters + count + 2 > std::min(kForeignJoined, max_phonemes)) close(false);
    for (size_t i = 0; i < groups.size(); ++i) {
      if (phonemes_in(groups[i]) == 0) continue;
      if (now.characters + phonemes_in(groups[i]) + 2 > max_phonemes) close(false);
      const bool first = now.words.empty() || i == 0;
      append_group(now, groups[i], alike ? words[i] : first ? std::string(trimmed(clause.text)) : "");
    }
    if (!clause.mark.empty() && !now.words.empty()) {
      now.phonemes += clause.mark, now.text += clause.mark, ++now.characters;
      now.words.back().written += clause.mark;
    }
    if (clause.paragraph) close(true);
  }
  close(true);
  if (out.empty()) return fail(ErrorCode::invalid_argument, "no words to say");
  return out;
}

}  // namespace ptah
