#include "scene/words/reader.h"

#include "scene/words/phrase_reader.h"

namespace ptah {

namespace {

using scene_words_detail::Is;
using scene_words_detail::PhraseReader;

/// What a relation is to: groups, or a part of the room.
struct Reference {
  std::vector<int> groups;
  bool each = false, pronoun = false, fresh = false;
  Is part = Is::thing;
  std::string wall;
  bool found = false;
};

class Reader : public PhraseReader {
 public:
  using PhraseReader::PhraseReader;

  ReadScene run() {
    while (at_ < words_.size()) {
      const size_t before = at_;
      sentence();
      if (at_ == before) ++at_;
    }
    return std::move(out_);
  }

 private:
  // ----- what relations are to

  int pronoun_group(const std::string& relation, const std::vector<int>& subjects, bool plural) {
    const auto is_subject = [&](int g) { return std::find(subjects.begin(), subjects.end(), g) != subjects.end(); };
    if (host_ >= 0 && !is_subject(host_)) return host_;
    const bool needs_top = relation == "on" || relation == "in";
    if (needs_top && !plural)  // one thing that is made to carry others
      for (size_t i = salience_.size(); i > 0; --i) {
        const int g = salience_[i - 1];
        const KindPlace* known = places_.named(group(g).kind);
        if (!is_subject(g) && known && known->carries > 0 && total(g) == 1) return g;
      }
    for (const bool strict : {true, false})
      for (size_t i = salience_.size(); i > 0; --i) {
        const int g = salience_[i - 1];
        if (is_subject(g) || group(g).kind.empty()) continue;
        if (strict && needs_top && !carries(g)) continue;
        if (strict && plural && total(g) < 2) continue;
        return g;
      }
    return -1;
  }

  Reference reference(const std::string& relation, const std::vector<int>& subjects) {
    Reference out;
    if (is("it") || is("them") || is("these") || is("this") || (is("its") && is("top", 1))) {
      const bool plural = is("them") || is("these");
      const int g = pronoun_group(relation, subjects, plural);
      ++at_;
      take("top");
      if (g < 0) return out;
      out = {{g}, total(g) > 1 && relation != "between", true, false, Is::thing, "", true};
      if (relation == "between" && total(g) < 2) {  // the two last ones
        for (size_t i = salience_.size(); i > 0; --i) {
          const int other = salience_[i - 1];
          if (other != g && std::find(subjects.begin(), subjects.end(), other) == subjects.end()) {
            out.groups = {other, g};
            break;
          }
        }
      }
      return out;
    }
    if ((is("each") || is("one")) && (is("other", 1) || is("another", 1))) {
      at_ += 2;
      out = {subjects, false, false, false, Is::thing, "each other", true};
      return out;
    }
    if (is("each") || is("both") || is("every")) {
      const bool of_them = is("of", 1) && (is("them", 2) || is("these", 2));
      const size_t next = at_ + 1;
      const bool alone = next >= words_.size() || ends_phrase(words_[next]) || lexicon_.relation(words_, next) || words_[next] == "one";
      if (of_them || alone) {
        at_ += of_them ? 3 : is("one", 1) ? 2 : 1;
        const int g = pronoun_group(relation, subjects, true);
        if (g >= 0) out = {{g}, true, true, false, Is::thing, "", true};
        return out;
      }
    }
    if (is("either") || is("each") ? is("side", 1) : false) return out;
    const size_t start = at_, groups_before = out_.groups.size();
    Phrase p = phrase();
    if (!p.found) {
      if (at_ == start) return out;
      out.found = !p.words.empty();  // unknown, and noted
      return out;
    }
    out.found = true;
    out.wall = p.wall;
    out.each = p.each;
    if (p.noun.is != Is::thing || p.kind.empty()) {
      out.part = p.noun.is;
      if (p.noun.is == Is::middle && take("of")) {
        Reference inner = reference(relation, subjects);
        if (!inner.groups.empty()) return inner.part = Is::middle, inner;
      } else if (take("of")) {
        phrase();  // of the room
      }
      return out;
    }
    const int g = resolve(p, true);
    out.groups.push_back(g);
    out.fresh = out_.groups.size() > groups_before;
    if (relation == "between" && total(g) < 2 && is("and")) {
      ++at_;
      const Phrase second = phrase();
      if (second.found && !second.kind.empty()) out.groups.push_back(resolve(second, true));
    }
    return out;
  }

