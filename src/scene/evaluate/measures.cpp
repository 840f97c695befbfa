#include "scene/evaluate/measures.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "scene/evaluate/relations.h"
#include "scene/layout.h"
#include "shape/material.h"

namespace ptah {

namespace {

/// Of a thing's surface that has to show a colour or a material; colours within this distance are one.
constexpr float kShown = 0.08F, kSameColour = 0.12F;
constexpr float kAway = 0.005F;

bool has_colour(const ViewedThing& thing, const std::string& word) {
  const auto wanted = colour_of(word);
  if (!wanted) return false;
  float all = 0, same = 0;
  for (const auto& [colour, area] : thing.colours) {
    const Vec3 d{colour[0] - (*wanted)[0], colour[1] - (*wanted)[1], colour[2] - (*wanted)[2]};
    all += area;
    if (length(d) <= kSameColour) same += area;
  }
  return same > kShown * all;
}

/// By its usual colour and whether it is a metal: names of materials in the file are those that the programs of shapes gave them.
bool has_material(const ViewedThing& thing, const std::string& word) {
  const auto wanted = material_of(word);
  if (!wanted) return false;
  float all = 0, same = 0;
  for (size_t i = 0; i < thing.colours.size(); ++i) {
    const auto& [colour, area] = thing.colours[i];
    const Vec3 d{colour[0] - wanted->albedo[0], colour[1] - wanted->albedo[1], colour[2] - wanted->albedo[2]};
    all += area;
    if (length(d) <= kSameColour && std::abs(thing.metallic[i] - wanted->metallic) < 0.3F) same += area;
  }
  return same > kShown * all;
}

bool has_attribute(const ViewedThing& thing, const Json& wanted) {
  if (wanted.contains("color") && !has_colour(thing, wanted.at("color").get<std::string>())) return false;
  if (wanted.contains("material") && !has_material(thing, wanted.at("material").get<std::string>())) return false;
  constexpr std::array<const char*, 3> kExtents{"width", "height", "depth"};
  for (size_t i = 0; i < 3; ++i)
    if (wanted.contains(kExtents[i])) {
      const Json& range = wanted.at(kExtents[i]);
      const float size = thing.thing.model->size[i];
      if (size < range.at(0).get<float>() || size > range.at(1).get<float>()) return false;
    }
  const Json set = wanted.value("set", Json::object());
  for (const auto& [name, value] : set.items())
    if (!thing.parameters.contains(name) || thing.parameters.at(name) != value) return false;
  return true;
}

std::vector<const ViewedThing*> of_kinds(const SceneView& view, const std::string& kinds) {
  std::vector<const ViewedThing*> out;
  std::stringstream list(kinds);
  for (std::string kind; std::getline(list, kind, ',');)
    for (const ViewedThing& thing : view.things)
      if (thing.kind == kind) out.push_back(&thing);
  return out;
}

void measure_words(const SceneView& view, const SceneExpectation& expected, SceneMeasures& out) {
  for (const auto& [kind, count] : expected.objects) {
    const auto found = static_cast<int>(of_kinds(view, kind).size());
    out.count.add(found == count);
    if (found != count) out.wrong.push_back(fmt::format("count {}: {} of {}", kind, found, count));
  }
  for (const Json& attribute : expected.attributes) {
    const auto things = of_kinds(view, attribute.at("of").get<std::string>());
    const auto having = std::count_if(things.begin(), things.end(), [&](const ViewedThing* t) { return has_attribute(*t, attribute); });
    const bool right = having >= attribute.value("count", 1);
    out.attributes.add(right);
    if (!right) out.wrong.push_back(fmt::format("attribute {}: {}", attribute.dump(), having));
  }
  for (const Json& relation : expected.relations) {
    const auto is = relation.at(0).get<std::string>(), of = relation.at(1).get<std::string>();
    const bool to_other = relation.size() > 2 && relation.at(2).is_string();
    const int needed = relation.size() > 3 ? relation.at(3).get<int>() : 1;
    int held = 0;
    for (const ViewedThing* thing : of_kinds(view, of)) {
      const auto room = room_relation(view, is, *thing);
      held += room && !to_other ? (*room ? 1 : 0) : to_other && relation_holds(view, is, *thing, of_kinds(view, relation.at(2).get<std::string>())) ? 1 : 0;
    }
    (to_other ? out.between_objects : out.to_room).add(held >= needed);
    if (held < needed) out.wrong.push_back(fmt::format("relation {}: {}", relation.dump(), held));
  }
}

bool supported(const SceneView& view, const ViewedThing& viewed, float by) {
  const PlacedThing& thing = viewed.thing;
  if (thing.low() <= by) return true;
  const auto gaps = view.wall_gaps(thing);
  if (!view.outdoor && *std::min_element(gaps.begin(), gaps.end()) <= std::max(by, 0.004F) && thing.low() > 0.01F) return true;
  if (!view.outdoor && view.height - thing.high() <= by) return true;
  return std::any_of(view.things.begin(), view.things.end(), [&](const ViewedThing& other) { return &other != &viewed && lies_on(thing, other.thing, by); });
}

bool collide(const PlacedThing& a, const PlacedThing& b) {
  if (!boxes_overlap(a, b, -kAway)) return false;
  const float dx = b.pose.at[0] - a.pose.at[0], dz = b.pose.at[2] - a.pose.at[2], length = std::sqrt(dx * dx + dz * dz);
  std::vector<Vec3> moves{{0, kAway, 0}, {0, -kAway, 0}};
  if (length > 1e-6F) moves.push_back({dx / length * kAway, 0, dz / length * kAway});
  return std::all_of(moves.begin(), moves.end(), [&](const Vec3& move) { return surfaces_touch(a, b, move); });
}

void measure_places(const SceneView& view, SceneMeasures& out) {
  std::vector<char> hit(view.things.size());
  for (size_t i = 0; i < view.things.size(); ++i)
    for (size_t k = 0; k < i; ++k)
      if (collide(view.things[i].thing, view.things[k].thing)) {
        hit[i] = hit[k] = 1;
        out.wrong.push_back(fmt::format("collision {} {}", view.things[i].thing.id, view.things[k].thing.id));
      }
  for (size_t i = 0; i < view.things.size(); ++i) {
    const ViewedThing& viewed = view.things[i];
    const PlacedThing& thing = viewed.thing;
    out.apart.add(!hit[i]);
    const bool held = supported(view, viewed, 0.01F);
    out.supported.add(held);
    out.settled.add(supported(view, viewed, 0.001F));
    if (!held) out.wrong.push_back(fmt::format("support {} at {:.3f}", thing.id, thing.low()));
    bool inside = view.outdoor || thing.high() <= view.height + 0.002F;
    for (const Vec3& local : thing.model->mesh.positions) {
      const Vec3 p = thing.world(local);
      inside = inside && std::abs(p[0]) <= view.width / 2 + 0.002F && std::abs(p[2]) <= view.depth / 2 + 0.002F && p[1] >= -0.002F;
    }
    out.inside.add(inside);
    if (!inside) out.wrong.push_back(fmt::format("outside {}", thing.id));
  }
  std::vector<PlacedThing> standing;
  for (const ViewedThing& viewed : view.things) standing.push_back(viewed.thing);
  out.navigable = view.outdoor ? 1 : navigable_share(view.width, view.depth, standing);
}

/// Nothing but curtains right before a window, nothing but rugs before a door.
void measure_openings(const SceneView& view, SceneMeasures& out) {
  for (const ViewedOpening& o : view.openings) {
    const bool side = o.wall == "left" || o.wall == "right";
    const float reach = o.door ? 0.8F : 0.2F, along = side ? (o.low[2] + o.high[2]) / 2 : (o.low[0] + o.high[0]) / 2,
                half = (side ? o.high[2] - o.low[2] : o.high[0] - o.low[0]) / 2;
    const float from = side ? view.width / 2 : view.depth / 2, sign = o.wall == "left" || o.wall == "back" ? -1.0F : 1.0F, into = sign * (from - reach / 2);
    const Footprint zone = side ? Footprint{into, along, reach / 2, half, {}} : Footprint{along, into, half, reach / 2, {}};
    bool clear = true;
    for (const ViewedThing& viewed : view.things) {
      const PlacedThing& thing = viewed.thing;
      if (viewed.kind == "curtain" || thing.model->size[1] < 0.06F || thing.high() <= o.low[1] + 0.005F || thing.low() >= o.high[1]) continue;
      if (!footprints_overlap(zone, thing.foot())) continue;
      clear = false;
      out.wrong.push_back(fmt::format("{} before a {}", thing.id, o.door ? "door" : "window"));
    }
    out.clear.add(clear);
  }
}

}  // namespace

Json Share::json() const { return of == 0 ? Json() : Json(static_cast<double>(right) / static_cast<double>(of)); }

Result<std::vector<SceneExpectation>> read_scene_expectations(const std::string& text) {
  std::vector<SceneExpectation> out;
  std::stringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.empty()) continue;
    auto json = parse_json(line);
    if (!json) return fail(ErrorCode::corrupt, "line {}: {}", number, json.error().message);
    try {
      SceneExpectation one{.text = json->at("text").get<std::string>(), .room = json->value("room", std::string())};
      for (const auto& [kind, count] : json->at("objects").items()) one.objects[kind] = count.get<int>();
      one.attributes = json->value("attributes", Json::array());
      one.relations = json->value("relations", Json::array());
      for (const Json& attribute : one.attributes) (void)attribute.at("of").get<std::string>();
      for (const Json& relation : one.relations) (void)relation.at(1).get<std::string>(), (void)relation.at(0).get<std::string>();
      out.push_back(std::move(one));
    } catch (const Json::exception& problem) {
      return fail(ErrorCode::corrupt, "line {}: {}", number, problem.what());
    }
  }
  return out;
}

SceneMeasures measure_scene(const SceneView& view, const SceneExpectation& expected) {
  SceneMeasures out;
  measure_words(view, expected, out);
  measure_places(view, out);
  measure_openings(view, out);
  return out;
}

}  // namespace ptah
