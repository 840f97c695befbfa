#include "voice/english/markup.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>

#include "base/text.h"
#include "voice/english/numbers.h"

namespace ptah {

namespace {

constexpr size_t kDeepest = 64;

struct Tag {
  std::string name;
  std::map<std::string, std::string> attributes;
  bool opens = false, closes = false;  ///< both of <break/>
  const std::string& value(const std::string& attribute) const {
    static const std::string none;
    const auto found = attributes.find(attribute);
    return found == attributes.end() ? none : found->second;
  }
};

tl::unexpected<Error> wrong_markup(const std::string& why) { return fail(ErrorCode::invalid_argument, "markup: {}", why); }

/// What &amp; and its like stand for.
Result<std::string> without_entities(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, const char*>, 5> kNamed{{{"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}}};
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = std::min(text.find('&', at), text.size());
    out += text.substr(at, begin - at);
    if (begin == text.size()) break;
    const size_t end = text.find(';', begin);
    if (end == std::string_view::npos || end - begin > 12) return wrong_markup("an & without its ;");
    const std::string_view name = text.substr(begin + 1, end - begin - 1);
    const auto found = std::find_if(kNamed.begin(), kNamed.end(), [&](const auto& one) { return one.first == name; });
    if (found != kNamed.end()) {
      out += found->second;
    } else {
      const bool hex = name.starts_with("#x");
      const std::string_view digits = name.substr(std::min(name.size(), size_t{hex ? 2U : 1U}));
      int32_t value = 0;
      const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
      if (!name.starts_with("#") || read.ec != std::errc() || read.ptr != digits.data() + digits.size() || value < 9 || value > 0x10FFFF ||
          (value >= 0xD800 && value < 0xE000))
        return wrong_markup(fmt::format("&{}; is not known", printable(name, 20)));
      out += utf8_of(value);
    }
    at = end + 1;
  }
  return out;
}

Result<Tag> tag_of(std::string_view text) {
  Tag out;
  out.closes = text.starts_with("/");
  if (out.closes) text.remove_prefix(1);
  out.opens = !out.closes;
  if (text.ends_with("/")) {
    if (out.closes) return wrong_markup("a tag that closes twice");
    out.closes = true;
    text.remove_suffix(1);
  }
  const auto blank = [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; };
  const auto skip = [&] {
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  };
  const auto word = [&] {
    size_t end = 0;
    while (end < text.size() && !blank(text[end]) && text[end] != '=') ++end;
    std::string found = lower_case(std::string(text.substr(0, end)));
    text.remove_prefix(end);
    return found;
  };
  out.name = word();
  for (skip(); !text.empty(); skip()) {
    const std::string name = word();
    skip();
    if (name.empty() || !text.starts_with("=")) return wrong_markup(fmt::format("<{}>: an attribute without a value", printable(out.name, 40)));
    text.remove_prefix(1);
    skip();
    const char quote = text.empty() ? '\0' : text.front();
    const size_t end = quote == '"' || quote == '\'' ? text.find(quote, 1) : std::string_view::npos;
    if (end == std::string_view::npos) return wrong_markup(fmt::format("<{}>: a value without its quotation marks", printable(out.name, 40)));
    PTAH_TRY(out.attributes[name], without_entities(text.substr(1, end - 1)));
    text.remove_prefix(end + 1);
  }
  return out;
}

/// A number at the beginning of a text, and what stands behind it.
std::optional<std::pair<double, std::string>> measure(const std::string& text) {
  const bool plus = text.starts_with("+");
  double value = 0;
  const char *begin = text.data() + plus, *end = text.data() + text.size();
  const auto read = std::from_chars(begin, end, value);
  if (read.ec != std::errc() || !std::isfinite(value)) return std::nullopt;
  return std::pair(value, std::string(read.ptr, end));
}

using Names = std::map<std::string, double, std::less<>>;

/// A factor: by name, in per cent (of the usual with `whole`, or more and less than it), as a number, semitones or decibels.
Result<double> factor_of(const Tag& tag, const char* attribute, const Names& names, double lowest, double highest) {
  const std::string& text = tag.value(attribute);
  if (text.empty()) return 1.0;
  std::optional<double> out;
  if (const auto named = names.find(text); named != names.end()) out = named->second;
  const bool relative = text[0] == '+' || text[0] == '-';
  if (const auto given = out ? std::nullopt : measure(text)) {
    const auto& [value, unit] = *given;
    if (unit == "%") out = relative ? 1 + value / 100 : value / 100;
    if (unit.empty() && !relative) out = value;
    if (unit == "st") out = std::exp2(value / 12);
    if (unit == "dB") out = std::pow(10.0, value / 20);
  }
  if (!out || !(*out >= lowest) || !(*out <= highest))
    return wrong_markup(
        fmt::format("<{} {}=\"{}\">: a name, per cent or a factor of {} to {} is possible", tag.name, attribute, printable(text, 40), lowest, highest));
  return *out;
}

Result<double> break_seconds(const Tag& tag) {
  static const Names strengths{{"none", 0}, {"x-weak", 0.05}, {"weak", 0.1}, {"medium", 0.25}, {"strong", 0.5}, {"x-strong", 1}};
  const std::string &time = tag.value("time"), &strength = tag.value("strength");
  if (time.empty()) {
    const auto found = strengths.find(strength.empty() ? "medium" : strength);
    if (found == strengths.end()) return wrong_markup(fmt::format("<break strength=\"{}\"> is not known", printable(strength, 40)));
    return found->second;
  }
  const auto given = measure(time);
  const double seconds = !given ? -1 : given->second == "s" ? given->first : given->second == "ms" ? given->first / 1000 : -1;
  if (!(seconds >= 0) || seconds > 60) return wrong_markup(fmt::format("<break time=\"{}\">: 0s to 60s are possible, as 500ms", printable(time, 40)));
  return seconds;
}

/// Letters and figures one by one.
std::string spelled_out(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == ' ' || c == '\n') continue;
    const bool figure = c >= '0' && c <= '9', letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!figure && !letter) continue;
    out += out.empty() ? "" : " ";
    out += figure ? digit_words(std::string(1, c)) : std::string(1, c >= 'a' ? static_cast<char>(c - 32) : c);
  }
  return out;
}

Result<std::string> said_as(const Tag& tag, const std::string& text) {
  const std::string& how = tag.value("interpret-as");
  if (how == "characters" || how == "spell-out" || how == "digits" || how == "telephone") return spelled_out(text);
  if (how == "ordinal") {
    const auto number = whole_number(trimmed(text));
    return number ? ordinal_words(*number) : text;
  }
  if (how == "cardinal" || how == "number" || how == "date" || how == "time" || how == "unit" || how == "currency") return text;  // as it is read anyway
  return wrong_markup(fmt::format("<say-as interpret-as=\"{}\"> is not known", printable(how, 40)));
}

/// Reads tags and text from the beginning to the end.
class MarkupReader {
 public:
  Result<std::vector<MarkedPart>> read(std::string_view text) {
    for (size_t at = 0; at < text.size();) {
      const size_t begin = std::min(text.find('<', at), text.size());
      PTAH_TRY_VOID(characters(text.substr(at, begin - at)));
      if (begin == text.size()) break;
      const bool comment = text.substr(begin).starts_with("<!--");
      const size_t end = comment ? text.find("-->", begin) : text.find('>', begin);
      if (end == std::string_view::npos) return wrong_markup("a tag without its end");
      at = end + (comment ? 3 : 1);
      if (comment || text[begin + 1] == '?' || text[begin + 1] == '!') continue;
      PTAH_TRY(const Tag tag, tag_of(text.substr(begin + 1, end - begin - 1)));
      if (tag.opens) PTAH_TRY_VOID(open(tag));
      if (tag.closes) PTAH_TRY_VOID(close(tag.name));
    }
    if (!open_.empty()) return wrong_markup(fmt::format("<{}> is not closed", printable(open_.back().tag.name, 40)));
    flush(true);
    return std::move(out_);
  }

