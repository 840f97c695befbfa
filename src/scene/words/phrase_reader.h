// Noun phrases of sentences about scenes.
#pragma once

#include <algorithm>
#include <set>

#include "base/text.h"
#include "scene/words/reader.h"

namespace ptah::scene_words_detail {

using Is = NounEntry::Kind;

/// Reads noun phrases: what they name, how many, what they are like, and which of what was named they mean.
class PhraseReader {
 public:
  PhraseReader(const SceneWords& words, const SceneLexicon& lexicon, const ScenePlaces& places, const NearestKind& nearest)
      : words_(words), lexicon_(lexicon), places_(places), nearest_(nearest) {}

 protected:
  const std::string& word(size_t ahead = 0) const {
    static const std::string kNone;
    return at_ + ahead < words_.size() ? words_[at_ + ahead] : kNone;
  }
  bool is(const char* text, size_t ahead = 0) const { return word(ahead) == text; }
  bool take(const char* text) {
    if (!is(text)) return false;
    ++at_;
    return true;
  }
  bool at_end() const { return at_ >= words_.size() || is("."); }
  ReadGroup& group(int index) { return out_.groups[static_cast<size_t>(index)]; }
  Stands stands(int index) {
    const ReadGroup& g = group(index);
    const KindPlace* known = places_.named(g.kind);
    if (known) return known->stands;
    return places_.is_small(g.kind) ? Stands::surface : Stands::floor;
  }
  bool carries(int index) {
    static const std::set<std::string> kMore{"rug",  "bed",   "sofa",  "chair",  "armchair", "stool",     "bench",  "bunk_bed",
                                             "book", "plate", "crate", "barrel", "fridge",   "microwave", "toilet", "wardrobe"};
    const KindPlace* known = places_.named(group(index).kind);
    return (known && known->carries > 0) || kMore.contains(group(index).kind);
  }

  struct Phrase {
    bool found = false, guessed = false, definite = false, own = false, each = false, counted = false, another = false, none = false, one = false;
    int count = 1;
    std::string wall;
    NounEntry noun;
    std::string kind, words;
    Json set = Json::object();
    std::string size, material, colour;  ///< size of a room; what a floor or a wall is made of
    std::vector<std::string> unknown;
  };

  /// The end of "the table" …: a group of before that it may mean.
  int mentioned(const std::string& kind, bool plural, const Phrase* like = nullptr) {
    static const std::vector<std::set<std::string>> kFamilies{{"table", "coffee_table", "desk", "bedside_table"},
                                                              {"table_lamp", "floor_lamp", "ceiling_lamp", "street_lamp"},
                                                              {"chair", "armchair", "office_chair", "stool"},
                                                              {"bed", "bunk_bed"},
                                                              {"tree", "fir_tree", "palm_tree"},
                                                              {"washbasin", "kitchen_sink"},
                                                              {"potted_plant", "bush"},
                                                              {"crate", "gift_box"}};
    const auto latest = [&](const auto& fits) {
      for (size_t i = salience_.size(); i > 0; --i)
        if (fits(salience_[i - 1])) return salience_[i - 1];
      return -1;
    };
    const auto fits = [&](int g) { return !like || matches(g, *like); };
    int found = latest([&](int g) { return group(g).kind == kind && (!plural || total(g) > 1) && fits(g); });
    if (found < 0 && plural) found = latest([&](int g) { return group(g).kind == kind && fits(g); });
    for (const auto& family : kFamilies)
      if (found < 0 && family.contains(kind)) found = latest([&](int g) { return family.contains(group(g).kind) && fits(g); });
    // "the car" is the racing car.
    const auto last_word = [](const std::string& words) { return words.substr(words.rfind(' ') == std::string::npos ? 0 : words.rfind(' ') + 1); };
    if (found < 0 && like)  // and "the bench" a workbench
      found = latest([&](int g) { return last_word(group(g).words).ends_with(last_word(like->words)) && !last_word(like->words).empty() && fits(g); });
    return found;
  }
  int total(int index) {
    const ReadGroup& g = group(index);
    return g.count * (g.per >= 0 ? total(g.per) : 1);
  }
  void mention(int index) { salience_.push_back(index); }

  void note(const std::string& text) {
    if (std::find(out_.notes.begin(), out_.notes.end(), text) == out_.notes.end()) out_.notes.push_back(text);
  }

