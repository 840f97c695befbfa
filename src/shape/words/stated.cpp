#include "shape/words/stated.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>

#include "base/text.h"
#include "shape/program/evaluate.h"

namespace ptah {

namespace {

using Side = StatedSize::Side;

/// How far a parameter may leave its range before the thing is scaled instead.
constexpr double kMaxStretch = 2;
constexpr int kMaxAlike = 9;
constexpr double kMaxScale = 1000;  // what the modifier scale() takes
constexpr double kMinStated = 1e-4, kMaxStated = 1e5;

bool digit_at(char c) { return c >= '0' && c <= '9'; }
bool letter_at(char c) { return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80; }

/// A number in digits, or in words up to twelve; "a" is none.
std::optional<double> number_in(const std::string& word) {
  static const std::map<std::string, double> kWords{{"one", 1},   {"two", 2},  {"three", 3}, {"four", 4},    {"five", 5},    {"six", 6},    {"seven", 7},
                                                    {"eight", 8}, {"nine", 9}, {"ten", 10},  {"eleven", 11}, {"twelve", 12}, {"dozen", 12}, {"hundred", 100}};
  if (const auto at = kWords.find(word); at != kWords.end()) return at->second;
  double value = 0;
  if (word.empty() || !digit_at(word[0]) || word.size() > 12) return std::nullopt;
  const auto read = std::from_chars(word.data(), word.data() + word.size(), value);
  return read.ec == std::errc() && read.ptr == word.data() + word.size() ? std::optional(value) : std::nullopt;
}

std::optional<double> unit_in(const std::string& word) {
  static const std::map<std::string, double> kUnits{{"mm", 0.001},
                                                    {"millimetre", 0.001},
                                                    {"millimetres", 0.001},
                                                    {"millimeter", 0.001},
                                                    {"millimeters", 0.001},
                                                    {"cm", 0.01},
                                                    {"centimetre", 0.01},
                                                    {"centimetres", 0.01},
                                                    {"centimeter", 0.01},
                                                    {"centimeters", 0.01},
                                                    {"dm", 0.1},
                                                    {"decimetres", 0.1},
                                                    {"decimeters", 0.1},
                                                    {"m", 1},
                                                    {"metre", 1},
                                                    {"metres", 1},
                                                    {"meter", 1},
                                                    {"meters", 1},
                                                    {"inch", 0.0254},
                                                    {"inches", 0.0254},
                                                    {"foot", 0.3048},
                                                    {"feet", 0.3048},
                                                    {"ft", 0.3048}};
  const auto at = kUnits.find(word);
  return at == kUnits.end() ? std::nullopt : std::optional(at->second);
}

std::optional<Side> side_in(const std::string& word) {
  static const std::map<std::string, Side> kSides{{"high", Side::height}, {"tall", Side::height},   {"height", Side::height},   {"wide", Side::width},
                                                  {"broad", Side::width}, {"width", Side::width},   {"deep", Side::depth},      {"depth", Side::depth},
                                                  {"long", Side::length}, {"length", Side::length}, {"across", Side::diameter}, {"diameter", Side::diameter}};
  const auto at = kSides.find(word);
  return at == kSides.end() ? std::nullopt : std::optional(at->second);
}
bool is_noun_of_side(const std::string& word) { return word == "height" || word == "width" || word == "depth" || word == "length" || word == "diameter"; }

/// Reads phrases of a size from the words of a sentence.
class SizeReader {
 public:
  explicit SizeReader(const std::string& sentence) : sentence_(sentence), words_(sentence_words(sentence)), taken_(words_.size(), false) {}

  std::vector<StatedSize> read() {
    std::vector<StatedSize> out;
    for (size_t i = 0; i < words_.size();) {
      const size_t next = phrase(i, out);
      if (next > i)
        i = next;
      else
        ++i;
    }
    return out;
  }

