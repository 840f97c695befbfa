#include "shape/words/said.h"

#include <algorithm>

#include "shape/words/stated.h"
#include "shape/words/unused_words.h"

namespace ptah {

namespace {

bool is_determiner(const std::string& word) {
  static const std::set<std::string> kWords{"a", "an", "the", "some", "its", "their", "his", "her"};
  return kWords.contains(word);
}

/// Words and commas, without articles, hyphens and the like.
std::vector<SentenceWord> plain_words(const std::string& text) {
  std::vector<SentenceWord> out = sentence_words(text);
  std::erase_if(out, [](const SentenceWord& w) {
    const bool number = w.text[0] >= '0' && w.text[0] <= '9';
    return (!w.is_letters() && !number && w.text != "," && w.text != ";" && w.text != ".") || is_determiner(w.text);
  });
  return out;
}

std::vector<std::string> pattern_of(const std::string& text) {
  std::vector<std::string> out;
  std::string plain = text;
  if (const size_t slot = plain.find("{}"); slot != std::string::npos) plain.replace(slot, 2, "qqq");
  for (const SentenceWord& w : plain_words(plain)) out.push_back(w.text);
  return out;
}

bool is_plural(const std::string& word, const std::string& singular) {
  if (word == singular || word == singular + "s" || word == singular + "es") return true;
  return singular.ends_with("f") && word == singular.substr(0, singular.size() - 1) + "ves";
}

bool is_number_word(const std::string& word) {
  static const std::set<std::string> kWords{"one",   "two",  "three", "four",   "five",   "six",    "seven",
                                            "eight", "nine", "ten",   "eleven", "twelve", "single", "double"};
  return kWords.contains(word) || (word[0] >= '0' && word[0] <= '9');
}

/// The words "without" stands before, as one word: "arms" → "armless".
bool is_less(const std::string& word, const std::vector<std::string>& what) {
  if (what.size() != 1 || !word.ends_with("less") || word.size() < 6) return false;
  const std::string stem = word.substr(0, word.size() - 4);
  return is_plural(what[0], stem);
}

struct Span {
  size_t begin = 0, end = 0;
  bool empty() const { return end == begin; }
  bool holds(const Span& other) const { return begin <= other.begin && other.end <= end; }
};

/// A phrase of a parameter, found in the sentence.
struct Found {
  const ShapeParameter* parameter;
  ShapeValue value;
  Span at;
  bool noun, weak;  ///< it replaces the noun; it is only taken where nothing is given yet
};

class SaidReader {
 public:
  SaidReader(const std::string& sentence, const ShapeKind& kind, const ShapePhrases& phrases, bool all)
      : words_(plain_words(sentence)), kind_(kind), phrases_(phrases), own_(phrases.of(kind.name)), all_(all) {
    head_ = head();
  }

  Span head_of() const { return head_; }
  const std::vector<SentenceWord>& words() const { return words_; }

  std::vector<Found> read() {
    for (const auto& [name, said] : own_.parameters) {
      const ShapeParameter* p = kind_.parameter(name);
      if (!p) continue;
      for (const auto& [what, ways] : said)
        for (const Phrase& way : ways) phrase(*p, name, what, way);
    }
    // What is part of a longer phrase says nothing by itself.
    std::vector<Found> out;
    for (size_t i = 0; i < found_.size(); ++i) {
      const Found& one = found_[i];
      const auto longer = [&](const Found& other) {
        const size_t own = one.at.end - one.at.begin, its = other.at.end - other.at.begin;
        return its > own && other.at.holds(one.at);
      };
      if (std::any_of(found_.begin(), found_.end(), longer)) continue;
      if (!one.noun && head_.holds(one.at)) continue;
      out.push_back(one);
    }
    return out;
  }

 private:
  const std::string& at(size_t i) const {
    static const std::string kNone;
    return i < words_.size() ? words_[i].text : kNone;
  }

  /// The kind's noun that stands first, the longest there. A number may stand within: "chest of three drawers".
  Span head() const {
    std::vector<std::vector<std::string>> nouns;
    const auto add = [&](std::string text) {
      std::replace(text.begin(), text.end(), '_', ' ');
      nouns.push_back(pattern_of(text));
    };
    add(kind_.name);
    for (const std::string& noun : own_.nouns) add(noun);
    for (const auto& [name, said] : own_.parameters)
      for (const auto& [what, ways] : said)
        for (const Phrase& way : ways)
          if (way.place == Phrase::Place::noun && way.text.find("{}") == std::string::npos) add(way.text);
    for (size_t i = 0; i < words_.size(); ++i) {
      Span best;
      for (const auto& noun : nouns) {
        size_t k = i;
        bool same = !noun.empty();
        for (size_t n = 0; n < noun.size() && same; ++n) {
          if (n > 0 && is_number_word(at(k)) && at(k) != noun[n]) ++k;
          same = n + 1 == noun.size() ? is_plural(at(k), noun[n]) : at(k) == noun[n];
          ++k;
        }
        if (same && k - i > best.end - best.begin) best = {i, k};
      }
      if (!best.empty()) return best;
    }
    return {};
  }