  // ----- noun phrases

  static bool ends_phrase(const std::string& w) {
    static const std::set<std::string> kEnds{":",      ",",   ".",    "(",    ")",     "and",   "with",  "that",  "which", "who",     "whose",  "has", "have",
                                             "the",    "its", "a",    "an",   "each",  "it",    "them",  "there", "but",   "without", "facing", "or",  "they",
                                             "having", "one", "ones", "plus", "every", "their", "while", "whom",  "as",    "then",    "where"};
    return kEnds.contains(w);
  }
  /// Whether a phrase ends before a word: at a verb too, unless a noun begins there.
  bool ends_before(size_t at) const {
    if (at >= words_.size() || ends_phrase(words_[at])) return true;
    return verb_words(words_, at) && !lexicon_.noun(words_, at) && !lexicon_.colour(words_, at);
  }

  /// The noun of a phrase that begins here: the last of nouns in a row ("glass table"), behind words that may describe it.
  bool find_noun(size_t from, size_t& noun_at, WordMatch<NounEntry>& noun) const {
    for (size_t i = from; i < words_.size() && i < from + 7; ++i) {
      const bool round = words_[i] == "round" && i + 1 < words_.size() && !ends_phrase(words_[i + 1]) && !lexicon_.number(words_, i + 1);
      const bool and_adjective = i > from && words_[i] == "and" && i + 2 < words_.size() && lexicon_.colour(words_, i - 1) && lexicon_.colour(words_, i + 1);
      if (and_adjective || participle_before(i)) continue;
      static const std::set<std::string> kWho{"i", "we", "you", "he", "she", "they"};
      if (i > from && (kWho.contains(words_[i]) || (lexicon_.number(words_, i) && !lexicon_.noun(words_, i) && number_words(words_, i).value > 1)))
        return false;
      if (i == from && (ends_before(i) || (lexicon_.is_filler(words_[i]) && !lexicon_.noun(words_, i)))) return false;
      if (i > from && words_[i] == "," && i + 1 < words_.size() && !lexicon_.noun(words_, i + 1) && describes(i - 1) && describes(i + 1)) continue;
      if (i > from && (ends_before(i) || (lexicon_.relation(words_, i) && !lexicon_.colour(words_, i) && !round))) return false;
      const auto here = lexicon_.noun(words_, i);
      if (!here) continue;
      noun = here, noun_at = i;
      // "glass table", "metal desk lamp": the later noun, if one follows at once and the first is no phrase of its own.
      while (true) {
        const size_t next = noun_at + noun.length;
        if (next >= words_.size() || ends_phrase(words_[next]) || (lexicon_.relation(words_, next) && !lexicon_.noun(words_, next))) break;
        static const std::set<std::string> kLike{"like", "shaped", "sized", "style", "themed", "free"};  // "beanbag-like stools"
        const bool like = kLike.contains(words_[next]) && lexicon_.noun(words_, next + 1);
        const auto later = lexicon_.noun(words_, next + (like ? 1 : 0));
        // "a cake shop" is a room, "a stone floor" a floor.
        if (!later || later.value.is == Is::corner || later.value.is == Is::middle || later.value.is == Is::window || later.value.is == Is::door) break;
        if (noun.value.plural && noun.value.is == Is::thing) break;
        noun = later, noun_at = next + (like ? 1 : 0);
      }
      return true;
    }
    return false;
  }

  /// "sleeping" in "a sleeping cat".
  bool participle_before(size_t at) const {
    const auto verb = verb_words(words_, at);
    if (!verb || verb.length > 1 || verb.value.auxiliary || lexicon_.noun(words_, at)) return false;
    if (verb.value.form != VerbWords::Form::participle && verb.value.form != VerbWords::Form::past) return false;
    return at + 1 < words_.size() && (lexicon_.noun(words_, at + 1) || describes(at + 1));
  }
  /// Whether a word may describe a noun: "tall", "red", "wooden".
  bool describes(size_t at) const {
    return at < words_.size() && (lexicon_.colour(words_, at) || lexicon_.material(words_, at, false) || lexicon_.is_size(words_[at]));
  }