  void link(const std::string& said, const std::vector<int>& subjects, const Reference& to) {
    for (const int subject : subjects) {
      ReadLink one{.is = said, .of = subject, .to = to.groups, .wall = to.wall, .each = to.each};
      if (to.groups.empty() && !part_link(one, to)) continue;
      if (!to.groups.empty() && to.part == Is::middle && (said == "in" || said == "at" || said == "on")) one.is = "on";
      if (one.is == "at")
        one.is = !to.groups.empty() && (group(to.groups[0]).kind == "table" || group(to.groups[0]).kind == "coffee_table") ? "around" : "in_front_of";
      // Nothing stands right below a tree or a lamppost.
      if (one.is == "under" && !one.to.empty() &&
          (group(one.to[0]).kind.ends_with("tree") || group(one.to[0]).kind == "street_lamp" || group(one.to[0]).kind == "floor_lamp"))
        one.is = "next_to";
      if (one.is == "against" && !to.groups.empty()) one.is = "next_to";
      if (one.is == "from") continue;
      if (to.each && !to.groups.empty() && group(subject).per < 0 && one.is != "around" && total(subject) == group(subject).count &&
          !to_each_already(subject, to.groups[0])) {
        // "a lamp on each": one for each of them. Several are spread over them where they are enough.
        if (group(subject).count < total(to.groups[0]) || (to.each && !to.pronoun) || said_each_) group(subject).per = to.groups[0];
      }
      if (one.is == "under" && !one.to.empty() && stands(one.to[0]) == Stands::hung) {
        out_.links.push_back({.is = "above", .of = one.to[0], .to = {subject}, .wall = "", .each = false});
        continue;
      }
      if (one.is == "under" && !one.to.empty() && group(subject).kind == "rug") {
        out_.links.push_back({.is = "on", .of = one.to[0], .to = {subject}, .wall = "", .each = false});
        continue;
      }
      if (one.is == "above" && !one.to.empty()) above(subject);
      out_.links.push_back(one);
    }
  }

  bool to_each_already(int subject, int to) { return group(subject).per == to || subject == to; }

  /// A lamp above something is one of the ceiling.
  void above(int subject) {
    if (group(subject).kind == "table_lamp" || group(subject).kind == "floor_lamp") group(subject).kind = "ceiling_lamp";
  }

  /// Relations to the room. False if there is nothing to link.
  bool part_link(ReadLink& one, const Reference& to) {
    const std::string said = one.is;
    const int count = group(one.of).count;
    switch (to.part) {
      case Is::wall:
        one.is = said == "on" || said == "above"
                     ? (stands(one.of) == Stands::hung || group(one.of).kind == "television" || group(one.of).kind == "shield" ? "on_wall" : "against_wall")
                     : "against_wall";
        if (!to.wall.empty()) return true;
        one.wall.clear();
        return true;
      case Is::corner:
        one.is = "corner";
        one.wall.clear();
        if (to.each && count == 1) group(one.of).count = 4;
        return true;
      case Is::middle:
        one.is = "middle";
        return true;
      case Is::window:
        one.is = said == "under"                                                                                                         ? "under_window"
                 : said == "facing" && stands(one.of) == Stands::wall && (group(one.of).kind == "desk" || group(one.of).kind == "table") ? "under_window"
                 : said == "facing" || said == "across"                                                                                  ? "facing"
                                                                                                                                         : "by_window";
        if (one.is == "facing") one.wall = "left";
        return true;
      case Is::door:
        if (said == "left_of" || said == "right_of" || said == "next_to" || said == "near" || said == "at") return one.is = "by_door", true;
        note("places relative to doors are understood as near the door");
        one.is = "by_door";
        return true;
      case Is::ceiling:
        one.is = "ceiling";
        if (group(one.of).kind == "table_lamp") group(one.of).kind = "ceiling_lamp";
        return true;
      default:
        return false;
    }
  }

  // ----- lists and sentences

  void skip_fillers() {
    while (!at_end() && (is("that") || is("which") || is("who") || is("is") || is("are") || is("stands") || is("stand") || is("standing") || is("sits") ||
                         is("sit") || is("sitting") || is("lies") || is("lie") || is("lying") || is("hangs") || is("hang") || is("hanging") || is("placed") ||
                         is("located") || is("positioned") || is("mounted") || is("arranged") || is("leans") || is("leaning") || is("resting") || is("rests") ||
                         is("there") || is("directly") || is("right") || is("also") || is("just") || is("set") || is("should") || is("be") || is("neatly") ||
                         is("parked") || is("grows") || is("growing") || is("grow") || is("waits") || is("sleeps") || is("sleeping"))) {
      if (is("right") && lexicon_.relation(words_, at_)) break;
      if (is("leaning") && lexicon_.relation(words_, at_)) break;
      ++at_;
    }
  }

