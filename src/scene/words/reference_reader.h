// What the words of a relation are relative to: pronouns, members of groups, noun phrases, parts of the room.
#pragma once

#include "scene/words/phrase_reader.h"

namespace ptah::scene_words_detail {

/// What a relation is to: groups, or a part of the room.
struct Reference {
  std::vector<int> groups;
  bool each = false, pronoun = false, fresh = false;
  Is part = Is::thing;
  std::string wall;
  bool found = false;
  bool corners = false, set = false;  ///< its corners, each of them; the words were "the row"
};

class ReferenceReader : public PhraseReader {
 public:
  using PhraseReader::PhraseReader;

 protected:
  static bool is_in(const std::vector<int>& groups, int g) { return std::find(groups.begin(), groups.end(), g) != groups.end(); }
  bool hangs(int g) { return stands(g) == Stands::hung || stands(g) == Stands::ceiling; }
  static bool is_lateral(const std::string& relation) {
    static const std::set<std::string> kLateral{"next_to", "left_of", "right_of", "in_front_of", "behind",  "near",     "around",
                                                "sides",   "between", "across",   "facing",      "on_left", "on_right", "ends"};
    return kLateral.contains(relation);
  }

  /// What "it" or "them" means with a relation: what was named last and can have something there.
  int pronoun_group(const std::string& relation, const std::vector<int>& subjects, bool plural) {
    if (host_ >= 0 && !is_in(subjects, host_)) return host_;
    if (relation == "facing" && !plural)  // what people look at
      for (size_t i = salience_.size(); i > 0; --i)
        if (const int g = salience_[i - 1]; group(g).kind == "television" && !is_in(subjects, g)) return g;
    const bool needs_top = relation == "on" || relation == "in";
    if (needs_top)  // what is made to carry others
      for (size_t i = salience_.size(); i > 0; --i) {
        const int g = salience_[i - 1];
        const KindPlace* known = places_.named(group(g).kind);
        if (!is_in(subjects, g) && known && known->carries > 0 && (total(g) > 1) == plural) return g;
      }
    const bool on_floor = !subjects.empty() && stands(subjects.back()) != Stands::surface && !hangs(subjects.back());
    for (const int strict : {2, 1, 0})
      for (size_t i = salience_.size(); i > 0; --i) {
        const int g = salience_[i - 1];
        if (is_in(subjects, g) || group(g).kind.empty() || (strict >= 1 && is_in(peers_, g))) continue;
        if (strict >= 1 && needs_top && !carries(g)) continue;
        if (strict >= 1 && !plural && is_lateral(relation) && group(g).kind == "person") continue;  // "him" and "her", not "it"
        if (strict >= 1 && is_lateral(relation) && lies_on_one(g, subjects)) continue;
        if (strict >= 1 && plural != (total(g) > 1) && (plural || strict == 2)) continue;
        if (strict >= 1 && is_lateral(relation) && hangs(g) && !(subjects.size() == 1 && hangs(subjects[0]))) continue;
        if (strict == 2 && is_lateral(relation) && on_floor && stands(g) == Stands::surface) continue;
        if (strict == 2 && relation == "under" && stands(g) == Stands::surface) continue;
        return g;
      }
    return -1;
  }

  /// "A crab sits on a rock beside it": beside something else than the crab.
  bool lies_on_one(int g, const std::vector<int>& subjects) const {
    return std::any_of(out_.links.begin(), out_.links.end(), [&](const ReadLink& l) {
      const bool on = l.is == "on" || l.is == "in" || l.is == "under";
      return on && l.of == g && std::any_of(l.to.begin(), l.to.end(), [&](int to) { return is_in(subjects, to); });
    });
  }
  /// A person or an animal.
  bool is_living(int g) {
    static const std::set<std::string> kLiving{"person",  "robot",   "snowman",   "ghost",    "teddy_bear", "cat",    "dog",     "bear",
                                               "bird",    "chicken", "cow",       "dragon",   "fox",        "frog",   "horse",   "lion",
                                               "owl",     "pig",     "penguin",   "rabbit",   "sheep",      "monkey", "unicorn", "elephant",
                                               "giraffe", "turtle",  "crocodile", "dinosaur", "fish",       "shark",  "octopus"};
    return kLiving.contains(group(g).kind);
  }
  /// Whom "him" and "her" mean.
  int living_group(const std::vector<int>& subjects) {
    for (size_t i = salience_.size(); i > 0; --i)
      if (const int g = salience_[i - 1]; !is_in(subjects, g) && is_living(g)) return g;
    return -1;
  }