  /// Articles and numbers before a noun.
  void determiner(Phrase& out) {
    if (is("its") || is("their") || is("his") || is("her") || is("whose")) out.own = true;
    if (out.own || is("the") || is("this") || is("that") || is("these") || is("those")) out.definite = true, ++at_;
    if (is("each") || is("every") || (is("all") && (is("of", 1) || is("the", 1)))) {
      out.each = !is("all");
      ++at_;
      if (take("of") && !is("the") && !is("these") && !is("those")) {
        --at_;
        return;
      }
      take("the") || take("these") || take("those");
      out.definite = true;
    }
    if (take("no")) out.none = true;
    if (is("only") || is("exactly") || is("about") || is("roughly")) ++at_;
    if (is("another") || is("other") || is("second", out.definite ? 0 : 1)) out.another = true;
    out.one = is("one") && !out.definite;
    if (is("neither") || is("either")) {  // "neither table": there are two
      out.count = 2, out.counted = true;
      ++at_;
      if (take("of")) take("the");
      return;
    }
    // "a pair of curtains" is one thing, "a pair of chairs" are two.
    const auto whole = lexicon_.noun(words_, at_ + (is("a") || is("an") ? 1 : 0));
    const auto number = lexicon_.number(words_, at_);
    if (number && !(whole && whole.length > 1 && whole.length >= number.length)) {
      out.count = number.value;
      out.counted = true;
      at_ += number.length;
      if (is("of") && (is("the", 1) || is("these", 1) || is("those", 1))) at_ += 2, out.definite = true;
      const bool article = words_[at_ - 1] == "a" || words_[at_ - 1] == "an";  // "a two metre long table" is one
      if (const auto more = lexicon_.number(words_, at_); !article && more && (is("two") || is("three") || is("four")))
        out.count = more.value, at_ += more.length;
    } else if (is("a") || is("an")) {
      out.counted = true;
      ++at_;
    }
  }

  Phrase phrase() {
    Phrase out;
    const size_t start = at_;
    determiner(out);
    size_t noun_at = at_;
    WordMatch<NounEntry> noun;
    if (!find_noun(at_, noun_at, noun)) {
      unknown(out, start);
      return out;
    }
    out.found = true;
    out.noun = noun.value;
    out.kind = noun.value.is == Is::thing ? kind_here(noun.value.noun) : "";
    out.set = noun.value.noun.set;
    if (!out.counted && !out.definite && noun.value.plural && noun.value.is == Is::thing) out.count = 3, out.guessed = true;
    for (size_t i = at_; i < noun_at; ++i)
      if (out.kind == "table" && words_[i] == "low") out.kind = "coffee_table";  // "a low wooden table"
    describe(out, at_, noun_at);
    at_ = noun_at + noun.length;
    for (size_t i = start; i < at_; ++i) out.words += (out.words.empty() ? "" : " ") + words_[i];
    number_behind(out);
    return out;
  }

  /// "coins (three)", "chairs, four of them,".
  void number_behind(Phrase& out) {
    if (out.counted || !out.noun.plural || !(is("(") || is(","))) return;
    const auto number = lexicon_.number(words_, at_ + 1);
    if (!number) return;
    size_t end = at_ + 1 + number.length;
    const bool of_them = end + 1 < words_.size() && words_[end] == "of" && words_[end + 1] == "them";
    if (of_them) end += 2;
    const bool closed = end < words_.size() && words_[end] == (is("(") ? ")" : ",");
    if (is("(") ? !closed : !of_them || describes(end)) return;
    out.count = number.value, out.counted = true;
    at_ = end + (closed ? 1 : 0);
  }

  std::string kind_here(const SceneNoun& noun) const {
    const auto other = noun.in_room.find(out_.room);
    return other == noun.in_room.end() ? noun.kind : other->second;
  }