  /// "in a row", "side by side", "surrounded by chairs", "for four people".
  bool remark(int subject, bool& said) {
    if (is("in") && is("a", 1) && is("row", 2)) return at_ += 3, true;
    if (is("side") && is("by", 1) && is("side", 2)) {
      at_ += 3;
      out_.links.push_back({.is = "next_to", .of = subject, .to = {subject}, .wall = "each other", .each = false});
      return said = true;
    }
    if (is("surrounded") || is("flanked")) {
      const bool round = is("surrounded");
      ++at_;
      if (!take("by") && !take("with")) return true;
      const Phrase p = phrase();
      if (p.found && !p.kind.empty()) link(round ? "around" : "next_to", {resolve(p, false)}, {{subject}, false, false, false, Is::thing, "", true});
      return true;
    }
    if (!is("for") || !lexicon_.number(words_, at_ + 1)) return false;
    at_ += 1 + lexicon_.number(words_, at_ + 1).length;
    while (is("person") || is("people") || is("guests") || is("persons")) ++at_;
    return true;
  }

  /// Everything said behind a thing of where it is, and what is with it. True if a relation was said.
  bool modifiers(std::vector<int> subjects, bool may_carry) {
    bool said = false;
    const int subject = subjects.back();
    for (bool more = true; more && !at_end();) {
      more = false;
      const size_t start = at_;
      if (!group(subject).kind.empty())
        if (const auto part = lexicon_.behind(words_, at_, group(subject).kind)) {
          group(subject).set.update(part.value);
          at_ += part.length;
          more = true;
          continue;
        }
      const bool verb = is("is") || is("are") || is("stand") || is("stands") || is("hang") || is("lie") || is("sit") || is("that") || is("which");
      if (verb && attribute(subject)) {
        more = true;
        continue;
      }
      skip_fillers();
      if (remark(subject, said)) {
        more = true;
        continue;
      }
      if (const auto relation = lexicon_.relation(words_, at_)) {
        at_ += relation.length;
        if (relation.value.is == "in" && is("the") && is("room", 1)) {
          at_ += 2;
          more = true;
          continue;
        }
        Reference to = relation.value.open ? open_reference(subjects) : reference(relation.value.is == "sides" ? "next_to" : relation.value.is, subjects);
        if (!to.found) {
          at_ = start;
          break;
        }
        if (relation.value.is == "sides") {
          for (const int s : subjects)
            if (group(s).count == 1) group(s).count = 2;
          link("next_to", subjects, to);
        } else if (to.wall == "each other") {
          out_.links.push_back({.is = relation.value.is, .of = subject, .to = {subject}, .wall = "each other", .each = false});
        } else {
          link(relation.value.is, subjects, to);
        }
        // "on the bedside table next to the bed": the nearest is meant.
        if (to.groups.size() == 1 && !to.pronoun && !is(",") && !is("and") && !at_end() && lexicon_.relation(words_, at_)) {
          const auto next = lexicon_.relation(words_, at_);
          const bool again = next.value.is == "facing";
          if (!again) modifiers({to.groups[0]}, false);
        }
        said = more = true;
        continue;
      }
      if (may_carry && (is("with") || is("has") || is("have") || is("holds") || is("carries"))) {
        ++at_;
        with(subject, false);
        more = true;
        continue;
      }
      if (is("without")) {
        ++at_;
        const Phrase p = phrase();
        if (p.found && p.noun.is == Is::window) out_.windows = 0;
        more = p.found;
        continue;
      }
      if (at_ == start) break;
    }
    return said;
  }

  /// "is red".
  bool attribute(int subject) {
    const size_t from = at_ + 1;
    const auto found = lexicon_.before(words_, from, words_.size(), group(subject).kind);
    if (!found) return false;
    const size_t after = from + found.length;
    if (after < words_.size() && !ends_phrase(words_[after])) return false;
    group(subject).set.update(found.value);
    at_ = after;
    return true;
  }

  /// "to the left" alone is of what it was said with.
  Reference open_reference(const std::vector<int>& subjects) {
    Reference out;
    const int g = pronoun_group("next_to", subjects, false);
    if (g >= 0) out = {{g}, total(g) > 1, true, false, Is::thing, "", true};
    return out;
  }

