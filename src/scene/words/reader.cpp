#include "scene/words/reader.h"

#include "scene/words/clause_reader.h"
#include "scene/words/rewriting.h"

namespace ptah {

namespace {

using scene_words_detail::ClauseReader;
using scene_words_detail::Is;
using scene_words_detail::Reference;

/// Sentences: what stands before the things ("on the table", "there is"), lists of them, and what holds for a whole list.
class Reader : public ClauseReader {
 public:
  using ClauseReader::ClauseReader;

  ReadScene run() {
    while (at_ < words_.size()) {
      const size_t before = at_;
      sentence();
      if (at_ == before) ++at_;
    }
    drop_guesses();
    return std::move(out_);
  }

 private:
  /// "Kites: one red, one blue." are two: those that were told apart, not so many as a plural without a number usually means.
  void drop_guesses() {
    for (ReadGroup& g : out_.groups)
      if (g.guessed && g.told_apart && g.count > 0) g.kind.clear();
  }

  struct Front {
    std::string is;
    Reference to;
    bool used = false;
  };
  /// What a sentence has said so far.
  struct Clause {
    std::optional<Front> front;
    std::vector<int> list, pending;  ///< things since the last verb; those of them without a place
    bool by_and = false, by_comma = false, ordered = false;
    int collective = -1;  ///< "toys on the rug": the list behind it says which
    bool listed = false;  ///< it did
    int before = -1;      ///< in an ordered list
  };

  /// "6 by 4 metre".
  bool room_measure() {
    const auto number = [&](size_t at, float& out) {
      if (at >= words_.size()) return false;
      char* rest = nullptr;
      out = std::strtof(words_[at].c_str(), &rest);
      if (rest != words_[at].c_str() && (*rest == 0 || std::string(rest) == "m")) return true;
      const auto n = lexicon_.number(words_, at);
      if (n) out = static_cast<float>(n.value);
      return n.length == 1 && words_[at] != "a" && words_[at] != "an";
    };
    float w = 0, d = 0;
    size_t i = at_;
    if (!number(i, w)) return false;
    ++i;
    const auto metre = [&](size_t k) { return k < words_.size() && (words_[k] == "m" || words_[k].starts_with("metre") || words_[k].starts_with("meter")); };
    if (metre(i)) ++i;
    if (i >= words_.size() || (words_[i] != "by" && words_[i] != "x")) return false;
    ++i;
    if (!number(i, d)) return false;
    ++i;
    if (metre(i)) ++i;
    if (w < 1.5F || d < 1.5F || w > 100 || d > 100) return false;
    out_.width = w, out_.depth = d;
    at_ = i;
    return true;
  }

  /// "a 6 by 4 metre room".
  void measure_behind_article() {
    const size_t start = at_;
    if (is("a") || is("an")) ++at_;
    if (!room_measure()) at_ = start;
  }

  void sentence() {
    host_ = -1;
    Clause clause;
    while (!at_end()) {
      const size_t start = at_;
      if (connector(clause)) continue;
      measure_behind_article();
      hung_ = distributed_ = said_each_ = along_ = false;
      if (ordered(clause) || each_clause() || except(clause) || fronted(clause)) continue;
      if (subject(clause)) continue;
      if (at_ > start) continue;
      if (verb_of_list(clause)) continue;
      if (clause.front && !clause.front->used && verb().any && at_ > start) continue;
      if (!lexicon_.is_filler(word())) stray(word());
      at_ = start + 1;
    }
    end_list(clause);
    if (!clause.list.empty()) topic_ = clause.list;
    if (clause.collective >= 0 && !clause.listed) note(fmt::format("'{}' says nothing of which", group(clause.collective).words));
    if (is(".")) ++at_;
  }

  bool connector(Clause& clause) {
    const bool comma = is(",") || is("(") || is(")") || is(":");
    if (!comma && !is("and") && !is("plus") && !is("or") && !is("while") && !is("but") && !is("then") && !is("where") && !is("though") && !is("although") &&
        !is("whereas") && !is("yet"))
      return false;
    clause.by_comma = clause.by_comma || comma;
    clause.by_and = !comma;
    if (is("while") || is("but") || is("where") || is("though") || is("although") || is("whereas")) end_list(clause);
    ++at_;
    return true;
  }