  /// One thing beside several is beside them all, not one beside each; what is on them is on each.
  Reference of_group(int g, const std::string& relation) {
    Reference out;
    if (g >= 0)
      mention(g), out = {{g}, total(g) > 1 && relation != "between" && (!is_lateral(relation) || relation == "sides"), true, false, Is::thing, "", true};
    return out;
  }

  /// "to the left", "on its right": of what the words before were relative to, or of what they were about.
  Reference open_reference(const std::string& relation, const std::vector<int>& subjects, bool own) {
    if (relation == "between") return between_last(subjects);
    if (host_ >= 0 && !is_in(subjects, host_)) return of_group(host_, relation);
    if (!own && anchor_ >= 0 && !is_in(subjects, anchor_)) return of_group(anchor_, relation);
    return of_group(pronoun_group(relation == "sides" ? "next_to" : relation, subjects, false), relation);
  }

  /// "in between", "between them": two things, or the two last ones.
  Reference between_last(const std::vector<int>& subjects) {
    Reference out;
    const bool floor = subjects.empty() || (stands(subjects.back()) != Stands::surface && !hangs(subjects.back()));
    const auto fits = [&](int g) { return !is_in(subjects, g) && !group(g).kind.empty() && (!floor || (stands(g) != Stands::surface && !hangs(g))); };
    for (size_t i = salience_.size(); i > 0 && out.groups.size() < 2; --i) {
      const int g = salience_[i - 1];
      if (!fits(g) || is_in(out.groups, g)) continue;
      if (out.groups.empty() && total(g) > 1) {
        out.groups = {g};
        break;
      }
      if (!out.groups.empty() && total(g) > 1) continue;
      out.groups.insert(out.groups.begin(), g);
    }
    out.pronoun = out.found = !out.groups.empty();
    return out;
  }

  Reference pronoun_reference(const std::string& relation, const std::vector<int>& subjects) {
    const bool plural = is("them") || is("these") || is("those") || is("they");
    if (is("him") || is("her"))
      if (const int g = living_group(subjects); g >= 0) return ++at_, of_group(g, relation);
    ++at_;
    if (is("all") || is("both") || is("two")) ++at_;
    if (relation == "between" && plural) {
      const int g = host_ >= 0 ? host_ : pronoun_group(relation, subjects, true);
      return g >= 0 && total(g) > 1 ? Reference{{g}, false, true, false, Is::thing, "", true} : between_last(subjects);
    }
    if (plural && (host_ < 0 || hosts_.size() > 1)) {  // several things that were listed together
      std::vector<int> listed;
      for (const int g : hosts_.size() > 1 ? hosts_ : topic_)
        if (!is_in(subjects, g)) listed.push_back(g);
      if (listed.size() > 1) return {listed, false, true, false, Is::thing, "", true};
    }
    return of_group(pronoun_group(relation, subjects, plural), relation);
  }