  /// Whether a phrase follows that is relative to "it".
  bool continues(int host) {
    const size_t start = at_;
    const auto groups = out_.groups;
    const auto notes = out_.notes;
    const auto salience = salience_;
    bool out = false;
    const Phrase p = phrase();
    if (p.found && !p.kind.empty()) {
      skip_fillers();
      const auto relation = lexicon_.relation(words_, at_);
      if (relation) {
        at_ += relation.length;
        out = is("it") || is("them") || (is("each") && !(is("other", 1)));
      } else {
        const KindPlace* known = places_.named(p.kind);
        const bool small = (known && known->stands == Stands::surface) || (!known && places_.is_small(p.kind));
        out = small && carries(host) && !is("each");
      }
    }
    at_ = start, out_.groups = groups, out_.notes = notes, salience_ = salience;
    return out;
  }

  /// What is with a thing: on it, around it, beside it.
  void with(int host, bool each) {
    const int outer = host_;
    host_ = host;
    std::vector<int> pending;
    for (bool more = true; more;) {
      more = false;
      const size_t start = at_;
      if (is("one") && (lexicon_.relation(words_, at_ + 1))) ++at_;
      const Phrase p = phrase();
      if (!p.found) {
        if (p.words.empty()) at_ = start;
        break;
      }
      if (p.kind.empty()) {
        architecture(p);
      } else {
        const int g = resolve(p, false);
        if (each) group(g).per = host;
        pending.push_back(g);
        const size_t links = out_.links.size();
        if (modifiers({g}, true)) {
          // What was said of the last one holds for those before it, if it is relative to the host.
          const bool of_host =
              out_.links.size() > links && std::find(out_.links[links].to.begin(), out_.links[links].to.end(), host) != out_.links[links].to.end();
          for (const int before : pending)
            if (before != g && of_host && stands(before) == stands(g))
              repeat_link(links, before);
            else if (before != g)
              usual(before, host);
          pending.clear();
        }
      }
      size_t skip = 0;
      while (is(",", skip) || is("and", skip)) ++skip;
      if (skip == 0) break;
      const size_t back = at_;
      at_ += skip;
      more = continues(host);
      if (!more) at_ = back;
    }
    for (const int g : pending) usual(g, host);
    host_ = outer;
  }

  void repeat_link(size_t index, int subject) {
    ReadLink copy = out_.links[index];
    const int first = copy.of;
    copy.of = subject;
    if (group(first).per >= 0 && group(subject).per < 0) group(subject).per = group(first).per;
    out_.links.push_back(copy);
  }

  /// "a table with four chairs": nobody said where.
  void usual(int g, int host) {
    const Stands how = stands(g);
    const std::string &kind = group(g).kind, &of = group(host).kind;
    const bool seat = kind == "chair" || kind == "stool" || kind == "office_chair" || kind == "armchair";
    std::string is = "next_to";
    if (how == Stands::surface && carries(host)) is = "on";
    if (seat && (of == "table" || of == "coffee_table")) is = "around";
    if (seat && of == "desk") is = "in_front_of";
    if (how == Stands::hung) is = "above";
    out_.links.push_back({.is = is, .of = g, .to = {host}, .wall = "", .each = group(host).count > 1, .assumed = true});
    if (total(host) > 1 && group(g).per < 0 && group(g).count < total(host)) group(g).per = host;
  }