  /// "two chairs, one red and one blue, stand in the corner": what follows is said of all of them.
  bool verb_of_list(Clause& clause) {
    if (clause.list.empty() || clause.front || is("there") || !finite_ahead()) return false;
    const size_t start = at_;
    std::vector<int> all = clause.list;
    const bool hung = hung_;
    const bool several = verb().several;
    at_ = start, hung_ = hung;
    if (!several) all = {clause.list.back()};
    listed_ = &clause.list;
    if (modifiers(all, true, true)) clause.pending.clear();
    listed_ = nullptr;
    topic_ = all;
    return at_ > start;
  }

  void end_list(Clause& clause) {
    if (!clause.list.empty()) topic_ = clause.list;
    clause.pending.clear();
  }

  /// "from left to right".
  bool ordered(Clause& clause) {
    if (!(is("from") && is("left", 1) && is("to", 2) && is("right", 3))) return false;
    at_ += 4;
    return clause.ordered = true;
  }

  /// "each with a lamp", "each of them holds a cup", "each beside a chair".
  bool each_clause() {
    if (!is("each") && !is("both")) return false;
    const size_t start = at_;
    ++at_;
    if (is("of") && (is("them", 1) || is("these", 1) || is("which", 1))) at_ += 2;
    take("one");
    const int g = pronoun_group("on", {}, true);
    const Verb v = verb();
    if (g >= 0 && (v.inverse || v.passive)) return with(g, true, v.is), true;
    if (g >= 0 && (is("with") || is("has") || is("have") || is("having"))) {
      ++at_;
      with(g, true, "");
      return true;
    }
    const auto relation = lexicon_.relation(words_, at_);
    if (g >= 0 && relation && !relation.value.open && !relation.value.own) {
      at_ += relation.length;
      const Phrase p = phrase();
      if (p.found && !p.kind.empty() && p.counted && p.count == 1) {
        const int other = resolve(p, false);
        group(other).per = g;
        link(relation.value.is, {g}, {{other}, false, false, true, Is::thing, "", true});
        return true;
      }
    }
    return at_ = start, false;
  }

  /// "except for a black one".
  bool except(Clause& clause) {
    const bool apart = (is("apart") && is("from", 1)) || (is("other") && is("than", 1)), but = is("but") && is("one", 1);
    if (!is("except") && !apart && !but) return false;
    at_ += apart ? 2 : 1;
    take("for");
    if (const auto some = member(true)) {
      modifiers({*some}, true, true);
      clause.list.push_back(*some);
    }
    return true;
  }

  /// "on the table", "to its left", "next to the bed, on a stool," before what is there.
  bool fronted(Clause& clause) {
    const size_t start = at_;
    {
      const auto leading = verb_words(words_, at_);  // "gathered around the well are …"
      const bool finite = leading && (leading.value.form == VerbWords::Form::one || leading.value.form == VerbWords::Form::several);
      if (leading && !finite && !leading.value.auxiliary && leading.value.is.empty() && lexicon_.relation(words_, at_ + leading.length)) at_ += leading.length;
    }
    const auto relation = lexicon_.relation(words_, at_);
    if (!relation || (lexicon_.noun(words_, at_) && lexicon_.noun(words_, at_).length >= relation.length)) return at_ = start, false;
    if (relation.value.is == "in" && is("the", 1) && is("room", 2)) return at_ += 3, true;
    at_ += relation.length;
    const bool bare = !relation.value.open && !relation.value.own && (is(",") || verb_words(words_, at_) || is("there"));
    const bool open = relation.value.open || relation.value.own || (bare && relation.value.is != "in" && relation.value.is != "at");
    const Reference to = open ? open_reference(relation.value.is, {}, relation.value.own) : reference(relation.value.is, {});
    if (!to.found) return at_ = start, false;
    if (to.groups.empty() && to.part == Is::thing) return true;  // unknown, and noted
    if (to.part == Is::room) return true;
    const std::optional<Front> outer = clause.front;
    if (to.groups.size() == 1 && !to.pronoun) nested(to.groups[0], to.fresh);
    const bool from_ceiling = outer && outer->to.part == Is::ceiling;  // "from the ceiling above the table hangs a lamp"
    if (outer && !outer->used && !from_ceiling && to.fresh && to.groups.size() == 1) link(outer->is, to.groups, outer->to);
    end_list(clause);
    clause.list.clear();
    clause.front = Front{relation.value.is, to, false};
    if (!to.groups.empty()) anchor_ = to.groups.back();
    take(",");
    const size_t before_verb = at_;
    take("there");
    const Verb v = verb();
    if (!v.any || !v.is.empty()) at_ = before_verb;
    return true;
  }

