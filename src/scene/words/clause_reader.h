// What is said behind a thing: the middle of the grammar of sentences about scenes.
#pragma once

#include "scene/words/remark_reader.h"

namespace ptah::scene_words_detail {

class ClauseReader : public RemarkReader {
 public:
  using RemarkReader::RemarkReader;

 protected:
  /// Whether a preposition here begins a clause of its own: "… , next to the ladder lies a bucket".
  bool fronts(size_t at) {
    Saved before = saved();
    at_ = at;
    const auto relation = lexicon_.relation(words_, at_);
    at_ += relation.length;
    bool out = false;
    Reference to;
    if (!relation.value.open && !relation.value.own) to = reference(relation.value.is, {});
    if (relation.value.open || relation.value.own || to.found) {
      if (to.groups.size() == 1 && !to.pronoun)
        while (lexicon_.relation(words_, at_) && !lexicon_.relation(words_, at_).value.open) {
          at_ += lexicon_.relation(words_, at_).length;
          if (!reference("", {}).found) break;
        }
      out = !at_end() &&
            (verb_words(words_, at_) || is("a") || is("an") || is("the") || lexicon_.number(words_, at_) || lexicon_.noun(words_, at_) || is("there"));
    }
    restore(std::move(before));
    return out;
  }

  /// A preposition and what it is relative to. False, and nothing consumed, if there is none.
  bool place(const std::vector<int>& subjects, bool& said) {
    const size_t start = at_;
    const auto relation = lexicon_.relation(words_, at_);
    if (!relation) return false;
    at_ += relation.length;
    if (relation.value.is == "in" && is("the") && is("room", 1)) return at_ += 2, true;
    // A preposition without anything behind it: "with a tree behind".
    const bool bare = !relation.value.open && !relation.value.own && (at_end() || is(",") || is("and") || is(")") || is("while"));
    const bool open = relation.value.open || relation.value.own || (bare && relation.value.is != "at" && relation.value.is != "from");
    if (relation.value.open && words_[start + 1] == "one" && relation.value.is == "next_to") one_side_ = true;
    if (one_side_ && !relation.value.open && relation.length == 1 && is("the") && is("other", 1) &&
        (at_ + 2 >= words_.size() || ends_before(at_ + 2))) {  // "on one side …, on the other"
      at_ += 2;
      const Reference side = open_reference("next_to", subjects, false);
      if (side.found) return link("next_to", subjects, side), said = true;
    }
    const Reference to = open ? open_reference(relation.value.is, subjects, relation.value.own) : reference(relation.value.is, subjects);
    if (!to.found && open && words_[start] == "at") return at_the_end(relation.value.is, subjects), said = true;
    if (!to.found) return at_ = start, false;
    if (to.part == Is::room) return at_the_end(relation.value.is, subjects), true;
    if (relation.value.is == "across" && mutual(subjects) && to.groups.size() == 1) {  // "face each other across a table"
      const std::string &kind = group(subjects.back()).kind, &over = group(to.groups[0]).kind;
      const bool seats = (kind == "chair" || kind == "stool" || kind == "office_chair" || kind == "bench") && (over == "table" || over == "coffee_table");
      if (seats)
        link("around", subjects, to);
      else
        link("between", to.groups, {subjects, false, false, false, Is::thing, "", true});
      return said = true;
    }
    link(relation.value.is, subjects, to);
    by_pronoun_ = to.pronoun;
    along_ = words_[start] == "along" && to.part == Is::wall;
    said = true;
    const auto next = lexicon_.relation(words_, at_);
    const bool carried =
        to.pronoun && next && next.value.is == "on" && (relation.value.is == "on" || relation.value.is == "in");  // "with a lid on it on a table"
    if (to.groups.size() == 1 && (!to.pronoun || carried)) nested(to.groups[0], to.fresh);
    return true;
  }