  /// The words between the number and the noun.
  void describe(Phrase& out, size_t from, size_t to) {
    static const std::set<std::string> kWalls{"left", "right", "back", "front", "rear", "opposite", "far", "north", "south", "east", "west"};
    static const std::set<std::string> kMood{
        "cosy",    "cozy",   "nice",     "beautiful", "lovely",  "modern",  "old",      "new",   "comfortable", "comfy",      "pretty", "bright", "simple",
        "elegant", "rustic", "tidy",     "typical",   "empty",   "very",    "warm",     "sunny", "quiet",       "minimalist", "more",   "other",  "another",
        "single",  "same",   "matching", "identical", "reading", "working", "medieval", "fancy", "cute",        "my",         "your",   "our",    "and"};
    for (size_t i = from; i < to;) {
      if (words_[i] == "," || words_[i] == "the") {
        ++i;
        continue;
      }
      if (const auto found = lexicon_.before(words_, i, to, out.kind)) {
        if (found.value.contains("size")) out.size = found.value.at("size").get<std::string>();
        if (!out.kind.empty()) out.set.update(found.value);
        i += found.length;
        continue;
      }
      if (kWalls.contains(words_[i])) {
        const std::string& w = words_[i];
        out.wall = w == "rear" || w == "far" || w == "north" ? "back"
                   : w == "south"                            ? "front"
                   : w == "east"                             ? "right"
                   : w == "west"                             ? "left"
                   : w == "opposite"                         ? ""
                                                             : w;
      } else if (out.noun.is == Is::room || out.noun.is == Is::floor || out.noun.is == Is::wall) {
        if (const auto c = lexicon_.colour(words_, i)) out.colour = c.value, i += c.length - 1;
        if (const auto m = lexicon_.material(words_, i, false)) out.material = m.value, i += m.length - 1;
      } else if (!kMood.contains(words_[i]) && !words_[i].ends_with("'s") && !words_[i].ends_with("s'") && !participle_before(i) && !lexicon_.noun(words_, i) &&
                 out.noun.is == Is::thing) {
        out.unknown.push_back(words_[i]);
      }
      ++i;
    }
  }

  /// What floors and walls are like.
  void surface(const Phrase& p) {
    const std::string material = p.material.empty() ? p.noun.room : p.material;
    if (p.noun.is == Is::floor) cover(out_.floor, material, p.colour, "plain");
    if (p.noun.is == Is::wall) cover(out_.walls, material == "paint" ? "" : material, p.colour, "plaster");  // painted walls are plaster
    if (p.noun.is == Is::room && !p.colour.empty()) cover(out_.walls, "", p.colour, "plaster");
  }
  static void cover(std::string& what, const std::string& material, const std::string& colour, const std::string& usual) {
    const size_t blank = what.find(' ');
    std::string m = !material.empty() ? material : what.empty() ? usual : what.substr(0, blank);
    const std::string c = !colour.empty() ? colour : blank == std::string::npos ? "" : what.substr(blank + 1);
    if (material.empty() && colour.empty()) return;
    what = c.empty() ? m : m + " " + c;
  }

  bool describes_only(size_t from, size_t to) const {
    while (from < to && describes(from)) ++from;
    return from >= to;
  }

  /// A noun that nobody knows: the nearest kind, or a note that it is left out.
  void unknown(Phrase& out, size_t start) {
    size_t end = at_;
    while (end < words_.size() && end < at_ + 4 && !ends_before(end) && !lexicon_.relation(words_, end) && words_[end] != "i" && words_[end] != "we") ++end;
    const bool title = end < words_.size() && words_[end] == ":";
    const bool begins = (out.counted || out.definite) && !out.each && !describes_only(at_, end) && !title;
    if (!begins || end == at_ || lexicon_.is_filler(words_[at_])) {
      at_ = title && end > at_ ? end : start;
      if (at_ > start) out.words = "title";
      return;
    }
    std::string words;
    for (size_t i = at_; i < end; ++i)
      if (!describes(i)) words += (words.empty() ? "" : " ") + words_[i];
    const size_t from = at_;
    auto kind = nearest_ ? nearest_(words) : Result<std::string>(std::string());
    if (!kind && kind.error().code == ErrorCode::cancelled) throw Failure(kind.error());
    at_ = end;
    out.words = words;
    if (!kind || kind->empty()) {
      note(fmt::format("'{}' is left out: the library of shapes has nothing like it", words));
      return;
    }
    note(fmt::format("'{}' is shown as the nearest kind, '{}'", words, *kind));
    out.found = true;
    out.kind = *kind;
    out.noun.noun.kind = *kind;
    for (size_t i = from; i < end;) {
      const auto said = lexicon_.before(words_, i, end, out.kind);
      if (said) out.set.update(said.value);
      i += std::max<size_t>(1, said.length);
    }
  }

