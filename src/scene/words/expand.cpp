// From groups and links to things with ids and relations between them.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "scene/words/fitting.h"
#include "scene/words/reader.h"

namespace ptah {

namespace {

bool is_seat_kind(const std::string& kind) { return kind == "chair" || kind == "office_chair" || kind == "stool"; }

bool has_link(const ReadScene& read, int group, std::initializer_list<const char*> kinds) {
  return std::any_of(read.links.begin(), read.links.end(),
                     [&](const ReadLink& l) { return l.of == group && std::any_of(kinds.begin(), kinds.end(), [&](const char* k) { return l.is == k; }); });
}

/// "a lamp": on furniture, or a standing one.
void choose_kinds(ReadScene& read, const ScenePlaces& places) {
  const bool furniture = std::any_of(read.groups.begin(), read.groups.end(), [&](const ReadGroup& g) {
    const KindPlace* known = places.named(g.kind);
    return known && known->carries > 1;
  });
  for (size_t i = 0; i < read.groups.size(); ++i) {
    ReadGroup& g = read.groups[i];
    if (g.noun.noun.alone.empty() || g.kind != g.noun.noun.kind) continue;
    const int index = static_cast<int>(i);
    const bool any = std::any_of(read.links.begin(), read.links.end(), [&](const ReadLink& l) { return l.of == index; });
    if (any ? !has_link(read, index, {"on", "in"}) : !furniture) g.kind = g.noun.noun.alone;
  }
  // A "sink" beside a toilet or a bathtub is a washbasin.
  const auto there = [&](std::initializer_list<const char*> kinds) {
    return std::any_of(read.groups.begin(), read.groups.end(),
                       [&](const ReadGroup& g) { return std::any_of(kinds.begin(), kinds.end(), [&](const char* k) { return g.kind == k; }); });
  };
  if (there({"toilet", "bathtub"}) && !there({"stove", "fridge", "microwave"}))
    for (ReadGroup& g : read.groups)
      if (g.kind == "kitchen_sink") g.kind = "washbasin";
}

/// A parameter that the kind does not have is no parameter: a lamp that became another kind of lamp.
Json known_parameters(const Json& set, const std::string& kind, const ShapeKinds& kinds) {
  Json out = Json::object();
  const auto found = kinds.kinds().find(kind);
  if (found == kinds.kinds().end()) return out;
  for (const ShapeParameter& p : found->second.parameters) {
    if (!set.contains(p.name)) continue;
    const Json& value = set.at(p.name);
    if (value.is_number() && p.is_ranged()) out[p.name] = std::clamp(value.get<double>(), p.low, p.high);
    if (value.is_boolean() || value.is_string()) out[p.name] = value;
  }
  return out;
}

class Expander {
 public:
  Expander(const ReadScene& read, const SceneLexicon& lexicon, const ScenePlaces& places) : read_(read), lexicon_(lexicon), places_(places) {}

  /// About what could not be as it was said.
  const std::vector<std::string>& notes() const { return notes_; }

  SceneProgram run() {
    of_group_.resize(read_.groups.size());
    for (size_t i = 0; i < read_.groups.size(); ++i) make(i);
    name();
    for (const ReadLink& link : read_.links) relate(link);
    return std::move(out_);
  }

 private:
  void make(size_t index) {
    const ReadGroup& g = read_.groups[index];
    if (g.kind.empty() || !of_group_[index].empty()) return;
    size_t times = 1;
    if (g.per >= 0 && static_cast<size_t>(g.per) != index) {
      make(static_cast<size_t>(g.per));
      times = std::max<size_t>(1, of_group_[static_cast<size_t>(g.per)].size());
    }
    const size_t wanted = times * static_cast<size_t>(g.count);
    if (out_.objects.size() + wanted > kMaxSceneObjects)
      notes_.push_back(
          fmt::format("{}: {} of {} are there; a scene has {} objects at most", g.words, kMaxSceneObjects - out_.objects.size(), wanted, kMaxSceneObjects));
    for (size_t t = 0; t < wanted && out_.objects.size() < kMaxSceneObjects; ++t) {
      SceneObject object;
      object.kind = g.kind;
      const KindPlace* place = places_.named(g.kind);
      object.parameters = place ? place->usual : Json::object();
      object.parameters.update(g.noun.noun.set);
      object.parameters.update(g.set);
      if (g.set.contains("finish") && !g.set.contains("color") && has_natural_colour(g.kind))
        object.parameters["color"] = "natural";  // leather looks like leather
      object.parameters = known_parameters(object.parameters, g.kind, lexicon_.kinds());
      object.lying = place && place->lies && (g.lying || has_link(read_, static_cast<int>(index), {"under"}));
      of_group_[index].push_back(out_.objects.size());
      out_.objects.push_back(std::move(object));
    }
  }