  /// "at the back of the room": at that wall.
  void at_the_end(const std::string& is, const std::vector<int>& subjects) {
    const char* wall = is == "behind"                         ? "back"
                       : is == "in_front_of"                  ? "front"
                       : is == "left_of" || is == "on_left"   ? "left"
                       : is == "right_of" || is == "on_right" ? "right"
                                                              : "";
    if (*wall == 0 || places_.room(out_.room).outdoor) return;
    for (const int g : subjects)
      if (!hangs(g) && stands(g) != Stands::surface) out_.links.push_back({.is = "against_wall", .of = g, .to = {}, .wall = wall, .each = false});
  }

  bool mutual(const std::vector<int>& subjects) const {
    return !out_.links.empty() && out_.links.back().of == subjects.back() && (out_.links.back().wall == "each other" || subjects.size() == 2) &&
           out_.links.back().is == "facing";
  }

  /// What is said of what a thing is relative to: "on the bedside table next to the bed", "on the table, which stands in the corner".
  void nested(int g, bool fresh) {
    if (at_end()) return;
    const auto next = lexicon_.relation(words_, at_);
    const bool whose_part = is(",") && lexicon_.relation(words_, at_ + 1) && lexicon_.relation(words_, at_ + 1).value.own;
    if (whose_part) {
      const size_t comma = at_++;
      if (!relation_to_which()) at_ = comma;
    }
    const bool relative =
        is("which") || is("that") || is("whose") || is("who") || (is(",") && (is("which", 1) || is("whose", 1) || is("who", 1))) || relation_to_which();
    if (relative || is("with")) {
      // "next to a table with a vase on it"; "behind the house with a bench in front" says more of the thing itself.
      if (is("with") && !with_of(g) && !(fresh && carries(g))) return;
      modifiers({g}, is("with") || relative, false);
      return;
    }
    if (next && next.value.is == "between" && between_small(next.length)) return;  // "a trophy on the shelf between two photos"
    if (next && next.value.is != "facing" && !next.value.own) {
      const size_t after = at_ + next.length;  // "on the table next to it": of the thing itself; "on a rock beside it": of the rock
      const bool pronoun = after < words_.size() && (words_[after] == "it" || words_[after] == "them");
      if (pronoun && !(fresh && next.value.is == "next_to" && stands(g) != Stands::surface)) return;
      modifiers({g}, false, false);
      return;
    }
    const auto v = verb_words(words_, at_);
    if (v && v.value.form == VerbWords::Form::participle && v.value.is.empty() && lexicon_.relation(words_, at_ + v.length)) modifiers({g}, false, false);
    if (v && v.value.form == VerbWords::Form::past && v.value.is.empty() && lexicon_.relation(words_, at_ + v.length)) modifiers({g}, false, false);
  }
  bool between_small(size_t behind) {
    Saved before = saved();
    at_ += behind;
    const Phrase p = phrase();
    restore(std::move(before));
    const KindPlace* known = p.found ? places_.named(p.kind) : nullptr;
    return p.found && !p.kind.empty() && (known ? known->stands == Stands::surface || known->stands == Stands::hung : places_.is_small(p.kind));
  }
  /// "on the table with a red top": a part of it.
  bool with_of(int g) const { return static_cast<bool>(lexicon_.behind(words_, at_, out_.groups[static_cast<size_t>(g)].kind)); }

  /// All that is said behind things: where they are, what they are like, what is with them. `finite`: verbs of a clause belong to them. True if it was said
  /// where they are.
  bool modifiers(const std::vector<int>& subjects, bool may_carry, bool finite) {
    bool said = false;
    const int subject = subjects.back();
    for (bool more = true; more && !at_end();) {
      const size_t start = at_;
      more = modifier(subjects, may_carry, finite, said) && at_ > start;
      if (more || !(is(",") || is("and"))) continue;
      // "… and stands in the corner", "…, next to a drum".
      const size_t connector = at_;
      while (is(",") || is("and")) ++at_;
      const bool verb_next = finite && finite_ahead() && !is("there") && !is("has") && !is("have");
      const size_t from = at_;
      while (adverb()) {
      }
      const bool place_next = said && lexicon_.relation(words_, at_) && !lexicon_.noun(words_, at_) && !fronts(at_);
      if (!place_next) at_ = from;
      const bool participle_next = participle_ahead();
      const bool attribute_next =
          finite && !lexicon_.number(words_, at_) && lexicon_.before(words_, at_, words_.size(), group(subject).kind) && clause_attribute();
      more = verb_next || place_next || attribute_next || participle_next || (may_carry && is("with")) || (finite && is("made") && is("of", 1));
      if (!more) at_ = connector;
    }
    return said;
  }
  /// "red", not "red chairs".
  bool clause_attribute() const {
    const auto found = describes(at_);
    return found && !lexicon_.noun(words_, at_ + 1) && (at_ + 1 >= words_.size() || ends_before(at_ + 1));
  }