  /// A thing or things that a clause is about, and all that is said of them.
  bool subject(Clause& clause) {
    const size_t start = at_;
    const size_t groups = out_.groups.size();
    bool fresh = true, definite = false;
    std::vector<int> subjects = pronoun_subject();
    if (subjects.empty()) {
      if (const auto some = spread_member()) {
        subjects = {*some};
        definite = true;
        fresh = false;
      }
    } else {
      fresh = false, definite = true;
    }
    if (subjects.empty()) {
      const Phrase p = phrase();
      if (!p.found) {
        if (p.words.empty()) at_ = start;
        if (at_ > start && !is(":")) left_out_place();
        return at_ > start;
      }
      if (p.none) return absent(p), true;
      if (p.noun.is == Is::collective) return collective(clause, p);
      if (p.kind.empty() && !wall_outdoors(p)) return room_clause(p);
      const int g = resolve(p.kind.empty() ? as_wall(p) : p, false);
      if (p.each) said_each_ = true;
      subjects = {g};
      definite = p.definite;
      fresh = static_cast<size_t>(g) >= groups;
      if (p.own && topic_.size() == 1 && topic_[0] != g) mention(topic_[0]), mention(g);
    }
    item(clause, subjects, fresh, definite);
    return true;
  }

  /// Where something was to be that is left out.
  void left_out_place() {
    const size_t start = at_;
    verb();
    const auto relation = lexicon_.relation(words_, at_);
    at_ = relation ? at_ + relation.length : start;
    if (relation && !relation.value.open && !relation.value.own && !reference(relation.value.is, {}).found) at_ = start;
  }

  void item(Clause& clause, const std::vector<int>& subjects, bool fresh, bool definite) {
    const bool by_and = clause.by_and && !clause.list.empty();
    clause.by_and = clause.by_comma = false;
    const size_t links = out_.links.size();
    for (const int g : subjects)
      if (!is_in(clause.list, g)) clause.list.push_back(g);
    peers_ = by_and ? peers_of(clause.pending) : std::vector<int>{};
    const std::vector<int> peers = peers_;
    by_pronoun_ = false;
    listed_ = &clause.list;
    bool said = modifiers(subjects, true, false);
    const bool own = said;
    peers_.clear();
    bool predicate = false;
    if (!said && !fresh && (is("a") || is("an") || (lexicon_.number(words_, at_) && !is("one"))) &&
        !clause.front) {  // "the left one carries a lamp, the right one a clock"
      with(subjects.back(), false, last_how_);
    }
    if (finite_ahead() || is("has") || is("have")) {
      predicate = true;
      const std::vector<int> all = agreeing(clause, subjects);
      const bool several = all.size() > 1 && all.size() > subjects.size();
      said = modifiers(all, true, true) || said;
      if (several && said) clause.pending.clear();
    }
    if (clause.front) place_fronted(clause, subjects, said, own || (said && predicate), fresh || !definite);
    if (clause.collective >= 0 && !said) {
      for (size_t i = 0, n = out_.links.size(); i < n; ++i)
        if (out_.links[i].of == clause.collective)
          for (const int g : subjects) repeat_link(i, g);
      clause.listed = true;
    }
    if (clause.ordered && stands(subjects[0]) != Stands::hung) in_order(clause, subjects[0]);
    if (own && !clause.front && out_.links.size() > links && out_.links[links].of == subjects.back()) share(clause, links, by_and, peers);
    if (said) clause.pending.clear();
    if (!said)
      for (const int g : subjects) clause.pending.push_back(g);
    if (predicate) {
      topic_ = clause.list.size() > subjects.size() && said ? clause.list : subjects;
      clause.list = subjects;
    }
    listed_ = nullptr;
    // What was listed and the topic of the next sentence.
    if (!predicate) topic_ = clause.list;
  }

  /// Of what is listed, what "it" does not mean: nothing stands relative to a drum.
  std::vector<int> peers_of(const std::vector<int>& listed) {
    std::vector<int> out;
    for (const int g : listed) {
      const KindPlace* known = places_.named(group(g).kind);
      const bool furniture = known && (known->carries > 0 || known->stands == Stands::wall || known->stands == Stands::middle);
      if (!furniture && !places_.is_large(group(g).kind)) out.push_back(g);
    }
    return out;
  }

  /// A small thing, or a tool that no place is known for.
  bool lies(int g) { return stands(g) == Stands::surface || (!places_.named(group(g).kind) && !places_.is_large(group(g).kind)); }