  /// Doors and windows that a room has, and rooms.
  void architecture(const Phrase& p) {
    if (p.noun.is == Is::window) out_.windows = std::max(0, out_.windows) + p.count;
    if (p.noun.is == Is::door) out_.doors = std::max(0, out_.doors) + p.count;
    if (p.noun.is == Is::room) room(p);
  }
  void room(const Phrase& p) {
    if (!p.size.empty()) out_.room_size = p.size;
    if (room_known_ || p.noun.room == "room") return;
    out_.room = p.noun.room;
    room_known_ = true;
  }

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
    std::optional<std::pair<std::string, Reference>> fronted;
    std::vector<int> list;  // joined by "and" without a relation yet
    bool by_comma = false;
    while (!at_end()) {
      const size_t start = at_;
      if (is(",") || is("and") || is("plus") || is("or")) {
        by_comma = by_comma || is(",");
        ++at_;
        continue;
      }
      measure_behind_article();
      // "On the table there is a lamp".
      const auto relation = lexicon_.relation(words_, at_);
      if (relation && !relation.value.open && !(relation.value.is == "in" && is("the", 1) && is("room", 2)) && !lexicon_.noun(words_, at_)) {
        at_ += relation.length;
        const Reference to = reference(relation.value.is == "sides" ? "next_to" : relation.value.is, {});
        if (to.found && (!to.groups.empty() || to.part != Is::thing)) {
          fronted = {relation.value.is, to};
          if (to.groups.size() == 1) after_reference(to.groups[0]);
          continue;
        }
        if (to.found) continue;
        at_ = start;
      }
      if ((is("each") || is("both")) && (is("with", 1) || is("has", 1) || is("having", 1) || (is("of", 1) && is("them", 2)))) {
        at_ += is("of", 1) ? 3 : 1;
        if (is("with") || is("has") || is("have") || is("having")) ++at_;
        const int g = pronoun_group("on", {}, true);
        if (g >= 0) with(g, true);
        continue;
      }
      if (of_them()) continue;
      const Phrase p = phrase();
      if (!p.found) {
        if (at_ > start && !p.words.empty()) continue;
        if (at_ < words_.size() && !lexicon_.is_filler(word()) && !is(",") && !is(".")) stray(word());
        at_ = std::max(at_, start + 1);
        continue;
      }
      if (p.kind.empty()) {
        architecture(p);
        if (p.noun.is == Is::room && (is("with") || is("has") || is("holds") || is("contains") || is("containing") || is("having"))) ++at_;
        if (is("without") || is("that")) {
          while (is("that")) ++at_;
          if (take("without")) {
            const Phrase none = phrase();
            if (none.noun.is == Is::window) out_.windows = 0;
            if (none.noun.is == Is::door) out_.doors = 0;
          }
        }
        continue;
      }
      const int g = resolve(p, false);
      const bool joined = !list.empty() && !by_comma;
      const bool plural_verb = is("are") || is("stand") || is("hang") || is("lie") || is("sit");
      const size_t links = out_.links.size();
      const bool said = modifiers({g}, true);
      if (fronted && !said) {  // what has a place of its own is not there
        link(fronted->first == "sides" ? "next_to" : fronted->first, {g}, fronted->second);
        if (fronted->first == "sides" && group(g).count == 1) group(g).count = 2;
      }
      if (said && joined && out_.links.size() > links && out_.links[links].of == g && !fronted)
        for (const int before : list)
          if (plural_verb || (stands(before) == Stands::surface && stands(g) == Stands::surface)) repeat_link(links, before);
      if (said) list.clear();
      if (!said) {
        if (by_comma) list.clear();
        list.push_back(g);
      }
      by_comma = false;
      said_each_ = false;
    }
    if (is(".")) ++at_;
  }

  /// "on the table next to the bed there is …": the reference has a place of its own.
  void after_reference(int g) {
    const auto next = lexicon_.relation(words_, at_);
    if (next && !next.value.open) modifiers({g}, false);
  }

  /// "three of them white".
  bool of_them() {
    const auto number = lexicon_.number(words_, at_);
    if (!number || !(words_.size() > at_ + number.length + 2) || words_[at_ + number.length] != "of" || words_[at_ + number.length + 1] != "them") return false;
    const int g = salience_.empty() ? -1 : salience_.back();
    if (g < 0) return false;
    const size_t from = at_ + number.length + 2 + (words_[at_ + number.length + 2] == "are" || words_[at_ + number.length + 2] == "is" ? 1 : 0);
    const auto found = lexicon_.before(words_, from, words_.size(), group(g).kind);
    if (!found) return false;
    at_ = from + found.length;
    const int share = std::min(number.value, group(g).count);
    ReadGroup part = group(g);
    part.count = share;
    part.set.update(found.value);
    group(g).count -= share;
    out_.groups.push_back(std::move(part));
    const int index = static_cast<int>(out_.groups.size()) - 1;
    for (size_t i = 0, n = out_.links.size(); i < n; ++i)
      if (out_.links[i].of == g) {
        ReadLink copy = out_.links[i];
        copy.of = index;
        out_.links.push_back(copy);
      }
    mention(index);
    return true;
  }

  void stray(const std::string& w) {
    if (lexicon_.relation(words_, at_) || lexicon_.colour(words_, at_) || lexicon_.number(words_, at_)) return;
    note(fmt::format("'{}' was not understood", w));
  }
};

}  // namespace

Result<ReadScene> read_scene_words(const std::string& text, const SceneLexicon& lexicon, const ScenePlaces& places, const NearestKind& nearest) {
  return guard([&]() -> Result<ReadScene> {
    const SceneWords words = scene_words(text);
    Reader reader(words, lexicon, places, nearest);
    ReadScene out = reader.run();
    return out;
  });
}

}  // namespace ptah