  bool has_natural_colour(const std::string& kind) const {
    const auto found = lexicon_.kinds().kinds().find(kind);
    return found != lexicon_.kinds().kinds().end() &&
           std::any_of(found->second.parameters.begin(), found->second.parameters.end(), [](const ShapeParameter& p) {
             return p.name == "color" && std::find(p.choices.begin(), p.choices.end(), "natural") != p.choices.end();
           });
  }

  void name() {
    std::map<std::string, int> total, number;
    for (const SceneObject& object : out_.objects) ++total[object.kind];
    for (SceneObject& object : out_.objects) object.id = total[object.kind] > 1 ? fmt::format("{} {}", object.kind, ++number[object.kind]) : object.kind;
  }

  const std::string& id(size_t object) const { return out_.objects[object].id; }
  void add(const std::string& is, size_t of, std::vector<std::string> to, bool assumed) {
    SceneRelation r{is, id(of), std::move(to), assumed};
    const auto same = [&](const SceneRelation& other) { return other.is == r.is && other.of == r.of && other.to == r.to; };
    if (std::none_of(out_.relations.begin(), out_.relations.end(), same)) out_.relations.push_back(std::move(r));
  }

  /// Things relative to each other: each to the one before, two that face each other to both.
  void relate_mutual(const ReadLink& link, const std::vector<size_t>& of) {
    if (link.is == "facing" && of.size() == 2) {
      add("facing", of[1], {id(of[0])}, false);
      add("facing", of[0], {id(of[1])}, false);
      return;
    }
    if (link.is == "across" && is_seat_kind(out_.objects[of[0]].kind)) return;  // at a table, which says where
    for (size_t i = 1; i < of.size(); ++i) add(link.is, of[i], {id(of[i - 1])}, false);
  }

  void relate(const ReadLink& link) {
    const auto& of = of_group_[static_cast<size_t>(link.of)];
    if (of.empty()) return;
    if (link.to.empty()) {
      for (const size_t i : of) add(link.is, i, link.wall.empty() ? std::vector<std::string>{} : std::vector{link.wall}, link.assumed);
      return;
    }
    if (link.wall == "each other" || (link.to.size() == 1 && link.to[0] == link.of)) return relate_mutual(link, of);
    std::vector<size_t> to;
    for (const int g : link.to)
      for (const size_t i : of_group_[static_cast<size_t>(g)]) to.push_back(i);
    if (to.empty()) return;
    if (link.is == "between") {
      if (to.size() < 2) return;
      if (link.to.size() == 2 && to.size() > 2) {  // between two groups: the first of each, and so on
        const auto &a = of_group_[static_cast<size_t>(link.to[0])], &b = of_group_[static_cast<size_t>(link.to[1])];
        for (size_t i = 0; i < of.size() && !a.empty() && !b.empty(); ++i)
          add(link.is, of[i], {id(a[std::min(i, a.size() - 1)]), id(b[std::min(i, b.size() - 1)])}, link.assumed);
        return;
      }
      if (of.size() == 1 && to.size() == 2 && out_.objects[to[0]].kind == "bedside_table" && out_.objects[to[1]].kind == "bedside_table") {
        add("left_of", to[0], {id(of[0])}, false);
        add("right_of", to[1], {id(of[0])}, false);
        return;
      }
      for (size_t i = 0; i < of.size(); ++i) {
        const size_t first = (2 * i) % (to.size() - to.size() % 2);
        add(link.is, of[i], {id(to[first]), id(to[first + 1])}, link.assumed);
      }
      return;
    }
    const bool sides = link.is == "next_to" && of.size() == 2 && to.size() == 1;
    for (size_t i = 0; i < of.size(); ++i) {
      // As many for each as there are; several in a row belong to the same one.
      const size_t each = std::max<size_t>(1, of.size() / to.size()), middle = (to.size() - 1) / 2;
      const size_t target = of.size() >= to.size() ? std::min(i / each, to.size() - 1) : of.size() == 1 ? middle : i;
      add(sides ? (i == 0 ? "left_of" : "right_of") : link.is, of[i], {id(to[target])}, link.assumed);
    }
  }