  /// A list shares what is said behind its last thing: small things on one place, and what stands along a wall.
  void share(Clause& clause, size_t links, bool by_and, const std::vector<int>& peers) {
    const ReadLink first = out_.links[links];
    const bool on = first.is == "on" || first.is == "in" || first.is == "next_to";
    for (const int before : clause.pending)
      if (before != first.of && ((by_and && on && lies(before) && lies(first.of)) || along_ || (by_and && is_living(before) && is_living(first.of)) ||
                                 (by_and && first.is == "facing" && !lies(before) && !hangs(before)) ||
                                 (by_and && first.is == "on" && stands(before) == Stands::hung && !places_.is_large(group(first.of).kind)) ||
                                 (by_pronoun_ && is_in(peers, before) && is_lateral(first.is) && !is_in(first.to, before))))
        repeat_link(links, before);
  }

  /// The things that a verb is about: the whole list for "are", the last one for "is".
  std::vector<int> agreeing(const Clause& clause, const std::vector<int>& subjects) {
    const size_t start = at_;
    const bool hung = hung_;
    const bool have = is("have");
    const Verb v = verb();
    at_ = start, hung_ = hung;
    const bool several = v.any ? v.several : have;
    if (!several || clause.list.size() <= subjects.size()) return subjects;
    const bool alone = std::any_of(subjects.begin(), subjects.end(), [&](int g) { return total(g) > 1; });
    std::vector<int> all = alone ? clause.pending : clause.list;
    if (alone && clause.pending.size() + subjects.size() < clause.list.size()) all.clear();
    for (const int g : subjects) std::erase(all, g);
    all.insert(all.end(), subjects.begin(), subjects.end());
    return all;
  }

  void place_fronted(Clause& clause, const std::vector<int>& subjects, bool said, bool own, bool fresh) {
    Front& front = *clause.front;
    const bool mutual = std::all_of(out_.links.begin(), out_.links.end(), [&](const ReadLink& l) {
      return !is_in(subjects, l.of) || l.wall == "each other" || std::all_of(l.to.begin(), l.to.end(), [&](int g) { return is_in(subjects, g); });
    });
    if (said && mutual && !front.used && fresh) {  // "in front of the house two robots face each other"
      link(front.is, subjects, front.to);
      front.used = true;
      return;
    }
    if (said || own) {
      // "to the left a globe on a stool": the stool is there; "on the table a lamp next to a book": the lamp is there all the same.
      for (size_t i = out_.links.size(); i > 0; --i) {
        const ReadLink one = out_.links[i - 1];
        if (one.of != subjects.back() || one.to.empty()) continue;
        const bool on = one.is == "on" || one.is == "in";
        if (on && !front.used && is_lateral(front.is) && one.to[0] > subjects.back()) link(front.is, {one.to[0]}, front.to);
        if (!on && (front.is == "on" || front.is == "in") && stands(subjects.back()) == Stands::surface) link(front.is, subjects, front.to);
        front.used = true;
        return;
      }
      return;
    }
    if (!fresh) return;
    std::vector<int> placed;
    for (const int g : subjects)
      if (!is_in(front.to.groups, g)) placed.push_back(g);
    if (placed.empty()) return;
    link(front.is, placed, front.to);
    front.used = true;
  }

  void in_order(Clause& clause, int g) {
    if (clause.before >= 0) {
      const bool first = std::none_of(out_.links.begin(), out_.links.end(),
                                      [&](const ReadLink& l) { return l.of == clause.before && (l.is == "right_of" || l.is == "left_of"); });
      if (first)
        out_.links.push_back({.is = "left_of", .of = clause.before, .to = {g}, .wall = "", .each = false});
      else
        out_.links.push_back({.is = "right_of", .of = g, .to = {clause.before}, .wall = "", .each = false});
    }
    clause.before = g;
  }

  /// "it", "they": what the last clause was about.
  std::vector<int> pronoun_subject() {
    const bool one = is("it") || is("this") || is("that") || is("he") || is("she"), several = is("they") || is("these") || is("those") || is("both");
    if (!one && !several) return {};
    const size_t start = at_;
    ++at_;
    if (is("both") || is("all") || is("two")) ++at_;
    if (!finite_ahead() && !is("has") && !is("have")) return at_ = start, std::vector<int>{};
    std::vector<int> out;
    for (const int g : topic_)
      if (!group(g).kind.empty() && !(group(g).guessed && group(g).told_apart)) out.push_back(g);
    if (several && (out.size() > 1 || (out.size() == 1 && total(out[0]) > 1))) {
      for (const int g : out) mention(g);
      return out;
    }
    if (one && out.size() == 1 && total(out[0]) == 1) return mention(out[0]), out;
    const int g = pronoun_group("", {}, several);
    if (g < 0) return at_ = start, std::vector<int>{};
    mention(g);
    return {g};
  }