  bool modifier(const std::vector<int>& subjects, bool may_carry, bool finite, bool& said) {
    const int subject = subjects.back();
    if (potted(subject)) return true;
    if (is("of") && lexicon_.material(words_, at_ + 1, true) && attribute(subjects)) return true;
    if (!group(subject).kind.empty())
      if (const auto part = lexicon_.behind(words_, at_, group(subject).kind); part && !lexicon_.relation(words_, at_ + part.length)) {
        for (const int s : subjects) group(s).set.update(part.value);
        at_ += part.length;
        return true;
      }
    if (relative_clause(subjects, may_carry, said)) return true;
    const size_t start = at_;
    const Verb v = verb();
    if (v.any && v.finite && !finite) return at_ = start, false;
    if (v.any) {
      for (const int g : subjects) group(g).lying = group(g).lying || v.lying;
      if (v.is.empty()) {
        if (attribute(subjects)) return true;
      } else if (v.passive || v.inverse) {
        hosts_ = subjects;
        with(subject, said_each_, v.is);
        hosts_.clear();
      } else if (object_of(v, subjects)) {
        said = true;
      }
      if (!is("has") && !is("have")) return true;
    }
    if (!v.any && (is("painted") || is("coloured") || is("colored") || is("in") || is("wrapped")) && attribute(subjects)) return true;
    if (remark(subjects, said)) return true;
    const size_t before = at_;
    while (adverb()) {
    }
    if (!lexicon_.relation(words_, at_)) at_ = before;
    if (place(subjects, said)) return true;
    if (may_carry && (is("with") || is("has") || is("have") || is("having") || is("contains") || is("containing"))) {
      const bool within = is("contains") || is("containing");
      const bool with_it = is("with");
      ++at_;
      if (const int other = with_it ? other_host(subject) : -1; other >= 0) {
        with(other, false, "");
        return true;
      }
      hosts_ = subjects;
      with(subject, said_each_, within && is_container(subject) ? "in" : "");
      hosts_.clear();
      return true;
    }
    if (is("without")) {
      ++at_;
      return none();
    }
    return at_ > start;
  }

  /// Of "flank", "surround", "face": what it is done to.
  bool object_of(const Verb& v, const std::vector<int>& subjects) {
    const Reference to = reference(v.is == "sides" ? "next_to" : v.is, subjects);
    if (!to.found) return false;
    const bool pair = v.is == "sides" && subjects.size() == 2;
    if (pair) {
      link("left_of", {subjects[0]}, to);
      link("right_of", {subjects[1]}, to);
    } else {
      link(v.is == "sides" && group(subjects[0]).count == 1 ? "next_to" : v.is, subjects, to);
    }
    if (to.groups.size() == 1 && !to.pronoun) nested(to.groups[0], to.fresh);
    return true;
  }

  /// "on which" begins here.
  bool relation_to_which() {
    const auto relation = lexicon_.relation(words_, at_);
    if (relation && relation.value.own)  // "at whose side"
      for (size_t i = at_; i < at_ + relation.length; ++i)
        if (words_[i] == "whose") return true;
    return relation && !relation.value.open && !relation.value.own && (is("which", relation.length) || is("whom", relation.length));
  }
  /// "on which three vases stand", "in front of which there is a rug": what is relative to the thing.
  bool thing_at_which(int subject) {
    if (!relation_to_which()) return false;
    Saved before = saved();
    const auto relation = lexicon_.relation(words_, at_);
    at_ += relation.length + (relation.value.own ? 0 : 1);
    take("there");
    verb();
    const Phrase p = phrase();
    if (!p.found || p.kind.empty()) return restore(std::move(before)), false;
    const int g = resolve(p, false);
    link(relation.value.is, {g}, {{subject}, total(subject) > 1, true, false, Is::thing, "", true});
    verb();
    return true;
  }