  /// The sentence without what was read, and without the commas and words that joined it.
  std::string rest() const {
    std::vector<bool> gone = taken_;
    const auto joins = [&](size_t i) {
      const std::string& w = words_[i].text;
      return w == "," || w == "and" || w == "with" || w == "a" || w == "of" || w == "that" || w == "is" || w == "about" || w == "around" || w == "measuring" ||
             w == "some" || w == "exactly" || w == ";";
    };
    for (size_t i = 0; i < gone.size(); ++i)
      if (taken_[i] && (i == 0 || !taken_[i - 1])) {
        bool after = false;  // whether something stands behind that needs the article
        for (size_t k = i; k < gone.size() && (taken_[k] || words_[k].text == "-"); ++k) after = k + 1 < gone.size() && letter_at(words_[k + 1].text[0]);
        for (size_t k = i; k-- > 0 && joins(k);) {
          if (after && words_[k].text != "," && words_[k].text != ";") break;
          gone[k] = true;
        }
      }
    std::string out;
    for (size_t i = 0; i < words_.size(); ++i) {
      if (gone[i]) continue;
      const bool joined = words_[i].text == "," || words_[i].text == ";" || words_[i].text == ".";
      if (!out.empty() && (words_[i].begin > words_[i - 1].end || gone[i - 1]) && !(joined && gone[i - 1])) out += ' ';
      out += sentence_.substr(words_[i].begin, words_[i].end - words_[i].begin);
    }
    return out;
  }

 private:
  const std::string& at(size_t i) const {
    static const std::string kNone;
    return i < words_.size() ? words_[i].text : kNone;
  }
  size_t past_hyphen(size_t i) const { return at(i) == "-" ? i + 1 : i; }

  /// NUMBER UNIT at `i`: the metres and what follows.
  std::optional<std::pair<double, size_t>> amount(size_t i) const {
    double value = 0;
    if (at(i) == "half" && (at(i + 1) == "a" || at(i + 1) == "an")) {
      value = 0.5;
      i += 2;
    } else {
      const auto number = number_in(at(i));
      if (!number) return std::nullopt;
      value = *number;
      i = past_hyphen(i + 1);
    }
    auto unit = unit_in(at(i));
    if (!unit && at(i) == "\"") unit = 0.0254;
    if (!unit) return std::nullopt;
    const double metres = value * *unit;
    if (!(metres >= kMinStated && metres <= kMaxStated)) return std::nullopt;
    return std::pair(metres, i + 1);
  }

  void take(size_t begin, size_t end, Side side, double metres, std::vector<StatedSize>& out) {
    std::fill(taken_.begin() + static_cast<std::ptrdiff_t>(begin), taken_.begin() + static_cast<std::ptrdiff_t>(end), true);
    out.push_back({side, metres, sentence_.substr(words_[begin].begin, words_[end - 1].end - words_[begin].begin)});
  }

  /// "30 cm high", "30-cm-tall", "2 m in length", "height (of) 60 cm", "height: 60 cm" at `i`; gives what follows, or `i`.
  size_t phrase(size_t i, std::vector<StatedSize>& out) {
    if (const auto found = amount(i)) {
      size_t k = past_hyphen(found->second);
      if (at(k) == "in") ++k;
      if (const auto side = side_in(at(k))) {
        take(i, k + 1, *side, found->first, out);
        return k + 1;
      }
      const std::string& next = at(k);  // "a 3 m tower", not "2 m from the wall"
      const bool names = !next.empty() && letter_at(next[0]) && next != "of" && next != "from" && next != "away" && next != "apart" && next != "and" &&
                         next != "by" && next != "x" && next != "with";
      if (names && at(k - 1) != "in" && (i == 0 || at(i - 1) == "a" || at(i - 1) == "an" || at(i - 1) == "the")) {
        take(i, found->second, Side::longest, found->first, out);
        return found->second;
      }
      return i;
    }
    if (!is_noun_of_side(at(i))) return i;
    size_t k = i + 1;
    while (at(k) == "of" || at(k) == ":" || at(k) == "=" || at(k) == "is" || at(k) == "about") ++k;
    const auto found = amount(k);
    if (!found || side_in(at(past_hyphen(found->second)))) return i;
    take(i, found->second, *side_in(at(i)), found->first, out);
    return found->second;
  }