  /// "one on each side of the bed": all of them, as the words that follow spread them.
  std::optional<int> spread_member() {
    if (is("one")) {
      const auto relation = lexicon_.relation(words_, at_ + 1);
      const size_t behind = at_ + 1 + relation.length;
      const bool each = relation && behind < words_.size() && (words_[behind] == "each" || words_[behind] == "every");
      const int several = latest_several();
      if (relation && several >= 0 && (relation.value.is == "sides" || each)) {
        ++at_;
        distributed_ = true;
        return several;
      }
    }
    return member(true);
  }

  bool collective(Clause& clause, const Phrase& p) {
    const int g = resolve(p, false);
    clause.collective = g;
    modifiers({g}, false, true);
    return true;
  }

  bool wall_outdoors(const Phrase& p) const {
    return p.noun.is == Is::wall && p.counted && p.noun.room.empty() && places_.room(out_.room).outdoor && lexicon_.kinds().kinds().contains("wall");
  }
  Phrase as_wall(Phrase p) const {
    p.kind = "wall";
    p.noun.is = Is::thing, p.noun.noun.kind = "wall";
    if (!p.colour.empty()) p.set["color"] = p.colour;
    if (!p.material.empty()) p.set["finish"] = p.material;
    return p;
  }

  bool room_clause(const Phrase& p) {
    architecture(p);
    if (p.noun.is == Is::room && (is("with") || is("has") || is("holds") || is("contains") || is("containing") || is("having") || is("whose"))) ++at_;
    if (is("without") || is("that")) {
      while (is("that")) ++at_;
      if (take("without")) none();
    }
    if (p.noun.is == Is::floor || p.noun.is == Is::wall) {  // "white tiles on the floor"
      const auto relation = lexicon_.relation(words_, at_);
      if (relation && (relation.value.is == "on" || relation.value.is == "under")) {
        const size_t start = at_;
        at_ += relation.length;
        take("the") || take("all") || take("every") || take("each");
        take("the");
        const auto noun = lexicon_.noun(words_, at_);
        if (noun && noun.value.is == Is::wall && p.noun.is == Is::floor) {
          out_.floor = floor_before_;
          Phrase wall = p;
          wall.noun.is = Is::wall;
          surface(wall);
        }
        at_ = noun && noun.value.is != Is::thing ? at_ + noun.length : start;
      }
    }
    floor_before_ = out_.floor;
    return true;
  }

  void stray(const std::string& w) {
    static const std::set<std::string> kQuiet{
        "need",     "needs",   "i'd",        "i'm",        "let's",  "could", "give",   "get",      "my",         "our",       "your",     "whose",
        "what",     "in",      "on",         "at",         "both",   "each",  "every",  "one",      "more",       "not",       "no",       "nothing",
        "else",     "into",    "do",         "will",       "may",    "might", "some",   "somebody", "someone",    "they're",   "he",       "she",
        "his",      "her",     "furnished",  "equipped",   "modern", "cosy",  "cozy",   "from",     "who's",      "featuring", "consists", "consisting",
        "looks",    "visible", "everything", "altogether", "total",  "left",  "other",  "others",   "these",      "those",     "this",     "if",
        "possible", "maybe",   "perhaps",    "kindly",     "thanks", "thank", "hello",  "hi",       "by",         "away",      "around",   "been",
        "was",      "were",    "has",        "all",        "fully",  "style", "styled", "itself",   "themselves", "half",      "try",      "picture"};
    if (kQuiet.contains(w)) return;
    if (lexicon_.relation(words_, at_) || lexicon_.colour(words_, at_) || lexicon_.number(words_, at_) || verb_words(words_, at_)) return;
    note(fmt::format("'{}' was not understood", w));
  }

  std::string floor_before_;
};

}  // namespace

Result<ReadScene> read_scene_words(const std::string& text, const SceneLexicon& lexicon, const ScenePlaces& places, const NearestKind& nearest) {
  return guard([&]() -> Result<ReadScene> {
    const SceneWords words = in_full(scene_words(text), lexicon);
    Reader reader(words, lexicon, places, nearest);
    ReadScene out = reader.run();
    return out;
  });
}

}  // namespace ptah