  /// Behind a preposition.
  Reference reference(const std::string& relation, const std::vector<int>& subjects) {
    Reference out;
    while (is("just") || is("right") || is("directly")) ++at_;
    if (relation == "between" && is("the") && (is("two", 1) || is("both", 1)) && (at_ + 2 >= words_.size() || ends_before(at_ + 2))) {
      at_ += 2;
      return between_last(subjects);
    }
    // "at the end of the row": of those that stand in it.
    static const std::set<std::string> kSets{"row", "line", "queue", "circle", "group", "herd", "flock", "pair", "set"};
    if (is("the") && kSets.contains(word(1)) && (at_ + 2 >= words_.size() || ends_before(at_ + 2)) && !is("of", 2))
      if (const int g = latest_several(); g >= 0 && !is_in(subjects, g)) {
        at_ += 2;
        out = of_group(g, relation);
        out.set = true;
        return out;
      }
    if (is("that") && (at_ + 1 >= words_.size() || is(".", 1) || is(",", 1))) return pronoun_reference(relation, subjects);  // "behind that"
    if (is("it") || is("them") || is("these") || is("this") || is("those") || is("him") || is("her") || is("which") || is("whom")) {
      if ((is("these") || is("this") || is("those") || is("her")) && lexicon_.noun(words_, at_ + 1)) return noun_reference(relation, subjects);
      return pronoun_reference(relation, subjects);
    }
    if ((is("each") || is("one")) && (is("other", 1) || is("another", 1))) {
      at_ += 2;
      out = {subjects, false, false, false, Is::thing, "each other", true};
      return out;
    }
    if (is("each") || is("both") || is("every")) {
      const bool of_them = is("of", 1) && (is("them", 2) || is("these", 2) || is("which", 2));
      const size_t next = at_ + 1;
      const bool alone = next >= words_.size() || (ends_before(next) && words_[next] != "of") || lexicon_.relation(words_, next) || words_[next] == "one";
      if (of_them || (alone && !is("of", 1))) {
        at_ += of_them ? 3 : is("one", 1) ? 2 : 1;
        const int g = pronoun_group(relation, subjects, true);
        if (g >= 0) out = {{g}, true, true, false, Is::thing, "", true};
        return out;
      }
    }
    if ((is("either") || is("each")) && is("side", 1)) return out;
    const std::vector<int> outer = exclude_;
    exclude_ = subjects;
    const auto some = member(false);
    exclude_ = outer;
    if (some) return {{*some}, false, false, false, Is::thing, "", true};
    // "in one corner …, in another".
    size_t other = is("another") ? 1 : is("the") && (is("other", 1) || is("opposite", 1)) ? 2 : 0;
    if (other > 0 && is("one", other)) ++other;
    if (other > 0 && last_part_ != Is::thing && (at_ + other >= words_.size() || ends_before(at_ + other))) {
      at_ += other;
      out.part = last_part_, out.found = true;
      return out;
    }
    return noun_reference(relation, subjects);
  }