 private:
  struct Open {
    Tag tag;
    MarkedPart before;  ///< the manner around it
    size_t from = 0;    ///< where its text begins in now_.text
  };

  Result<void> characters(std::string_view text) {
    PTAH_TRY(const std::string plain, without_entities(text));
    if (open_.empty() && !trimmed(plain).empty()) return wrong_markup("text outside of <speak>");
    if (open_.empty() || open_.back().tag.name != "sub") now_.text += plain;
    return {};
  }

  /// What was read so far becomes a part; the manner stays.
  void flush(bool paragraph) {
    MarkedPart part = now_;
    now_.text.clear();
    if (trimmed(part.text).empty()) {
      if (paragraph && !out_.empty()) out_.back().paragraph = true;
      return;
    }
    part.paragraph = paragraph;
    now_.silence = 0;
    out_.push_back(std::move(part));
  }

  Result<void> open(const Tag& tag) {
    static const std::map<std::string, bool, std::less<>> known{{"speak", false},   {"p", true},         {"s", false},      {"break", false},
                                                                {"phoneme", false}, {"sub", false},      {"say-as", false}, {"prosody", true},
                                                                {"voice", true},    {"emphasis", false}, {"mark", false}};
    const auto found = known.find(tag.name);
    if (found == known.end())
      return wrong_markup(
          fmt::format("<{}> is not understood; speak, p, s, break, phoneme, sub, say-as, prosody, voice, emphasis and mark are", printable(tag.name, 40)));
    if (open_.empty() != (tag.name == "speak")) return wrong_markup("<speak> stands around all, once");
    if (open_.size() >= kDeepest) return wrong_markup("too many elements within one another");
    if (found->second) flush(false);
    open_.push_back({tag, now_, now_.text.size()});
    if (tag.name == "sub") now_.text += tag.value("alias");
    if (tag.name == "voice") now_.voice = tag.value("name");
    if (tag.name == "break") {
      PTAH_TRY(const double seconds, break_seconds(tag));
      flush(false);
      open_.back().from = 0;
      now_.silence += seconds;
    }
    if (tag.name == "prosody") {
      static const Names rates{{"x-slow", 0.5}, {"slow", 0.75}, {"medium", 1}, {"default", 1}, {"fast", 1.25}, {"x-fast", 1.5}};
      static const Names pitches{{"x-low", 0.75}, {"low", 0.9}, {"medium", 1}, {"default", 1}, {"high", 1.15}, {"x-high", 1.3}};
      static const Names volumes{{"silent", 0}, {"x-soft", 0.4}, {"soft", 0.6}, {"medium", 1}, {"default", 1}, {"loud", 1.4}, {"x-loud", 1.8}};
      PTAH_TRY(const double rate, factor_of(tag, "rate", rates, 0.25, 4));
      PTAH_TRY(const double pitch, factor_of(tag, "pitch", pitches, 0.25, 4));
      PTAH_TRY(const double volume, factor_of(tag, "volume", volumes, 0, 4));
      now_.speed *= static_cast<float>(rate);
      now_.pitch *= static_cast<float>(pitch);
      now_.volume *= static_cast<float>(volume);
    }
    return {};
  }