  const ReadScene& read_;
  const SceneLexicon& lexicon_;
  const ScenePlaces& places_;
  SceneProgram out_;
  std::vector<std::vector<size_t>> of_group_;
  std::vector<std::string> notes_;
};

/// Takes away all things of these kinds.
void leave_out(SceneProgram& program, const std::set<std::string>& kinds) {
  std::set<std::string> gone;
  for (const SceneObject& object : program.objects)
    if (kinds.contains(object.kind)) gone.insert(object.id);
  std::erase_if(program.objects, [&](const SceneObject& object) { return gone.contains(object.id); });
  std::erase_if(program.relations, [&](SceneRelation& relation) {
    const bool lost = std::erase_if(relation.to, [&](const std::string& id) { return gone.contains(id); }) > 0;
    return gone.contains(relation.of) || (lost && relation.to.empty());
  });
}

SceneRoom room_of_words(const ReadScene& read, const ScenePlaces& places) {
  SceneRoom out;
  const RoomKind& kind = places.room(read.room);
  out.kind = read.room;
  out.outdoor = kind.outdoor;
  out.floor = read.floor;
  out.walls = read.walls;
  if (read.width > 0) out.width = read.width, out.depth = read.depth;
  if (read.room_size == "big" && read.width <= 0 && !out.outdoor) out.width = kind.width * 1.4F, out.depth = kind.depth * 1.4F;
  if (out.outdoor) return out;
  const int windows = read.windows >= 0 ? read.windows : 1, doors = read.doors >= 0 ? read.doors : 1;
  for (int i = 0; i < std::min(8, doors + windows); ++i) {
    SceneOpening opening{.door = i < doors};
    opening.width = 0;  // where it is and how large says the layout
    out.openings.push_back(opening);
  }
  return out;
}

class Assumer {
 public:
  Assumer(SceneProgram& program, const ScenePlaces& places, const ShapeKinds& kinds) : program_(program), places_(places), kinds_(kinds) {}

  void run() {
    const size_t count = program_.objects.size();
    for (size_t i = 0; i < count; ++i) assume(program_.objects[i]);
    across_tables();
    turn_round();
    before_seats();
    beside_small();
    fit_sizes(program_, places_, kinds_);
  }

 private:
  bool placed(const std::string& id) const {
    return std::any_of(program_.relations.begin(), program_.relations.end(), [&](const SceneRelation& r) { return r.of == id; });
  }
  bool named(const std::string& id, const char* is) const {
    return std::any_of(program_.relations.begin(), program_.relations.end(),
                       [&](const SceneRelation& r) { return r.is == is && std::find(r.to.begin(), r.to.end(), id) != r.to.end(); });
  }
  const SceneObject* first(std::initializer_list<const char*> kinds) const {
    for (const char* kind : kinds)
      for (const SceneObject& o : program_.objects)
        if (o.kind == kind) return &o;
    return nullptr;
  }
  void add(const std::string& is, const std::string& of, const std::string& to) { program_.relations.push_back({is, of, {to}, true}); }

  void assume(const SceneObject& object) {
    if (placed(object.id) || object.pose) return;
    const KindPlace* known = places_.named(object.kind);
    if (is_seat_kind(object.kind)) return assume_seat(object);
    if (object.kind == "coffee_table") {
      if (const SceneObject* sofa = first({"sofa"}); sofa && !named(sofa->id, "in_front_of")) return add("in_front_of", object.id, sofa->id);
    }
    if (object.kind == "bedside_table") {
      for (const SceneObject& bed : program_.objects)
        if (bed.kind == "bed" && (!named(bed.id, "left_of") || !named(bed.id, "right_of")))
          return add(named(bed.id, "left_of") ? "right_of" : "left_of", object.id, bed.id);
    }
    if (object.kind == "television") {
      if (const SceneObject* stand = first({"tv_stand", "chest_of_drawers", "cupboard"})) return add("on", object.id, stand->id);
      if (!program_.room.outdoor) program_.relations.push_back({"on_wall", object.id, {}, true});
      return;
    }
    if (object.kind == "tv_stand") {
      if (const SceneObject* sofa = first({"sofa"})) return add("across", object.id, sofa->id);
    }
    if (object.kind == "ceiling_lamp" && first({"table"}) && program_.room.kind == "dining room") return add("above", object.id, first({"table"})->id);
    if (known ? known->stands == Stands::surface : places_.is_small(object.kind)) assume_carrier(object);
  }