  const std::string& sentence_;
  std::vector<SentenceWord> words_;
  std::vector<bool> taken_;
};

/// Without the endings of plurals and of "-legged".
std::string stem_of(std::string word) {
  if (word.ends_with("gged") && word.size() > 4) return word.substr(0, word.size() - 3);  // legged
  if (word.ends_with("ed") && word.size() > 4) word.resize(word.size() - 2);
  if (word.ends_with("ves")) return word.substr(0, word.size() - 3) + "f";
  if (word.ends_with("s") && !word.ends_with("ss")) word.pop_back();
  return word;
}

double bound(const ShapeParameter& p, double value) { return std::clamp(value, p.low, p.high); }

ShapeValue number_value(double number) {
  ShapeValue out;
  out.number = number;
  return out;
}

void give(WrittenThing& thing, const ShapeKind& kind, const std::string& name, const ShapeValue& value) {
  std::erase_if(thing.given, [&](const auto& g) { return g.first == name; });
  thing.given.emplace_back(name, value);
  std::sort(thing.given.begin(), thing.given.end(), [&](const auto& a, const auto& b) { return kind.parameter(a.first) < kind.parameter(b.first); });
}

/// The parameter of a side, if the kind has one: what says "length" in its description where none is called that.
const ShapeParameter* parameter_of_side(const ShapeKind& kind, Side side) {
  static const std::map<Side, std::vector<const char*>> kNames{{Side::height, {"height"}},
                                                               {Side::width, {"width", "diameter"}},
                                                               {Side::depth, {"depth"}},
                                                               {Side::length, {"length"}},
                                                               {Side::diameter, {"diameter", "width"}}};
  if (side == Side::longest) {
    const ShapeParameter* longest = nullptr;
    for (const auto& [of, names] : kNames)
      for (const char* name : names)
        if (const ShapeParameter* p = kind.parameter(name); p && p->is_ranged() && (!longest || p->value.number > longest->value.number)) longest = p;
    return longest;
  }
  for (const char* name : kNames.at(side))
    if (const ShapeParameter* p = kind.parameter(name); p && p->is_ranged()) return p;
  if (side == Side::length)
    for (const ShapeParameter& p : kind.parameters)
      if (p.is_ranged() && p.note.starts_with("length")) return &p;
  return nullptr;
}

std::optional<Vec3> size_of(const WrittenThing& thing, const ShapeKind& kind) {
  ShapeProgram program = *kind.program;
  set_parameters(program, thing);
  const auto made = run_shape(program, {});
  if (!made) return std::nullopt;
  return made->bounds().size();
}

double along(const Vec3& size, Side side) {
  if (side == Side::height) return static_cast<double>(size[1]);
  if (side == Side::depth) return static_cast<double>(size[2]);
  if (side == Side::longest) return static_cast<double>(std::max({size[0], size[1], size[2]}));
  if (side == Side::length) return static_cast<double>(std::max(size[0], size[2]));
  return static_cast<double>(size[0]);
}

void apply_sizes(WrittenThing& thing, const std::vector<StatedSize>& sizes, const ShapeKind& kind, std::vector<std::string>& notes) {
  if (sizes.empty()) return;
  // What the words were guessed to say of the sides is no longer wanted beside what they say.
  for (const char* name : {"height", "width", "depth", "length", "diameter"}) std::erase_if(thing.given, [&](const auto& g) { return g.first == name; });
  std::vector<const StatedSize*> left;
  for (const StatedSize& size : sizes) {
    const ShapeParameter* p = parameter_of_side(kind, size.side);
    const WrittenThing before = thing;
    if (p && thing.count == 1 && size.metres >= p->low / kMaxStretch && size.metres <= p->high * kMaxStretch) {
      give(thing, kind, p->name, number_value(size.metres));
      if (size_of(thing, kind)) continue;
      thing = before;
    } else if (p && size.metres >= p->low && size.metres <= p->high) {
      give(thing, kind, p->name, number_value(size.metres));
      continue;
    }
    left.push_back(&size);
  }
  if (left.empty()) return;
  const auto own = size_of(thing, kind);
  if (!own || !(along(*own, left[0]->side) > 0)) {
    notes.push_back(fmt::format("'{}' could not be kept", left[0]->text));
    return;
  }
  const double scale = left[0]->metres / along(*own, left[0]->side);
  if (!(scale >= 1 / kMaxScale && scale <= kMaxScale)) {
    notes.push_back(fmt::format("'{}' could not be kept: it is more than {} times from what is usual", left[0]->text, kMaxScale));
    return;
  }
  thing.scale = scale;
  notes.push_back(fmt::format("all of it is made {:.3g} times its usual size, for '{}'", thing.scale, left[0]->text));
  for (size_t i = 1; i < left.size(); ++i) notes.push_back(fmt::format("'{}' could not be kept beside '{}'", left[i]->text, left[0]->text));
}

/// Whether a counted noun is a parameter, or what phrases for its numbers call it: "tiers" in "with {} tiers".
bool is_part(const ShapeParameter& p, const std::string& noun, const KindPhrases* phrases) {
  const std::string stem = stem_of(noun), shorter = noun.ends_with("er") ? noun.substr(0, noun.size() - 2) : stem;  // "seater"
  if (stem_of(p.name) == stem || stem_of(p.name) == shorter) return true;
  if (!phrases) return false;
  const auto said = phrases->parameters.find(p.name);
  if (said == phrases->parameters.end()) return false;
  const auto values = said->second.find("value");
  return values != said->second.end() && std::any_of(values->second.begin(), values->second.end(), [&](const Phrase& way) {
           const size_t slot = way.text.find("{} ");
           if (slot == std::string::npos) return false;
           const std::string part = way.text.substr(slot + 3);
           return part.find(' ') == std::string::npos && (stem_of(part) == stem || stem_of(part) == shorter);
         });
}

/// Whether a count is of a parameter of the kind; then it is put there, as far as it goes.
bool apply_to_part(WrittenThing& thing, const StatedCount& stated, const ShapeKind& kind, const KindPhrases* phrases, std::vector<std::string>& notes) {
  static const char* const kWords[] = {"none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};
  for (const ShapeParameter& p : kind.parameters) {
    if (!is_part(p, stated.noun, phrases)) continue;
    if (p.is_ranged() && p.value.number == std::floor(p.value.number) && p.low == std::floor(p.low) && p.high - p.low >= 1) {
      const double count = bound(p, static_cast<double>(stated.count));
      give(thing, kind, p.name, number_value(count));
      if (count != static_cast<double>(stated.count))
        notes.push_back(fmt::format("{} {}: {} to {} are possible, so it has {}", stated.count, p.name, p.low, p.high, count));
      return true;
    }
    const auto is_number = [](const std::string& choice) { return std::find(std::begin(kWords), std::end(kWords), choice) != std::end(kWords); };
    if (p.choices.empty() || std::none_of(p.choices.begin(), p.choices.end(), is_number)) continue;
    const std::string word = stated.count >= 0 && stated.count < 10 ? kWords[stated.count] : "";
    if (std::find(p.choices.begin(), p.choices.end(), word) == p.choices.end()) {
      notes.push_back(fmt::format("{} {}: only {} are possible", stated.count, p.name, fmt::join(p.choices, ", ")));
      return true;
    }
    ShapeValue value;
    value.kind = ShapeValue::Kind::word;
    value.word = word;
    give(thing, kind, p.name, value);
    return true;
  }
  return false;
}

void apply_counts(WrittenThing& thing, const std::vector<StatedCount>& counts, const ShapeKind& kind, const KindPhrases* phrases,
                  std::vector<std::string>& notes) {
  for (const StatedCount& stated : counts) {
    const bool part = apply_to_part(thing, stated, kind, phrases, notes);
    if (part && !stated.leads && thing.count == stated.count) thing.count = 1;  // "a chest of 3 drawers" is one
    if (part || !stated.leads || stated.count < 2) continue;
    thing.count = static_cast<int>(std::min<int64_t>(stated.count, kMaxAlike));
    if (stated.count > kMaxAlike) notes.push_back(fmt::format("{} {}: an object has {} alike at most", stated.count, stated.noun, kMaxAlike));
  }
}

/// Numbers before a noun, with up to two words between: "nine oak chairs", "five-legged".
std::vector<StatedCount> counts_in(const std::string& sentence) {
  const std::vector<SentenceWord> words = sentence_words(sentence);
  std::vector<StatedCount> out;
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    auto number = number_in(words[i].text);
    if (!number || *number != std::floor(*number) || *number > 1e9) continue;
    const bool leads = i == 0 || (i == 1 && words[0].text == "a");
    if (words[i + 1].text == "hundred" || words[i + 1].text == "dozen") *number *= words[++i].text == "hundred" ? 100 : 12;
    size_t k = i + 1;
    if (k >= words.size()) break;
    const bool hyphen = words[k].text == "-";
    if (hyphen) ++k;
    if (k < words.size() && unit_in(words[k].text)) continue;
    if (hyphen) {
      if (k < words.size() && letter_at(words[k].text[0])) out.push_back({static_cast<int64_t>(*number), words[k].text, false});  // "two-door"
      continue;
    }
    // The first plural of the next three words; what ends a phrase ends the search.
    for (size_t n = k; n < std::min(words.size(), k + 3); ++n) {
      const std::string& w = words[n].text;
      if (!letter_at(w[0]) || w == "and" || w == "with" || w == "on" || w == "of" || w == "in") break;
      const bool ends = n + 1 == words.size() || !letter_at(words[n + 1].text[0]) || words[n + 1].text == "with" || words[n + 1].text == "and" ||
                        words[n + 1].text == "on" || words[n + 1].text == "in" || words[n + 1].text == "of";
      if (!w.ends_with("s") || w.ends_with("ss") || (!ends && n + 1 < std::min(words.size(), k + 3))) continue;
      out.push_back({static_cast<int64_t>(*number), w, leads});
      break;
    }
  }
  return out;
}

}  // namespace

bool SentenceWord::is_letters() const { return letter_at(text[0]); }

std::vector<SentenceWord> sentence_words(const std::string& sentence) {
  std::vector<SentenceWord> out;
  const std::string low = lower_case(sentence);
  for (size_t i = 0; i < low.size();) {
    size_t end = i + 1;
    if (digit_at(low[i])) {
      while (end < low.size() && (digit_at(low[end]) || (low[end] == '.' && end + 1 < low.size() && digit_at(low[end + 1])))) ++end;
    } else if (letter_at(low[i])) {
      while (end < low.size() && letter_at(low[end])) ++end;
    } else if (low[i] == ' ' || low[i] == '\t') {
      ++i;
      continue;
    }
    out.push_back({low.substr(i, end - i), i, end});
    i = end;
  }
  return out;
}

StatedNumbers stated_numbers(const std::string& sentence) {
  StatedNumbers out;
  SizeReader reader(sentence);
  out.sizes = reader.read();
  out.without_sizes = out.sizes.empty() ? sentence : reader.rest();
  out.counts = counts_in(out.without_sizes);
  return out;
}

std::vector<std::string> apply_stated(Writing& writing, const StatedNumbers& stated, const ShapeKinds& kinds, const ShapePhrases* phrases) {
  std::vector<std::string> notes;
  if (writing.things.size() != 1) return notes;
  const auto kind = kinds.find(writing.things[0].kind);
  if (!kind) return notes;
  apply_counts(writing.things[0], stated.counts, **kind, phrases ? &phrases->of(writing.things[0].kind) : nullptr, notes);
  apply_sizes(writing.things[0], stated.sizes, **kind, notes);
  return notes;
}

bool counts_part(const std::string& sentence, const std::string& word, const ShapeKind& kind, const KindPhrases* phrases) {
  const std::vector<StatedCount> counts = stated_numbers(sentence).counts;
  return std::any_of(counts.begin(), counts.end(), [&](const StatedCount& one) {
    return one.noun == word && std::any_of(kind.parameters.begin(), kind.parameters.end(), [&](const ShapeParameter& p) { return is_part(p, word, phrases); });
  });
}

}  // namespace ptah
