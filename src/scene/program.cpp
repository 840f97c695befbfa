#include "scene/program.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"

namespace ptah {

namespace {

constexpr std::array<const char*, 4> kWallNames{"back", "right", "front", "left"};

/// Tenths of a millimetre and of a degree: short numbers that read back as themselves.
Json short_number(float value) { return std::round(static_cast<double>(value) * 1e4) / 1e4; }

Json json_of(const SceneOpening& opening) {
  if (opening.width <= 0) return {{"is", opening.door ? "door" : "window"}};  // where it is says the layout
  return {{"is", opening.door ? "door" : "window"}, {"wall", wall_name(opening.wall)},        {"at", short_number(opening.at)},
          {"width", short_number(opening.width)},   {"height", short_number(opening.height)}, {"sill", short_number(opening.sill)}};
}

[[noreturn]] void broken(const std::string& what) { throw Failure({ErrorCode::corrupt, "scene: " + what}); }

float metres(const Json& json, const char* what, float low, float high) {
  if (!json.is_number()) broken(fmt::format("{} is no number", what));
  const double value = json.get<double>();
  if (!(value >= static_cast<double>(low) && value <= static_cast<double>(high))) broken(fmt::format("{} {}: {} to {} are possible", what, value, low, high));
  return static_cast<float>(value);
}

float member(const Json& json, const char* name, float usual, float low, float high) {
  return json.contains(name) ? metres(json.at(name), name, low, high) : usual;
}

void check_members(const Json& json, const char* what, std::initializer_list<const char*> known) {
  if (!json.is_object()) broken(fmt::format("{} is no object", what));
  for (const auto& [name, value] : json.items())
    if (std::none_of(known.begin(), known.end(), [&, &given = name](const char* k) { return given == k; }))
      broken(fmt::format("{} has an unknown member '{}'", what, name));
}

std::string text_member(const Json& json, const char* name, const std::string& usual = "") {
  if (!json.contains(name)) return usual;
  if (!json.at(name).is_string()) broken(fmt::format("{} is no text", name));
  auto text = json.at(name).get<std::string>();
  if (text.size() > 4096) broken(fmt::format("{} is too long", name));
  return text;
}

SceneOpening opening_of(const Json& json) {
  check_members(json, "an opening", {"is", "wall", "at", "width", "height", "sill"});
  SceneOpening out;
  const std::string is = text_member(json, "is"), wall = text_member(json, "wall");
  if (is != "door" && is != "window") broken(fmt::format("an opening that is a '{}', not a door or a window", is));
  out.door = is == "door";
  out.width = 0;
  if (!json.contains("wall")) return out;
  const auto found = std::find(kWallNames.begin(), kWallNames.end(), wall);
  if (found == kWallNames.end()) broken(fmt::format("there is no wall '{}'; there are back, right, front and left", wall));
  out.wall = kWalls[static_cast<size_t>(found - kWallNames.begin())];
  out.at = member(json, "at", 0, -100, 100);
  out.width = member(json, "width", out.door ? 0.92F : 1.2F, 0.2F, 20);
  out.height = member(json, "height", out.door ? 2.1F : 1.2F, 0.2F, 20);
  out.sill = member(json, "sill", out.door ? 0 : 0.92F, 0, 20);
  return out;
}

SceneRoom room_of(const Json& json) {
  check_members(json, "room", {"kind", "outdoor", "size", "height", "openings", "floor", "walls"});
  SceneRoom out;
  out.kind = text_member(json, "kind", "room");
  out.outdoor = json.value("outdoor", false);
  if (json.contains("size")) {
    const Json& size = json.at("size");
    if (!size.is_array() || size.size() != 2) broken("the size of the room is no list of width and depth");
    out.width = metres(size[0], "width of the room", 1, 500);
    out.depth = metres(size[1], "depth of the room", 1, 500);
  }
  out.height = member(json, "height", out.height, 1.8F, 100);
  if (json.contains("openings") && !json.at("openings").is_array()) broken("openings is no list");
  for (const Json& one : json.value("openings", Json::array())) out.openings.push_back(opening_of(one));
  if (out.openings.size() > 40) broken("more than 40 doors and windows");
  out.floor = text_member(json, "floor");
  out.walls = text_member(json, "walls");
  return out;
}

SceneObject object_of(const Json& json) {
  check_members(json, "an object", {"id", "kind", "parameters", "lying", "at", "turn", "on"});
  SceneObject out;
  out.kind = text_member(json, "kind");
  out.id = text_member(json, "id", out.kind);
  if (out.kind.empty() || out.id.empty() || out.id.size() > 80) broken("an object without a kind");
  out.parameters = json.value("parameters", Json::object());
  if (!out.parameters.is_object()) broken("parameters is no object");
  for (const auto& [name, value] : out.parameters.items())
    if (!value.is_number() && !value.is_boolean() && !value.is_string()) broken(fmt::format("the parameter '{}' is no number, word or switch", name));
  if (json.contains("lying") && !json.at("lying").is_boolean()) broken("lying is neither true nor false");
  out.lying = json.value("lying", false);
  if (json.contains("at")) {
    const Json& at = json.at("at");
    if (!at.is_array() || at.size() != 3) broken("at is no list of three numbers");
    ScenePose pose;
    for (size_t i = 0; i < 3; ++i) pose.at[i] = metres(at[i], "at", -1000, 1000);
    pose.turn = member(json, "turn", 0, -360, 360);
    out.pose = pose;
    out.on = text_member(json, "on", "floor");
  }
  return out;
}

SceneRelation relation_of(const Json& json, const std::set<std::string>& ids) {
  check_members(json, "a relation", {"is", "of", "to", "assumed"});
  SceneRelation out;
  out.is = text_member(json, "is");
  out.of = text_member(json, "of");
  const auto& known = scene_relations();
  if (std::find(known.begin(), known.end(), out.is) == known.end())
    throw Failure({ErrorCode::corrupt, unknown_name("relation", out.is, known).value().message});
  if (!ids.contains(out.of)) broken(fmt::format("a relation of '{}', which is no object", out.of));
  out.assumed = json.value("assumed", false);
  for (const Json& to : json.value("to", Json::array())) {
    if (!to.is_string()) broken("a relation to what is no text");
    const auto name = to.get<std::string>();
    if (!ids.contains(name) && std::find(kWallNames.begin(), kWallNames.end(), name) == kWallNames.end())
      broken(fmt::format("a relation to '{}', which is no object and no wall", name));
    out.to.push_back(name);
  }
  return out;
}

}  // namespace

const char* wall_name(Wall wall) { return kWallNames[static_cast<size_t>(wall)]; }

const std::vector<std::string>& scene_relations() {
  static const std::vector<std::string> names{"on",      "in",      "under",     "next_to",      "left_of",      "right_of", "in_front_of", "behind",
                                              "between", "near",    "around",    "facing",       "against_wall", "corner",   "middle",      "across",
                                              "above",   "on_wall", "by_window", "under_window", "by_door",      "ceiling"};
  return names;
}

const SceneObject* SceneProgram::find(const std::string& id) const {
  const auto found = std::find_if(objects.begin(), objects.end(), [&](const SceneObject& o) { return o.id == id; });
  return found == objects.end() ? nullptr : &*found;
}
SceneObject* SceneProgram::find(const std::string& id) { return const_cast<SceneObject*>(std::as_const(*this).find(id)); }

Json scene_json(const SceneProgram& program) {
  Json room{{"kind", program.room.kind}, {"height", short_number(program.room.height)}};
  if (program.room.outdoor) room["outdoor"] = true;
  if (program.room.width > 0) room["size"] = {short_number(program.room.width), short_number(program.room.depth)};
  if (!program.room.floor.empty()) room["floor"] = program.room.floor;
  if (!program.room.walls.empty()) room["walls"] = program.room.walls;
  for (const SceneOpening& opening : program.room.openings) room["openings"].push_back(json_of(opening));
  Json objects = Json::array(), relations = Json::array();
  for (const SceneObject& object : program.objects) {
    Json one{{"id", object.id}, {"kind", object.kind}};
    if (!object.parameters.empty()) one["parameters"] = object.parameters;
    if (object.pose) {
      one["at"] = {short_number(object.pose->at[0]), short_number(object.pose->at[1]), short_number(object.pose->at[2])};
      one["turn"] = short_number(object.pose->turn);
      one["on"] = object.on;
    }
    if (object.lying) one["lying"] = true;
    objects.push_back(std::move(one));
  }
  for (const SceneRelation& relation : program.relations) {
    Json one{{"is", relation.is}, {"of", relation.of}};
    if (!relation.to.empty()) one["to"] = relation.to;
    if (relation.assumed) one["assumed"] = true;
    relations.push_back(std::move(one));
  }
  Json out{{"scene", kSceneVersion}, {"title", program.title}, {"seed", exact_json(program.seed)},
           {"room", room},           {"objects", objects},     {"relations", relations}};
  if (!program.left_out.empty()) out["left_out"] = program.left_out;
  return out;
}

Result<SceneProgram> scene_from_json(const Json& json) {
  return guard([&]() -> Result<SceneProgram> {
    try {
      check_members(json, "the file", {"scene", "title", "seed", "room", "objects", "relations", "left_out"});
      if (!json.contains("scene") || !json.at("scene").is_number_integer()) broken("there is no version (\"scene\": 1)");
      if (json.at("scene").get<int64_t>() != kSceneVersion)
        return fail(ErrorCode::unsupported, "scene: of version {}; this program reads version {}", json.at("scene").dump(), kSceneVersion);
      SceneProgram out;
      out.title = text_member(json, "title");
      if (json.contains("seed")) out.seed = exact_value(json.at("seed"));
      out.room = room_of(json.value("room", Json::object()));
      const Json objects = json.value("objects", Json::array()), relations = json.value("relations", Json::array());
      if (!objects.is_array() || !relations.is_array()) broken("objects or relations is no list");
      if (objects.size() > kMaxSceneObjects || relations.size() > 10 * kMaxSceneObjects)
        return fail(ErrorCode::over_budget, "scene: {} objects; at most {} are possible", objects.size(), kMaxSceneObjects);
      std::set<std::string> ids;
      for (const Json& one : objects) {
        out.objects.push_back(object_of(one));
        if (!ids.insert(out.objects.back().id).second) broken(fmt::format("two objects have the id '{}'", out.objects.back().id));
      }
      for (const Json& one : relations) out.relations.push_back(relation_of(one, ids));
      for (const Json& note : json.value("left_out", Json::array()))
        if (note.is_string()) out.left_out.push_back(note.get<std::string>());
      return out;
    } catch (const Json::exception& problem) {
      return fail(ErrorCode::corrupt, "scene: {}", problem.what());
    }
  });
}

}  // namespace ptah
