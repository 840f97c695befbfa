// Links between things, and to parts of the room, of sentences about scenes.
#pragma once

#include "scene/words/verb_reader.h"

namespace ptah::scene_words_detail {

class LinkReader : public VerbReader {
 public:
  using VerbReader::VerbReader;

 protected:
  void link(const std::string& said, const std::vector<int>& subjects, const Reference& to) {
    if (to.wall == "each other") return link_each_other(said, subjects);
    if (to.groups.size() > 1 && said != "between") {  // "behind them" of several things
      for (const int g : to.groups) link(said, subjects, {{g}, false, true, false, to.part, to.wall, true});
      return;
    }
    for (const int subject : subjects) link_one(said, subject, to);
    if (!to.groups.empty() && to.part == Is::thing) anchor_ = to.groups.back();
  }

  void link_each_other(const std::string& said, const std::vector<int>& subjects) {
    const bool seats =
        !subjects.empty() && (group(subjects[0]).kind == "chair" || group(subjects[0]).kind == "stool" || group(subjects[0]).kind == "office_chair");
    const std::string is = said == "sides" || said == "at" || said.ends_with("ends") ? "next_to" : said == "across" && !seats ? "facing" : said;
    if (subjects.size() == 1) out_.links.push_back({.is = is, .of = subjects[0], .to = {subjects[0]}, .wall = "each other", .each = false});
    for (size_t i = 1; i < subjects.size(); ++i) {
      out_.links.push_back({.is = is, .of = subjects[i], .to = {subjects[i - 1]}, .wall = "", .each = false});
      if (is == "facing" && i == 1) out_.links.push_back({.is = is, .of = subjects[0], .to = {subjects[1]}, .wall = "", .each = false});
    }
  }

  void link_one(const std::string& said, int subject, const Reference& to) {
    ReadLink one{.is = said, .of = subject, .to = to.groups, .wall = to.wall, .each = to.each};
    const bool lies_on = stands(subject) == Stands::surface && !to.groups.empty() && carries(to.groups[0]);
    if (one.is == "on_left" || one.is == "on_right") one.is = lies_on ? "on" : one.is == "on_left" ? "left_of" : "right_of";
    if (one.is == "to" && lies_on) one.is = "on";  // "add a vase to the table"
    if (to.set && (one.is == "in_front_of" || one.is == "at")) one.is = "next_to";
    if (to.corners || one.is == "four_sides") {  // one at each corner, on each of the four sides
      const bool on = to.corners && lies_on;
      one.is = on ? "on" : one.is == "four_sides" ? "around" : "next_to";
      if (group(subject).count == 1 && group(subject).per < 0) group(subject).count = 4;
    }
    if (one.is == "sides" || one.is == "ends" || one.is == "on_ends") {
      const bool on = (one.is == "ends" && lies_on) || (one.is == "on_ends" && !to.groups.empty() && carries(to.groups[0]));
      one.is = on ? "on" : "next_to";
      if (group(subject).count == 1 && group(subject).per < 0) group(subject).count = 2;
    }
    if (to.groups.empty() && !part_link(one, to)) return;
    if (!to.groups.empty() && to.part == Is::middle && (said == "in" || said == "at" || said == "on")) one.is = "on";
    const std::string over = to.groups.empty() ? "" : group(to.groups[0]).kind;
    if (one.is == "at") one.is = over == "table" || over == "coffee_table" ? "around" : over == "piano" || over == "desk" ? "in_front_of" : "next_to";
    // Nothing stands right below a tree or a lamppost.
    const bool over_ground = over == "fir_tree" || over == "street_lamp" || over == "floor_lamp" || over == "bush" || over == "tulip";
    if (one.is == "under" && over_ground) one.is = "next_to";
    if (one.is == "against" && !to.groups.empty()) one.is = "next_to";
    if (one.is == "to") one.is = "next_to";  // "moved to the sofa"
    if (one.is == "from") return;
    if (to.each && !to.groups.empty() && group(subject).per < 0 && !distributed_ && subject != to.groups[0]) {
      // "a lamp on each": one for each of them. Several are spread over them where they are enough.
      if (group(subject).count < total(to.groups[0]) || !to.pronoun || said_each_) group(subject).per = to.groups[0];
    }
    const bool on_wall =
        !one.to.empty() && std::any_of(out_.links.begin(), out_.links.end(), [&](const ReadLink& l) { return l.of == one.to[0] && l.is == "on_wall"; });
    if (one.is == "under" && !one.to.empty() && (hangs(one.to[0]) || on_wall)) {
      out_.links.push_back({.is = "above", .of = one.to[0], .to = {subject}, .wall = "", .each = false});
      return;
    }
    if (one.is == "under" && !one.to.empty() && group(subject).kind == "rug") {
      out_.links.push_back({.is = "on", .of = one.to[0], .to = {subject}, .wall = "", .each = false});
      return;
    }
    if (one.is == "above" && !one.to.empty() && (group(subject).kind == "table_lamp" || group(subject).kind == "floor_lamp"))
      group(subject).kind = "ceiling_lamp";
    out_.links.push_back(one);
  }

  /// Relations to the room. False if there is nothing to link.
  bool part_link(ReadLink& one, const Reference& to) {
    const std::string said = one.is;
    const int g = one.of;
    const bool table = group(g).kind == "desk" || group(g).kind == "table";
    switch (to.part) {
      case Is::wall: {
        const bool on_it =
            (said == "on" || said == "above") && (hangs(g) || stands(g) == Stands::surface || places_.is_small(group(g).kind) || group(g).kind == "kite" ||
                                                  group(g).kind == "television" || group(g).kind == "shield" || hung_);
        one.is = on_it ? "on_wall" : "against_wall";
        return true;
      }
      case Is::corner:
        one.is = "corner";
        one.wall.clear();
        if (to.each && group(g).count == 1) group(g).count = 4;
        return true;
      case Is::middle:
        one.is = "middle";
        return true;
      case Is::window:
        one.is = said == "under" || (said == "facing" && stands(g) == Stands::wall && table) ? "under_window"
                 : said == "facing" || said == "across"                                      ? "facing"
                                                                                             : "by_window";
        if (one.is == "facing") one.wall = "left";
        return true;
      case Is::door: {
        static const std::set<std::string> kNear{"left_of", "right_of", "next_to", "near", "at"};
        if (!kNear.contains(said)) note("places relative to doors are understood as near the door");
        one.is = "by_door";
        return true;
      }
      case Is::ceiling:
        one.is = "ceiling";
        if (group(g).kind == "table_lamp") group(g).kind = "ceiling_lamp";
        return true;
      default:
        return false;
    }
  }

  bool distributed_ = false;  ///< "one on each": the members are spread already
};

}  // namespace ptah::scene_words_detail