  bool relative_clause(const std::vector<int>& subjects, bool may_carry, bool& said) {
    if (thing_at_which(subjects.back())) return true;
    if (is(",")) {
      const size_t start = at_++;
      const auto whose = lexicon_.relation(words_, at_);
      if (whose && whose.value.own && relation_to_which() && thing_at_which(subjects.back())) return true;
      at_ = start;
    }
    const size_t comma = is(",") ? 1 : 0;
    const std::string& w = word(comma);
    if (w != "which" && w != "that" && w != "who" && w != "whose") return false;
    if (w == "that" && comma) return false;
    const size_t start = at_;
    at_ += comma + 1;
    if (w == "whose") {
      with(subjects.back(), false, "");
      return true;
    }
    const bool verb_next = finite_ahead() || is("has") || is("have") || is("contains");
    if (!verb_next) return at_ = start, false;
    said = modifiers(subjects, may_carry, true) || said;
    if (is(",") && at_ + 1 < words_.size()) {  // "the piano, which is black, stands …"
      const size_t end = at_++;
      if (!finite_ahead()) at_ = end;
    }
    return true;
  }

  /// What is not there: "without a fridge or a stove".
  bool none() {
    const Phrase p = phrase();
    absent(p);
    while (p.found && (is("or") || is("nor") || (is(",") && is("or", 1)))) {
      const size_t start = at_;
      at_ += is(",") ? 2 : 1;
      const Phrase more = phrase();
      absent(more);
      if (!more.found) return at_ = start, true;
    }
    return p.found;
  }
  void absent(const Phrase& p) {
    if (!p.found) return;
    if (p.noun.is == Is::window) out_.windows = 0;
    if (p.noun.is == Is::door) out_.doors = 0;
    if (!p.kind.empty()) out_.absent.insert(p.kind);
  }

  bool is_container(int g) {
    static const std::set<std::string> kContainers{"basket",  "bowl", "bucket", "crate",     "treasure_chest", "wheelbarrow",
                                                   "bathtub", "cart", "wagon",  "trash_bin", "cooking_pot",    "frying_pan",
                                                   "vase",    "jug",  "mug",    "cup",       "drinking_glass", "backpack"};
    return kContainers.contains(group(g).kind);
  }

  // ----- what is with a thing

  /// Whether a phrase follows that belongs to the host too: it is relative to it, or something that stands on it.
  bool continues(int host) {
    Saved before = saved();
    bool out = false;
    if (const auto relation = lexicon_.relation(words_, at_); relation && !lexicon_.noun(words_, at_)) {  // "and to its right a bin"
      at_ += relation.length;
      out = relation.value.own || is("it") || is("them");
      if (out && !relation.value.own) ++at_;
      out = out && !at_end() && !is(",") && !is("and") && !verb_words(words_, at_);
      restore(std::move(before));
      return out;
    }
    const Phrase p = phrase();
    if (p.found && !p.kind.empty()) {
      const Verb v = verb();
      if (const auto relation = lexicon_.relation(words_, at_); relation && !v.finite) {
        at_ += relation.length;
        const bool alone = at_end() || is(",") || is("and");
        out = is("it") || is("them") || (is("each") && !is("other", 1)) || relation.value.own ||
              ((relation.value.open || alone) && relation.value.is != "between");
        out = out || (is("the") && is("other", 1) && one_side_);
        if (is("the"))
          if (const auto noun = lexicon_.noun(words_, at_ + 1)) out = out || kind_here(noun.value.noun) == group(host).kind;
      } else if (!v.any) {
        const KindPlace* known = places_.named(p.kind);
        const bool small = (known && known->stands == Stands::surface) || (!known && places_.is_small(p.kind));
        out = small && carries(host) && !is("each") && p.counted;
      } else if (v.finite && !v.several) {  // "a table with a lamp and a clock stands in the corner": the table does
        const bool alarm = p.kind == "clock" && p.set.value("style", std::string()) == "alarm";
        out = (places_.is_small(p.kind) || alarm) && carries(host) && p.counted && total(host) == 1 && !has_place(host);
      }
    }
    restore(std::move(before));
    return out;
  }