  /// The words that describe the noun: from the last comma or joining word before it.
  size_t phrase_begin() const {
    static const std::set<std::string> kEnds{",", ";", ".", "with", "of", "on", "in", "and", "under", "beside", "without"};
    size_t begin = head_.begin;
    while (begin > 0 && !kEnds.contains(at(begin - 1))) --begin;
    return begin;
  }

  void take(const ShapeParameter& p, const std::string& name, const std::string& what, const Span& span, bool noun, const std::string& slot) {
    Found one{&p, {}, span, noun, false};
    if (!slot.empty()) {
      one.value.kind = ShapeValue::Kind::word, one.value.word = slot;
    } else if (p.is_ranged()) {
      const auto ends = own_.ends.find(name);
      one.value.kind = ShapeValue::Kind::number;
      if (what == "one")
        one.value.number = 1;
      else if (what == "none")
        one.value.number = 0;
      else if (ends != own_.ends.end() && (what == "low" || what == "high"))
        one.value.number = what == "low" ? ends->second.first : ends->second.second, one.weak = !own_.counts.contains(name);
      else
        return;
      one.value.number = std::clamp(one.value.number, p.low, p.high);
    } else if (p.value.kind == ShapeValue::Kind::boolean) {
      one.value.kind = ShapeValue::Kind::boolean, one.value.number = what == "true" ? 1 : 0;
    } else {
      if (std::find(p.choices.begin(), p.choices.end(), what) == p.choices.end()) return;
      one.value.kind = ShapeValue::Kind::word, one.value.word = what;
    }
    found_.push_back(std::move(one));
  }

  /// A colour or material that a parameter may have, in words that begin here: its word, and how many words it takes.
  std::pair<std::string, size_t> slot_at(const ShapeParameter& p, size_t i, bool behind) const {
    std::pair<std::string, size_t> best{"", 0};
    const auto offer = [&](const std::string& text, const std::string& word) {
      const auto pattern = pattern_of(text);
      if (pattern.empty() || pattern.size() <= best.second || std::find(p.choices.begin(), p.choices.end(), word) == p.choices.end()) return;
      for (size_t k = 0; k < pattern.size(); ++k)
        if (at(i + k) != pattern[k]) return;
      best = {word, pattern.size()};
    };
    for (const auto& [word, names] : phrases_.colours())
      for (const std::string& name : names) offer(name, word);
    for (const auto& [word, names] : phrases_.materials())
      for (const std::string& name : behind ? names.behind : names.before) offer(name, word);
    return best;
  }

  void phrase(const ShapeParameter& p, const std::string& name, const std::string& what, const Phrase& way) {
    const std::vector<std::string> pattern = pattern_of(way.text);
    if (pattern.empty() || (p.is_ranged() && way.text.find("{}") != std::string::npos)) return;
    if (what == "one" && way.place == Phrase::Place::behind) {  // "with a drawer"
      std::vector<std::string> article = pattern;
      std::erase(article, "one");
      for (size_t i = 0; i < words_.size() && article.size() + 1 == pattern.size(); ++i) match(p, name, what, article, i, false, words_.size());
    }
    const bool bare = pattern.size() == 1 && pattern[0] == "qqq";
    if (bare && !all_) return;
    if (way.place == Phrase::Place::before) {
      if (head_.empty()) return;
      for (size_t i = phrase_begin(); i < head_.begin; ++i) match(p, name, what, pattern, i, false, head_.begin);
      return;
    }
    for (size_t i = 0; i < words_.size(); ++i) match(p, name, what, pattern, i, way.place == Phrase::Place::noun, words_.size());
    if (way.place != Phrase::Place::behind) return;
    if (pattern[0] == "without" && pattern.size() == 2)
      for (size_t i = 0; i < words_.size(); ++i)
        if (is_less(at(i), {pattern[1]})) take(p, name, what, {i, i + 1}, false, "");
    // "a soup bowl" and "a bowl of soup" are full of soup.
    if (pattern.size() == 3 && pattern[0] == "full" && pattern[1] == "of" && !head_.empty()) {
      if (at(head_.end) == "of" && at(head_.end + 1) == pattern[2]) take(p, name, what, {head_.end, head_.end + 2}, false, "");
      if (head_.begin > 0 && at(head_.begin - 1) == pattern[2]) take(p, name, what, {head_.begin - 1, head_.begin}, false, "");
    }
  }

  /// Whether the first word of a phrase stands here: "holding" for "with", "no" for "without", "and" behind another "with".
  bool begins(const std::string& first, size_t i) const {
    static const std::set<std::string> kWith{"with", "holding", "wearing", "having", "has", "carrying"};
    const std::string& w = at(i);
    if (w == first) return true;
    if (first == "without") return w == "no";
    if (first != "with") return false;
    if (kWith.contains(w)) return true;
    if (w != "and" && w != ",") return false;
    for (size_t k = i; k-- > 0;) {
      if (at(k) == "without" || at(k) == "no" || at(k) == ";" || at(k) == ".") return false;
      if (kWith.contains(at(k))) return true;
    }
    return false;
  }