  void assume_seat(const SceneObject& seat) {
    for (const SceneObject& desk : program_.objects)
      if (desk.kind == "desk" && !named(desk.id, "in_front_of") && (seat.kind != "stool" || !first({"table"}))) return add("in_front_of", seat.id, desk.id);
    if (const SceneObject* table = first({"table"})) return add("around", seat.id, table->id);
    if (const SceneObject* piano = first({"piano"}); piano && seat.kind == "stool" && !named(piano->id, "in_front_of"))
      return add("in_front_of", seat.id, piano->id);
  }

  void assume_carrier(const SceneObject& object) {
    const SceneObject* best = nullptr;
    int most = 0;
    for (const SceneObject& other : program_.objects) {
      const KindPlace* place = places_.named(other.kind);
      if (other.id == object.id || !place || place->carries <= 1) continue;
      int carries = place->carries * 4 - load_[other.id];
      if (object.kind == "table_lamp" && other.kind == "bedside_table") carries += 30;
      if (object.kind == "laptop" && other.kind == "desk") carries += 30;
      if ((object.kind == "microwave" || object.kind == "toaster") && other.kind == "cupboard") carries += 10;
      if (carries > most) most = carries, best = &other;
    }
    if (!best) return;
    load_[best->id] += object.kind == "table_lamp" ? 8 : 2;
    add("on", object.id, best->id);
  }

  /// A table between two seats that face each other: they sit at it.
  void across_tables() {
    const auto faces = [&](const std::string& a, const std::string& b) {
      return std::any_of(program_.relations.begin(), program_.relations.end(),
                         [&](const SceneRelation& r) { return r.is == "facing" && r.of == a && r.to.size() == 1 && r.to[0] == b; });
    };
    for (const SceneRelation& r : std::vector(program_.relations)) {
      if (r.is != "between" || r.to.size() != 2 || !faces(r.to[0], r.to[1]) || !faces(r.to[1], r.to[0])) continue;
      const SceneObject *table = program_.find(r.of), *a = program_.find(r.to[0]), *b = program_.find(r.to[1]);
      const auto is_table = [](const SceneObject* o) { return o && !o->pose && (o->kind == "table" || o->kind == "coffee_table"); };
      const auto is_seat = [](const SceneObject* o) { return o && !o->pose && (is_seat_kind(o->kind) || o->kind == "armchair"); };
      if (!is_table(table) || !is_seat(a) || !is_seat(b)) continue;
      std::erase_if(program_.relations, [&](const SceneRelation& one) { return one.is == "between" && one.of == r.of && one.to == r.to; });
      for (const std::string& seat : r.to) program_.relations.push_back({"around", seat, {r.of}, false});
    }
  }

  /// What lies "in front of" a seat at a table lies on the table.
  void before_seats() {
    std::vector<SceneRelation> more;
    for (const SceneRelation& r : program_.relations) {
      const SceneObject* thing = program_.find(r.of);
      const SceneObject* seat = r.is == "in_front_of" && r.to.size() == 1 ? program_.find(r.to[0]) : nullptr;
      const KindPlace* known = thing ? places_.named(thing->kind) : nullptr;
      if (!seat || !is_seat_kind(seat->kind) || !(known ? known->stands == Stands::surface : places_.is_small(thing->kind))) continue;
      for (const SceneRelation& at : program_.relations)
        if (at.of == seat->id && (at.is == "around" || at.is == "in_front_of") && at.to.size() == 1) more.push_back({"on", thing->id, at.to, true});
    }
    for (SceneRelation& one : more) {
      std::erase_if(program_.relations, [&](const SceneRelation& r) { return r.of == one.of && r.is == "in_front_of"; });
      program_.relations.push_back(std::move(one));
    }
  }