  /// What is with a thing: on it, around it, beside it. `how`: what a verb said, else what is usual.
  void with(int host, bool each, const std::string& how) {
    const int outer = host_;
    host_ = host;
    last_how_ = how;
    std::vector<int> pending;
    for (bool more = true; more;) {
      more = false;
      const size_t start = at_;
      if (!with_one(host, each, how, pending)) {
        at_ = std::max(at_, start);
        break;
      }
      size_t skip = 0;
      while (is(",", skip) || is("and", skip)) ++skip;
      if (skip == 0) break;
      const size_t back = at_;
      at_ += skip;
      more = continues(host);
      if (!more) at_ = back;
    }
    for (const int g : pending) usual(g, host, how);
    host_ = outer;
  }

  bool with_one(int host, bool each, const std::string& how, std::vector<int>& pending) {
    const size_t start = at_;
    if (is("one") && lexicon_.relation(words_, at_ + 1)) ++at_;
    std::optional<std::pair<std::string, Reference>> front;
    if (const auto relation = lexicon_.relation(words_, at_); relation && !lexicon_.noun(words_, at_)) {
      at_ += relation.length;
      const Reference to = relation.value.own || relation.value.open ? open_reference(relation.value.is, {}, true) : reference(relation.value.is, {});
      if (to.found) front = {relation.value.is, to};
    }
    const Phrase p = phrase();
    if (p.none) return absent(p), p.found;
    if (!p.found) {
      if (p.words.empty()) at_ = start;
      return !p.words.empty();
    }
    if (p.kind.empty()) return architecture(p), true;
    const int g = resolve(p, false);
    if (each) group(g).per = host;
    if (front) link(front->first, {g}, front->second);
    if (!front) pending.push_back(g);
    const size_t links = out_.links.size();
    const bool free = !has_place(host);
    const bool place_said = modifiers({g}, true, false);
    if (place_said && free && !front && belongs_to(g, host) && out_.links.size() == links + 1 && out_.links[links].of == g && out_.links[links].to.empty()) {
      out_.links[links].of = host;  // "a table with two stools in the middle of the room": the table is there
      for (const int before : pending) usual(before, host, how);
      pending.clear();
    } else if (place_said) {
      // What was said of the last one holds for those before it, if it is relative to the host.
      const bool of_host = out_.links.size() > links && is_in(out_.links[links].to, host);
      for (const int before : pending)
        if (before != g && of_host &&
            (stands(before) == stands(g) || (out_.links[links].is == "on" && (group(before).kind == "clock" || lies_low(before, host)))))
          repeat_link(links, before);
        else if (before != g)
          usual(before, host, how);
      pending.clear();
    }
    return true;
  }

  /// Whether a thing may lie on a rug, a bed or a seat: no furniture.
  bool lies_low(int g, int host) {
    static const std::set<std::string> kLow{"rug", "bed", "sofa", "bench", "armchair", "bunk_bed"};
    const KindPlace* known = places_.named(group(g).kind);
    static const std::set<std::string> kSeats{"chair", "armchair", "stool", "office_chair", "bench"};
    return kLow.contains(group(host).kind) && !places_.is_large(group(g).kind) && !hangs(g) && !kSeats.contains(group(g).kind) &&
           (!known || (known->carries == 0 && (known->stands == Stands::surface || known->stands == Stands::floor)));
  }
  /// "four chairs around a table, with a bowl on it": not each chair has a bowl, but the table, which is one.
  int other_host(int subject) {
    const int other = host_ >= 0 && host_ != subject ? host_ : anchor_;
    if (total(subject) < 2 || other < 0 || other == subject || group(other).kind.empty() || total(other) > 1) return -1;
    Saved before = saved();
    const Phrase p = phrase();
    bool of_one = false;
    if (p.found && !p.kind.empty() && p.counted) {
      verb();
      if (const auto relation = lexicon_.relation(words_, at_)) {
        at_ += relation.length;
        const bool middle = is("the") && lexicon_.noun(words_, at_ + 1) && lexicon_.noun(words_, at_ + 1).value.is == Is::middle;
        if (middle) at_ += 1 + lexicon_.noun(words_, at_ + 1).length;
        if (middle) take("of");
        of_one = relation.value.open || is("it") || (relation.value.own && words_[at_ - relation.length + 1] == "its") || (middle && at_end()) || at_end();
      }
    }
    restore(std::move(before));
    return of_one ? other : -1;
  }