  /// The group that a phrase names: one of before, or a new one.
  int resolve(const Phrase& p, bool reference) {
    if (p.definite && !p.another && !p.own) {
      const int before = mentioned(p.kind, p.noun.plural || p.each, &p);
      if (before >= 0) {
        mention(before);
        return before;
      }
    }
    if (p.own) {  // "its chair": one that was named, or one more
      const int before = mentioned(p.kind, p.noun.plural, &p);
      if (before >= 0 && group(before).kind == p.kind) return mention(before), before;
    }
    if (reference && !p.counted && p.noun.plural) {
      const int before = mentioned(p.kind, true, &p);
      if (before >= 0) return mention(before), before;
    }
    if (reference && p.counted && p.count == 1 && !p.another && p.set.empty()) {  // one of those that were named
      const int before = mentioned(p.kind, true, &p);
      if (before >= 0 && group(before).kind == p.kind && total(before) > 1) {
        const int one = p.one ? take_from(before, 1) : before;
        return mention(one), one;
      }
    }
    ReadGroup g;
    g.noun = p.noun;
    g.kind = p.kind;
    g.words = p.words;
    constexpr int kMaxAlike = 60;
    g.count = std::clamp(p.count, 1, kMaxAlike);
    if (p.count > kMaxAlike) note(fmt::format("{} {}: a scene has {} alike at most", p.count, p.kind, kMaxAlike));
    g.set = p.set;
    g.guessed = p.guessed;
    out_.groups.push_back(std::move(g));
    const int index = static_cast<int>(out_.groups.size()) - 1;
    for (const std::string& unknown : p.unknown) note(fmt::format("'{}' was not understood", unknown));
    mention(index);
    return index;
  }

  /// "the red chair" is not the blue one.
  bool matches(int index, const Phrase& p) {
    for (const auto& [name, value] : p.set.items())
      if (group(index).set.contains(name) && group(index).set.at(name) != value && value.is_string()) return false;
    return true;
  }

  /// Some of a group as a group of their own, with all that was said of them.
  int split(int g, int count) {
    if (group(g).per >= 0 || count >= group(g).count || count < 1) return g;
    if (group(g).guessed) group(g).told_apart = true;
    ReadGroup part = group(g);
    part.count = count;
    part.guessed = part.told_apart = false;
    group(g).count -= count;
    const int index = static_cast<int>(out_.groups.size());
    out_.groups.push_back(std::move(part));
    const size_t links = out_.links.size();
    for (size_t i = 0; i < links; ++i) {
      ReadLink& one = out_.links[i];
      const bool mutual = one.of == g && std::find(one.to.begin(), one.to.end(), g) != one.to.end();
      if (mutual) {
        ReadLink copy = one;
        copy.of = index, copy.to = {g}, copy.wall.clear();
        out_.links.push_back(std::move(copy));
      } else if (one.of == g) {
        ReadLink copy = one;
        copy.of = index;
        // Two beside a thing are on both sides of it.
        if (one.is == "next_to" && one.to.size() == 1 && count + group(g).count == 2) copy.is = "left_of", out_.links[i].is = "right_of";
        out_.links.push_back(std::move(copy));
      } else if (std::find(one.to.begin(), one.to.end(), g) != one.to.end()) {
        one.to.push_back(index);
      }
    }
    for (size_t i = 0, n = out_.groups.size(); i < n; ++i)
      if (out_.groups[i].per == g) {
        ReadGroup copy = out_.groups[i];
        copy.per = index;
        out_.groups.push_back(std::move(copy));
        for (size_t k = 0; k < links; ++k)
          if (out_.links[k].of == static_cast<int>(i)) {
            ReadLink again = out_.links[k];
            again.of = static_cast<int>(out_.groups.size()) - 1, again.to = {index};
            std::erase(out_.links[k].to, index);
            out_.links.push_back(std::move(again));
          }
      }
    return index;
  }

  /// The next of a group: "one … and one …", "one … the other …".
  int take_from(int g, int count) {
    if (rest_ >= 0 && group(rest_).kind == group(g).kind) g = rest_;
    const int part = split(g, count);
    rest_ = part == g ? -1 : g;
    return part;
  }

  const SceneWords& words_;
  const SceneLexicon& lexicon_;
  const ScenePlaces& places_;
  const NearestKind& nearest_;
  size_t at_ = 0;
  ReadScene out_;
  std::vector<int> salience_;
  int host_ = -1, rest_ = -1;  ///< what "with" belongs to; what is left of a group of which "one" was named
  bool room_known_ = false, said_each_ = false;
};

}  // namespace ptah::scene_words_detail