  /// "The bench stands at the wall, next to a drum": the drum is next to the bench, whose place is known. What hangs above a thing asks it to stand at a wall.
  void turn_round() {
    const auto has = [&](const std::string& id, bool room) {
      return std::any_of(program_.relations.begin(), program_.relations.end(), [&](const SceneRelation& r) { return r.of == id && (!room || r.to.empty()); });
    };
    for (SceneRelation& r : program_.relations)
      if ((r.is == "next_to" || r.is == "near") && r.to.size() == 1 && has(r.of, true) && !has(r.to[0], false)) std::swap(r.of, r.to[0]);
    for (const SceneRelation& r : std::vector(program_.relations)) {
      const bool hangs = r.is == "on_wall" && !program_.room.outdoor;
      for (const SceneRelation& above : std::vector(program_.relations))
        if (hangs && above.of == r.of && above.is == "above" && above.to.size() == 1 && !has(above.to[0], false))
          program_.relations.push_back({"against_wall", above.to[0], {}, true});
    }
  }

  /// What is small and beside something that stands on furniture stands there too.
  void beside_small() {
    std::vector<SceneRelation> more;
    for (const SceneRelation& r : program_.relations) {
      const SceneObject* thing = program_.find(r.of);
      const bool lateral = r.is == "left_of" || r.is == "right_of" || r.is == "next_to" || r.is == "in_front_of" || r.is == "behind";
      if (!lateral || r.to.size() != 1 || !thing) continue;
      const KindPlace* known = places_.named(thing->kind);
      if (known ? known->stands != Stands::surface : places_.is_large(thing->kind)) continue;
      const bool placed_on = std::any_of(program_.relations.begin(), program_.relations.end(),
                                         [&](const SceneRelation& o) { return o.of == thing->id && (o.is == "on" || o.is == "in" || o.to.empty()); });
      for (const SceneRelation& on : program_.relations)
        if (!placed_on && on.of == r.to[0] && on.is == "on" && on.to.size() == 1 && on.to[0] != thing->id) more.push_back({"on", thing->id, on.to, true});
    }
    for (SceneRelation& one : more) program_.relations.push_back(std::move(one));
  }

  SceneProgram& program_;
  const ScenePlaces& places_;
  const ShapeKinds& kinds_;
  std::map<std::string, int> load_;
};

}  // namespace

void assume_relations(SceneProgram& program, const ScenePlaces& places, const ShapeKinds& kinds) { Assumer(program, places, kinds).run(); }

Result<SceneProgram> scene_of_words(const std::string& text, const SceneLexicon& lexicon, const ScenePlaces& places, const NearestKind& nearest,
                                    uint64_t seed) {
  PTAH_TRY(ReadScene read, read_scene_words(text, lexicon, places, nearest));
  const bool things = std::any_of(read.groups.begin(), read.groups.end(), [](const ReadGroup& g) { return !g.kind.empty(); });
  const bool room_said = read.room != "room";
  std::vector<std::string> notes = read.notes;
  if (!things && room_said && read.notes.empty()) {
    // Only what kind of room it is: what is usual there.
    const ReadScene said = read;
    PTAH_TRY(read, read_scene_words(fmt::format("a {} with {}", said.room, places.room(said.room).usual), lexicon, places, nearest));
    read.room = said.room, read.room_size = said.room_size, read.width = said.width, read.depth = said.depth;
    read.windows = said.windows, read.doors = said.doors, read.floor = said.floor, read.walls = said.walls;
    read.absent = said.absent;
    notes = {fmt::format("nothing was said of what stands there; it has {}{}", places.room(said.room).usual,
                         said.absent.empty() ? "" : fmt::format(", without what it was not to have ({})", fmt::join(said.absent, ", ")))};
  } else if (!things && !room_said) {
    return fail(ErrorCode::invalid_argument, "the words name nothing that the library of shapes has{}{}", read.notes.empty() ? "" : ": ",
                fmt::join(read.notes, "; "));
  }
  choose_kinds(read, places);
  Expander expander(read, lexicon, places);
  SceneProgram out = expander.run();
  if (!things) leave_out(out, read.absent);  // what was named is there
  notes.insert(notes.end(), expander.notes().begin(), expander.notes().end());
  out.room = room_of_words(read, places);
  // Houses and trees stand in no room, unless it was said.
  if (!room_said && std::any_of(out.objects.begin(), out.objects.end(), [&](const SceneObject& o) { return places.is_large(o.kind); })) {
    out.room = SceneRoom{};
    out.room.kind = "garden";
    out.room.outdoor = true;
  }
  out.title = text;
  out.seed = seed;
  out.left_out = std::move(notes);
  assume_relations(out, places, lexicon.kinds());
  return out;
}

}  // namespace ptah