  void match(const ShapeParameter& p, const std::string& name, const std::string& what, const std::vector<std::string>& pattern, size_t i, bool noun,
             size_t end) {
    size_t k = i;
    std::string slot;
    for (size_t n = 0; n < pattern.size(); ++n) {
      if (pattern[n] == "qqq") {
        const auto [word, length] = slot_at(p, k, n > 0);
        if (length == 0) return;
        slot = word, k += length;
        continue;
      }
      const bool last = n + 1 == pattern.size();
      if (n == 0 && pattern.size() > 1 ? !begins(pattern[0], k) : !(noun && last ? is_plural(at(k), pattern[n]) : at(k) == pattern[n])) return;
      ++k;
      if (n == 0 && pattern[0] == "without" && at(k) == "any") ++k;
    }
    if (k > end) return;
    if (!noun && p.value.kind == ShapeValue::Kind::boolean && what == "true" && negated(i)) return;
    take(p, name, what, {i, k}, noun, slot);
  }
  bool negated(size_t i) const { return i > 0 && (at(i - 1) == "not" || at(i - 1) == "without" || at(i - 1) == "no"); }

  std::vector<SentenceWord> words_;
  const ShapeKind& kind_;
  const ShapePhrases& phrases_;
  const KindPhrases& own_;
  bool all_;
  Span head_;
  std::vector<Found> found_;
};

bool same_value(const ShapeValue& a, const ShapeValue& b) { return a.kind == b.kind && a.number == b.number && a.word == b.word; }

}  // namespace

std::set<std::string> apply_said(WrittenThing& thing, const std::string& sentence, const ShapeKind& kind, const ShapePhrases& phrases, bool all) {
  SaidReader reader(sentence, kind, phrases, all);
  const std::vector<Found> found = reader.read();
  std::set<std::string> used;
  for (const Found& one : found) {
    // Of two values that contradict each other, the longer phrase holds; of two as long, neither does.
    const auto against = [&](const Found& other) {
      return other.parameter == one.parameter && !same_value(other.value, one.value) && other.at.end - other.at.begin >= one.at.end - one.at.begin;
    };
    if (std::any_of(found.begin(), found.end(), against)) continue;
    for (size_t i = one.at.begin; i < one.at.end; ++i) used.insert(reader.words()[i].text);
    const std::string& name = one.parameter->name;
    const auto given = std::find_if(thing.given.begin(), thing.given.end(), [&](const auto& g) { return g.first == name; });
    if (given != thing.given.end()) {
      if (!one.weak) given->second = one.value;
      continue;
    }
    if (!one.weak && same_value(one.parameter->value, one.value)) continue;
    thing.given.emplace_back(name, one.value);
    std::sort(thing.given.begin(), thing.given.end(), [&](const auto& a, const auto& b) { return kind.parameter(a.first) < kind.parameter(b.first); });
  }
  return used;
}

bool is_named(const std::string& sentence, const std::string& kind, const ShapePhrases& phrases) {
  ShapeKind bare;
  bare.name = kind;
  return !SaidReader(sentence, bare, phrases, false).head_of().empty();
}

NamedKind named_kind(const std::string& sentence, const ShapeKinds& kinds, const ShapePhrases& phrases) {
  static const std::set<std::string> kBehind{"",     ",",        ";",   ".",      "with",    "without", "in",       "on",   "that",   "which",
                                             "made", "and",      "for", "by",     "painted", "holding", "whose",    "has",  "having", "while",
                                             "at",   "standing", "no",  "please", "wearing", "covered", "carrying", "full", "shaped"};
  NamedKind best;
  Span place;
  bool two = false;
  for (const auto& entry : kinds.kinds()) {
    const std::string& name = entry.first;
    const ShapeKind& kind = entry.second;
    SaidReader reader(sentence, kind, phrases, true);
    const Span head = reader.head_of();
    if (head.empty() || !kBehind.contains(head.end < reader.words().size() ? reader.words()[head.end].text : "")) continue;
    const size_t length = head.end - head.begin, before = place.end - place.begin;
    if (!best.kind.empty() && (head.begin > place.begin || (head.begin == place.begin && length < before))) continue;
    // Everything up to the noun has to mean something.
    const std::string lead = sentence.substr(0, reader.words()[head.end - 1].end);
    Writing writing;
    writing.things.push_back({.kind = name});
    const std::set<std::string> used = apply_said(writing.things[0], lead, kind, phrases, true);
    std::vector<std::string> unexplained = words_to_explain(lead, writing, kinds, phrases);
    std::erase_if(unexplained, [&](const std::string& w) { return used.contains(w) || counts_part(lead, w, kind, &phrases.of(name)); });
    if (const auto size = size_word(lead)) std::erase(unexplained, size->word);
    if (!unexplained.empty()) continue;
    two = !best.kind.empty() && head.begin == place.begin && length == before;
    best = {name, {}}, place = head;
    for (size_t i = head.begin; i < head.end; ++i) best.words.insert(reader.words()[i].text);
  }
  return two ? NamedKind() : best;
}

}  // namespace ptah