  /// What stands at or on its host, wherever that is.
  bool belongs_to(int g, int host) {
    const std::string &kind = group(g).kind, &of = group(host).kind;
    const bool seat = kind == "chair" || kind == "stool" || kind == "office_chair";
    return (stands(g) == Stands::surface && carries(host)) || (seat && (of == "table" || of == "desk" || of == "coffee_table"));
  }

  void repeat_link(size_t index, int subject) {
    ReadLink copy = out_.links[index];
    const int first = copy.of;
    copy.of = subject;
    if (group(first).per >= 0 && group(subject).per < 0) group(subject).per = group(first).per;
    out_.links.push_back(copy);
  }

  /// "a table with four chairs": nobody said where.
  void usual(int g, int host, const std::string& how) {
    const Stands where = stands(g);
    const std::string &kind = group(g).kind, &of = group(host).kind;
    const bool seat = kind == "chair" || kind == "stool" || kind == "office_chair" || kind == "armchair";
    std::string is = "next_to";
    if (where == Stands::surface && carries(host)) is = "on";
    if (seat && (of == "table" || of == "coffee_table")) is = "around";
    if (seat && of == "desk") is = "in_front_of";
    if (hangs(g)) is = "above";
    if (!how.empty()) is = how == "on" && is_container(host) ? "in" : how == "sides" ? "next_to" : how;
    if (how == "sides" && group(g).count == 1 && group(g).noun.plural) group(g).count = 2;
    const std::vector<int> to = is == "between" && hosts_.size() > 1 ? hosts_ : std::vector<int>{host};
    out_.links.push_back({.is = is, .of = g, .to = to, .wall = "", .each = group(host).count > 1, .assumed = how.empty()});
    anchor_ = host;
    if (total(host) > 1 && group(g).per < 0 && group(g).count == 1) group(g).per = host;
  }

  /// Doors and windows that a room has, rooms, and what floors and walls are like.
  void architecture(const Phrase& p) {
    if (p.noun.is == Is::window) out_.windows = std::max(0, out_.windows) + p.count;
    if (p.noun.is == Is::door) out_.doors = std::max(0, out_.doors) + p.count;
    surface(p);
    if (p.noun.is == Is::room) room(p);
    if (p.noun.is != Is::floor && p.noun.is != Is::wall) return;
    // "the walls are blue", "the floor is made of oak".
    if (!verb_words(words_, at_) && !is("of") && !is("in") && !is("made") && !is("painted")) return;
    Phrase more = p;
    for (size_t i = at_; i < words_.size() && words_[i] != "." && words_[i] != "," && words_[i] != "with" && !lexicon_.noun(words_, i); ++i) {
      const auto c = lexicon_.colour(words_, i);
      auto m = lexicon_.material(words_, i, true);
      if (!m) m = lexicon_.material(words_, i, false);
      if (c) more.colour = c.value;
      if (m) more.material = m.value;
      if (c || m) at_ = i + std::max(c.length, m.length);
    }
    surface(more);
  }
  bool by_pronoun_ = false;  ///< the last place was relative to a pronoun
  bool one_side_ = false;    ///< "on one side" was said
  std::string last_how_;     ///< of the last verb that said what is with a thing
  bool along_ = false;       ///< "along the wall": what was listed before it too
};

}  // namespace ptah::scene_words_detail