  Result<void> close(const std::string& name) {
    if (open_.empty() || open_.back().tag.name != name) return wrong_markup(fmt::format("</{}> closes nothing", printable(name, 40)));
    const Open was = std::move(open_.back());
    open_.pop_back();
    if (name == "p" || name == "prosody" || name == "voice") {
      flush(name == "p");
      now_.voice = was.before.voice, now_.speed = was.before.speed, now_.pitch = was.before.pitch, now_.volume = was.before.volume;
    }
    const std::string inner = now_.text.substr(std::min(was.from, now_.text.size()));
    if (name == "phoneme") {
      const std::string &alphabet = was.tag.value("alphabet"), &said = was.tag.value("ph");
      if (!alphabet.empty() && alphabet != "ipa") return wrong_markup(fmt::format("<phoneme alphabet=\"{}\">: ipa is read", printable(alphabet, 40)));
      const std::string word(trimmed(inner));
      if (said.empty() || word.empty() || word.find_first_of("[]()/") != std::string::npos || said.find_first_of("/()") != std::string::npos)
        return wrong_markup("<phoneme> wants a word and ph=\"…\"");
      now_.text = now_.text.substr(0, was.from) + fmt::format("[{}](/{}/)", word, said);
    }
    if (name == "say-as") {
      PTAH_TRY(const std::string said, said_as(was.tag, inner));
      now_.text = now_.text.substr(0, was.from) + said;
    }
    if (name == "s" && !trimmed(inner).empty() && std::string_view(".!?").find(std::string(trimmed(inner)).back()) == std::string_view::npos)
      now_.text = std::string(trimmed(now_.text)) + ". ";
    return {};
  }

  std::vector<Open> open_;
  std::vector<MarkedPart> out_;
  MarkedPart now_;
};

}  // namespace

bool is_markup(const std::string& text) {
  const size_t at = text.find_first_not_of(" \t\r\n");
  return at != std::string::npos && (text.compare(at, 6, "<speak") == 0 || text.compare(at, 5, "<?xml") == 0);
}

Result<std::vector<MarkedPart>> parts_of_markup(const std::string& text) { return MarkupReader().read(text); }

std::string short_phonemes(std::string ipa) {
  for (const auto& [from, to] : std::initializer_list<std::pair<const char*, const char*>>{{"eɪ", "A"},
                                                                                           {"aɪ", "I"},
                                                                                           {"oʊ", "O"},
                                                                                           {"əʊ", "Q"},
                                                                                           {"aʊ", "W"},
                                                                                           {"ɔɪ", "Y"},
                                                                                           {"tʃ", "ʧ"},
                                                                                           {"dʒ", "ʤ"},
                                                                                           {"ɝ", "ɜɹ"},
                                                                                           {"ɚ", "əɹ"},
                                                                                           {"r", "ɹ"},
                                                                                           {"g", "ɡ"},
                                                                                           {"'", "ˈ"},
                                                                                           {":", "ː"},
                                                                                           {".", ""},
                                                                                           {"\u0361", ""}})
    replace_all(ipa, from, to);
  return ipa;
}

}  // namespace ptah
