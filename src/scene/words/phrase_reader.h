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

  /// The end of "the table" …: a group of before that it may mean.
  int mentioned(const std::string& kind, bool plural) {
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
    int found = latest([&](int g) { return group(g).kind == kind && (!plural || total(g) > 1); });
    if (found < 0 && plural) found = latest([&](int g) { return group(g).kind == kind; });
    for (const auto& family : kFamilies)
      if (found < 0 && family.contains(kind)) found = latest([&](int g) { return family.contains(group(g).kind); });
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

  struct Phrase {
    bool found = false, definite = false, each = false, counted = false, another = false;
    int count = 1;
    std::string wall;
    NounEntry noun;
    std::string kind, words;
    Json set = Json::object();
    std::string size;
    std::vector<std::string> unknown;
  };

  static bool ends_phrase(const std::string& w) {
    static const std::set<std::string> kEnds{",", ".",  "and",  "with",  "that", "which", "is",    "are", "stands",  "has",    "have", "the",
                                             "a", "an", "each", "every", "it",   "them",  "there", "but", "without", "facing", "or"};
    return kEnds.contains(w);
  }

  /// The noun of a phrase that begins here: the last of nouns in a row ("glass table"), behind words that may describe it.
  bool find_noun(size_t from, size_t& noun_at, WordMatch<NounEntry>& noun) const {
    for (size_t i = from; i < words_.size() && i < from + 7; ++i) {
      if (i == from && (ends_phrase(words_[i]) || (lexicon_.is_filler(words_[i]) && !lexicon_.noun(words_, i)))) return false;
      if (i > from && (ends_phrase(words_[i]) || (lexicon_.relation(words_, i) && !lexicon_.colour(words_, i) && words_[i] != "round"))) return false;
      const auto here = lexicon_.noun(words_, i);
      if (!here) continue;
      noun = here, noun_at = i;
      // "glass table", "metal desk lamp": the later noun, if one follows at once and the first is no phrase of its own.
      while (true) {
        const size_t next = noun_at + noun.length;
        if (next >= words_.size() || ends_phrase(words_[next]) || words_[next] == "next") break;
        const auto later = lexicon_.noun(words_, next);
        if (!later || later.value.is != Is::thing) break;
        if (noun.value.plural && noun.value.is == Is::thing) break;
        noun = later, noun_at = next;
      }
      return true;
    }
    return false;
  }

  Phrase phrase() {
    Phrase out;
    const size_t start = at_;
    if (take("the") || take("this") || take("that") || take("these") || take("those") || take("its") || take("their")) out.definite = true;
    if (is("each") || is("every")) {
      if (is("of", 1)) return out;
      ++at_;
      out.definite = out.each = true;
    }
    if (is("another") || is("other")) out.another = true;
    // "a pair of curtains" is one thing, "a pair of chairs" are two.
    size_t noun_at = at_;
    WordMatch<NounEntry> noun;
    const auto whole = lexicon_.noun(words_, at_ + (is("a") || is("an") ? 1 : 0));
    const auto number = lexicon_.number(words_, at_);
    if (number && !(whole && whole.length > 1 && whole.length >= number.length)) {
      out.count = number.value;
      out.counted = true;
      at_ += number.length;
      if (is("of") && (is("the", 1) || is("them", 1))) ++at_;
      if (const auto more = lexicon_.number(words_, at_); more && (is("two") || is("three") || is("four"))) out.count = more.value, at_ += more.length;
    } else if (is("a") || is("an")) {
      out.counted = true;
      ++at_;
    }
    if (!find_noun(at_, noun_at, noun)) {
      unknown(out, start);
      return out;
    }
    out.found = true;
    out.noun = noun.value;
    out.kind = noun.value.is == Is::thing ? kind_here(noun.value.noun) : "";
    out.set = noun.value.noun.set;
    if (!out.counted && !out.definite && noun.value.plural && noun.value.is == Is::thing) out.count = 3;
    describe(out, at_, noun_at);
    at_ = noun_at + noun.length;
    for (size_t i = start; i < at_; ++i) out.words += (out.words.empty() ? "" : " ") + words_[i];
    return out;
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
        if (const auto c = lexicon_.colour(words_, i)) room_colour(out, c.value);
      } else if (!kMood.contains(words_[i]) && !lexicon_.noun(words_, i) && out.noun.is == Is::thing) {
        out.unknown.push_back(words_[i]);
      }
      ++i;
    }
  }

  void room_colour(const Phrase& p, const std::string& colour) {
    if (p.noun.is == Is::floor) out_.floor = "plain " + colour;
    if (p.noun.is != Is::floor) out_.walls = "plaster " + colour;
  }

  /// A noun that nobody knows: the nearest kind, or a note that it is left out.
  void unknown(Phrase& out, size_t start) {
    size_t end = at_;
    while (end < words_.size() && end < at_ + 4 && !ends_phrase(words_[end]) && !lexicon_.relation(words_, end)) ++end;
    const bool begins = out.counted || out.definite;
    if (!begins || end == at_ || lexicon_.is_filler(words_[at_])) {
      at_ = start;
      return;
    }
    std::string words;
    for (size_t i = at_; i < end; ++i) words += (words.empty() ? "" : " ") + words_[i];
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
  }

  /// The group that a phrase names: one of before, or a new one.
  int resolve(const Phrase& p, bool reference) {
    if (p.definite && !p.another) {
      const int before = mentioned(p.kind, p.noun.plural);
      if (before >= 0 && matches(before, p)) {
        mention(before);
        return before;
      }
    }
    if (reference && !p.counted && p.noun.plural) {
      const int before = mentioned(p.kind, true);
      if (before >= 0) return mention(before), before;
    }
    if (reference && p.counted && p.count == 1 && !p.another && p.set.empty()) {  // one of those that were named
      const int before = mentioned(p.kind, true);
      if (before >= 0 && group(before).kind == p.kind && total(before) > 1) return mention(before), before;
    }
    ReadGroup g;
    g.noun = p.noun;
    g.kind = p.kind;
    g.words = p.words;
    g.count = std::min(p.count, 60);
    g.set = p.set;
    out_.groups.push_back(std::move(g));
    const int index = static_cast<int>(out_.groups.size()) - 1;
    for (const std::string& unknown : p.unknown) note(fmt::format("'{}' was not understood", unknown));
    mention(index);
    return index;
  }

  /// "the red chair" is not the blue one.
  bool matches(int index, const Phrase& p) {
    for (const auto& [name, value] : p.set.items())
      if (name == "color" && group(index).set.contains("color") && group(index).set.at("color") != value) return false;
    return true;
  }

  const SceneWords& words_;
  const SceneLexicon& lexicon_;
  const ScenePlaces& places_;
  const NearestKind& nearest_;
  size_t at_ = 0;
  ReadScene out_;
  std::vector<int> salience_;
  int host_ = -1;
  bool room_known_ = false, said_each_ = false;
};

}  // namespace ptah::scene_words_detail