  Reference noun_reference(const std::string& relation, const std::vector<int>& subjects) {
    Reference out;
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
    if (const int whole = thing_with_part(p); whole >= 0) {
      out.groups = {whole};
      out.corners = p.noun.is == Is::corner && (p.each || p.noun.plural);
      return out;
    }
    if (p.noun.is != Is::thing || p.kind.empty()) {
      out.part = p.noun.is;
      if (p.noun.is == Is::corner || p.noun.is == Is::wall || p.noun.is == Is::window) last_part_ = p.noun.is;
      surface(p);
      if (p.noun.is == Is::room) room(p);
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
    out.fresh = out_.groups.size() > groups_before && g >= static_cast<int>(groups_before);
    // "between the sofa and the table", "between the two sofas and the two armchairs".
    if (relation == "between" && is("and") && (total(g) < 2 || (is("the", 1) && p.definite))) {
      ++at_;
      const Phrase second = phrase();
      if (second.found && !second.kind.empty()) out.groups.push_back(resolve(second, true));
    }
    return out;
  }

  bool has_door(int g) {
    static const std::set<std::string> kBuildings{"house",      "hut", "barn", "church", "castle", "tower",    "temple",   "windmill", "lighthouse",     "tent",
                                                  "skyscraper", "car", "van",  "bus",    "truck",  "wardrobe", "cupboard", "well",     "hot_air_balloon"};
    return kBuildings.contains(group(g).kind);
  }
  /// "its door", "the door of the hut", "each corner of the car": of a thing, not of the room. -1 if it is the room's.
  int thing_with_part(const Phrase& p) {
    if (p.noun.is != Is::door && p.noun.is != Is::window && p.noun.is != Is::corner && p.noun.is != Is::wall) return -1;
    if (p.own && p.noun.is != Is::corner) {
      for (size_t i = salience_.size(); i > 0; --i)
        if (const int g = salience_[i - 1]; has_door(g)) return g;
      return -1;
    }
    if (!is("of")) return -1;
    const size_t start = at_++;
    const size_t groups = out_.groups.size();
    const Phrase whole = phrase();
    if (whole.found && !whole.kind.empty() && whole.noun.is == Is::thing) {
      const int g = resolve(whole, true);
      if (p.noun.is == Is::corner || has_door(g)) return g;
    }
    out_.groups.resize(std::min(out_.groups.size(), groups));
    return at_ = start, -1;
  }

  // ----- members of groups

  int latest_several() {
    if (rest_ >= 0 && group(rest_).count > 0 && !is_in(exclude_, rest_)) return rest_;
    for (size_t i = salience_.size(); i > 0; --i)
      if (!group(salience_[i - 1]).kind.empty() && !is_in(exclude_, salience_[i - 1]) && group(salience_[i - 1]).per < 0 && total(salience_[i - 1]) > 1)
        return salience_[i - 1];
    return -1;
  }
  /// Behind words that name a member: something else than a noun phrase goes on.
  bool member_ends() const {
    const std::string& w = word();
    if (w.empty() || (ends_phrase(w) && w != "one" && w != "ones" && w != "a" && w != "an" && w != "the")) return true;
    if (lexicon_.noun(words_, at_)) return false;
    return verb_words(words_, at_) || lexicon_.relation(words_, at_) || w == "on";
  }

  /// "one", "the other", "two of them", "the red one", "three white": some of a group that was named. `subject`: the words begin a clause.
  std::optional<int> member(bool subject) {
    const size_t start = at_;
    const auto groups = out_.groups;
    const auto links = out_.links;
    const int rest = rest_;
    std::optional<int> out = is("the") || is("its") ? the_member() : counted_member(subject);
    if (!out) {
      at_ = start, out_.groups = groups, out_.links = links, rest_ = rest;
      out = one_alike();
    }
    if (!out) at_ = start, out_.groups = groups, out_.links = links, rest_ = rest;
    if (out) mention(*out);
    return out;
  }

  std::optional<int> the_member() {
    ++at_;
    static const std::set<std::string> kRest{"other", "others", "rest", "remaining", "second", "third", "fourth", "fifth", "last", "latter"},
        kFirst{"first", "former"},
        kPlace{"left", "right", "upper", "lower", "top", "bottom", "middle", "central", "front", "back", "outer", "inner", "last", "third"};
    const int several = latest_several();
    const auto one = [&] { return take("one") || take("ones"); };
    if (is("latter") || is("former"))
      if (const auto last = last_named(is("former"))) return ++at_, last;
    if (kRest.contains(word()) || kFirst.contains(word())) {
      const bool first = kFirst.contains(word());
      const bool two = !first && (is("other") || is("others") || is("rest") || is("remaining") || is("latter"));
      ++at_;
      const auto number = lexicon_.number(words_, at_);
      if (number && !is("one")) at_ += number.length;
      const bool pro = one();
      if (take("of")) take("them");
      if (!pro && !member_ends() && !describes(at_)) {  // "the other tent"
        const auto noun = lexicon_.noun(words_, at_);
        if (!noun || several < 0 || kind_here(noun.value.noun) != group(several).kind) return std::nullopt;
        at_ += noun.length;
      }
      if (several < 0) return std::nullopt;
      if (first) return take_from(several, 1);
      if (rest_ < 0) return std::nullopt;
      const int out = two || total(rest_) == 1 ? rest_ : split(rest_, 1);
      if (out == rest_) rest_ = -1;
      attribute_of(out);
      return out;
    }
    if (kPlace.contains(word()) && (is("one", 1) || is("ones", 1))) {
      const std::string place = word();
      at_ += 2;
      return placed_member(place);
    }
    // "the red one", "the one by the door".
    const size_t from = at_;
    size_t end = from;
    while (end < words_.size() && end < from + 4 && !ends_before(end) && !lexicon_.relation(words_, end) && !lexicon_.noun(words_, end)) ++end;
    if (end >= words_.size() || (words_[end] != "one" && words_[end] != "ones")) return std::nullopt;
    at_ = end + 1;
    if (end == from) return like_last();
    for (size_t i = salience_.size(); i > 0; --i) {
      const int g = salience_[i - 1];
      const auto said = lexicon_.before(words_, from, end, group(g).kind);
      if (!said) continue;
      const bool has = std::all_of(said.value.items().begin(), said.value.items().end(),
                                   [&](const auto& item) { return group(g).set.contains(item.key()) && group(g).set.at(item.key()) == item.value(); });
      if (has) return g;
    }
    if (several < 0) return std::nullopt;
    const auto said = lexicon_.before(words_, from, end, group(several).kind);
    const int out = take_from(several, 1);
    if (said) group(out).set.update(said.value);
    return out;
  }

  /// "the latter", "the former" of two kinds of things that were named last.
  std::optional<int> last_named(bool former) {
    std::vector<int> named;
    for (size_t i = salience_.size(); i > 0 && named.size() < 2; --i)
      if (!group(salience_[i - 1]).kind.empty() && !is_in(named, salience_[i - 1])) named.push_back(salience_[i - 1]);
    if (named.size() < 2 || group(named[0]).kind == group(named[1]).kind) return std::nullopt;
    return named[former ? 1 : 0];
  }

  /// "a blue one", behind "a green bottle": one more of the kind that was named last and is described as much.
  std::optional<int> one_alike() {
    const auto number = lexicon_.number(words_, at_);
    size_t end = at_ + number.length;
    if (!number || !(is("a") || is("an") || is("another"))) return std::nullopt;
    if (is("another") && (is("one", 1) || lexicon_.relation(words_, at_ + 1)) && !topic_.empty() && total(topic_.back()) == 1) {
      ReadGroup more = group(topic_.back());  // "one bird on the fence and another on the mailbox"
      more.per = -1, more.count = 1;
      out_.groups.push_back(std::move(more));
      at_ += is("one", 1) ? 2 : 1;
      return static_cast<int>(out_.groups.size()) - 1;
    }
    for (size_t i = salience_.size(); i > 0; --i) {
      const int g = salience_[i - 1];
      if (group(g).kind.empty() || total(g) > 1) continue;
      Json said = Json::object();
      size_t at = end;
      while (const auto found = lexicon_.before(words_, at, words_.size(), group(g).kind)) said.update(found.value), at += found.length;
      if (at >= words_.size() || words_[at] != "one" || said.empty()) continue;
      const bool alike = std::any_of(said.items().begin(), said.items().end(), [&](const auto& item) { return group(g).set.contains(item.key()); });
      if (!alike) continue;
      ReadGroup more = group(g);
      more.set = more.noun.noun.set;
      more.set.update(said);
      more.per = -1, more.count = 1;
      out_.groups.push_back(std::move(more));
      at_ = at + 1;
      return static_cast<int>(out_.groups.size()) - 1;
    }
    return std::nullopt;
  }

  /// "the left one" of two that are beside something, "the upper one" of two that lie on each other.
  std::optional<int> placed_member(const std::string& place) {
    const std::string is = place == "left"                                                               ? "left_of"
                           : place == "right"                                                            ? "right_of"
                           : place == "upper" || place == "top" || place == "lower" || place == "bottom" ? "on"
                                                                                                         : "";
    for (int again = 0; again < 2 && !is.empty(); ++again) {
      for (size_t i = out_.links.size(); i > 0; --i) {
        const ReadLink& l = out_.links[i - 1];
        const bool alike = is != "on" || (l.to.size() == 1 && group(l.to[0]).kind == group(l.of).kind);
        if (l.is == is && alike && total(l.of) == 1) return place == "lower" || place == "bottom" ? l.to[0] : l.of;
      }
      const int several = latest_several();
      if (several < 0 || total(several) != 2) break;
      const int part = split(several, 1);
      const bool known = std::any_of(out_.links.begin(), out_.links.end(), [&](const ReadLink& l) { return l.of == part || l.of == several; });
      if (is != "on" && !known) out_.links.push_back({.is = is, .of = part, .to = {several}, .wall = "", .each = false});  // nobody told them apart before
    }
    const int several = latest_several();
    if (several < 0) return std::nullopt;
    return take_from(several, 1);
  }

  /// "the one near the tree": one of several, or one more of the kind that was named last.
  std::optional<int> like_last() {
    const int several = latest_several();
    if (several >= 0) return take_from(several, 1);
    for (size_t i = salience_.size(); i > 0; --i) {
      const int g = topic_.empty() ? salience_[i - 1] : topic_.front();
      if (group(g).kind.empty()) continue;
      ReadGroup more = group(g);
      more.set = more.noun.noun.set;
      more.per = -1, more.count = 1;
      out_.groups.push_back(std::move(more));
      return static_cast<int>(out_.groups.size()) - 1;
    }
    return std::nullopt;
  }

  /// Adjectives right behind: "one red", "the others white".
  bool attribute_of(int g) {
    bool any = false;
    while (is("is") || is("are") || is("in") || is("being") || is("painted") || is("coloured") || is("colored")) {
      if (!lexicon_.before(words_, at_ + 1, words_.size(), group(g).kind)) break;
      ++at_;
    }
    for (;;) {
      const auto said = lexicon_.before(words_, at_, words_.size(), group(g).kind);
      if (!said || lexicon_.noun(words_, at_ + said.length)) break;
      group(g).set.update(said.value);
      at_ += said.length;
      any = true;
      if (is("and") && lexicon_.before(words_, at_ + 1, words_.size(), group(g).kind) && !lexicon_.number(words_, at_ + 1)) ++at_;
    }
    return any;
  }

  std::optional<int> counted_member(bool subject) {
    const int several = latest_several();
    const bool all = is("all") || is("both") || is("half") || (is("each") && is("of", 1));
    const auto number = lexicon_.number(words_, at_);
    if (!all && !number) return std::nullopt;
    const bool article = is("a") || is("an"), another = is("another"), one = is("one");
    const bool whole = all && !is("half");
    const int half = is("half") && several >= 0 ? total(several) / 2 : 0;
    const int count = half > 0 ? half : number ? number.value : 1;
    at_ += number ? number.length : 1;
    bool of = false;
    if (take("of")) {
      if (is("the") || is("these") || is("those")) {
        const Phrase p = phrase();
        if (!p.found || p.kind.empty()) return std::nullopt;
        const int g = mentioned(p.kind, true, &p);
        if (g < 0) return std::nullopt;
        return whole ? g : take_from(g, count);
      }
      if (!take("them") && !take("which")) return std::nullopt;
      of = true;
    }
    if (several < 0) return std::nullopt;
    if (whole) {
      const int g = several;
      if (!of && !member_ends() && !describes(at_)) return std::nullopt;
      attribute_of(g);
      return g;
    }
    // "one red", "a red one", "two are white".
    const bool adjective = describes(at_) || lexicon_.before(words_, at_, words_.size(), group(several).kind);
    if (adjective && !of) {
      size_t end = at_;
      while (end < words_.size() && end < at_ + 4) {
        const auto said = lexicon_.before(words_, end, words_.size(), group(several).kind);
        if (!said) break;
        end += said.length;
      }
      const bool pro = end < words_.size() && (words_[end] == "one" || words_[end] == "ones");
      if (!pro && (article || lexicon_.noun(words_, end) || (end < words_.size() && !ends_before(end) && !lexicon_.relation(words_, end)))) return std::nullopt;
      const int g = count > total(several) ? several : take_from(several, count);
      attribute_of(g);
      if (pro) ++at_;
      return g;
    }
    if (!of) {
      if (article || !(one || another || (subject && number.value > 1 && number.value <= total(several)))) return std::nullopt;
      take("one");
      if (!member_ends()) return std::nullopt;
    }
    const int g = count >= total(several) ? several : take_from(several, count);
    if (g == several && rest_ == several) rest_ = -1;
    attribute_of(g);
    return g;
  }

  void room(const Phrase& p) {
    if (!p.size.empty()) out_.room_size = p.size;
    if (room_known_ || p.noun.room == "room") return;
    out_.room = p.noun.room;
    room_known_ = true;
  }

  int anchor_ = -1;           ///< what the last relation was to
  std::vector<int> topic_;    ///< what the last clause was about
  std::vector<int> hosts_;    ///< what "with" belongs to, where that is several things
  std::vector<int> peers_;    ///< listed with what is read now: no pronoun means them
  std::vector<int> exclude_;  ///< no member is one of these
  Is last_part_ = Is::thing;  ///< a corner or wall of which "another" may follow
};

}  // namespace ptah::scene_words_detail
