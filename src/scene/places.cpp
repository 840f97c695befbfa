#include "scene/places.h"

#include <algorithm>

#include "base/file.h"

namespace ptah {

namespace {

/// What is longer stands in no room.
constexpr double kLarge = 2.7;
/// Things up to this size stand on furniture.
constexpr float kSmall = 0.5F, kSmallHeight = 0.55F;

constexpr std::array<std::pair<const char*, Stands>, 7> kStands{{{"floor", Stands::floor},
                                                                 {"wall", Stands::wall},
                                                                 {"corner", Stands::corner},
                                                                 {"middle", Stands::middle},
                                                                 {"surface", Stands::surface},
                                                                 {"hung", Stands::hung},
                                                                 {"ceiling", Stands::ceiling}}};

Stands stands_by_name(const std::string& name) {
  for (const auto& [known, stands] : kStands)
    if (name == known) return stands;
  throw Failure({ErrorCode::corrupt, fmt::format("places.json: '{}' is no way to stand", name)});
}

/// The greatest of a program's own lengths.
double longest_of(const ShapeKind& kind) {
  double out = 0;
  for (const ShapeParameter& p : kind.parameters)
    for (const char* name : {"width", "height", "length", "depth", "size", "wingspan"})
      if (p.is_ranged() && p.name == name) out = std::max(out, p.value.number);
  return out;
}

RoomKind room_kind_of(const std::string& name, const Json& json, bool outdoor) {
  RoomKind out{.name = name, .outdoor = outdoor, .floor = json.value("floor", std::string()), .usual = json.value("usual", std::string())};
  if (json.contains("size")) out.width = json.at("size").at(0).get<float>(), out.depth = json.at("size").at(1).get<float>();
  return out;
}

}  // namespace

Result<ScenePlaces> ScenePlaces::load(const std::filesystem::path& shapes, const ShapeKinds& kinds) {
  PTAH_TRY(const std::string text, read_text(shapes / "places.json", size_t{1} << 20));
  PTAH_TRY(const Json json, parse_json(text));
  return guard([&]() -> Result<ScenePlaces> {
    ScenePlaces out;
    try {
      for (const auto& [kind, entry] : json.at("kinds").items()) {
        if (!kinds.kinds().contains(kind)) return fail(ErrorCode::corrupt, "places.json: there is no kind '{}'", kind);
        KindPlace place{
            .stands = stands_by_name(entry.at("stands").get<std::string>()), .front = entry.value("front", 0.0F), .height = entry.value("height", 1.6F)};
        place.carries = entry.value("carries", 0);
        place.lies = entry.value("lies", false);
        place.known = true;
        place.usual = entry.value("usual", Json::object());
        out.kinds_[kind] = std::move(place);
      }
      for (const auto& [noun, entry] : json.at("nouns").items()) {
        SceneNoun one{entry.at("kind").get<std::string>(), entry.at("set"), entry.value("alone", std::string()), {}};
        const Json in_rooms = entry.value("in", Json::object());
        for (const auto& [room, kind] : in_rooms.items()) one.in_room[room] = kind.get<std::string>();
        if (!one.kind.empty() && !kinds.kinds().contains(one.kind)) return fail(ErrorCode::corrupt, "places.json: there is no kind '{}'", one.kind);
        out.nouns_[noun] = std::move(one);
      }
      for (const auto& [section, outdoor] : {std::pair{"rooms", false}, {"grounds", true}})
        for (const auto& [name, entry] : json.at(section).items()) {
          out.rooms_[name] = room_kind_of(name, entry, outdoor);
          for (const Json& word : entry.value("words", Json::array())) out.room_words_[word.get<std::string>()] = name;
        }
      out.room_words_["room"] = "room";
      for (const bool door : {true, false}) {
        const Json& entry = json.at("openings").at(door ? "door" : "window");
        SceneOpening& opening = door ? out.door_ : out.window_;
        opening = {.door = door, .width = entry.at("width").get<float>(), .height = entry.at("height").get<float>(), .sill = entry.value("sill", 0.0F)};
      }
      for (const auto& [kind, shape] : kinds.kinds())
        if (longest_of(shape) > kLarge) out.large_.insert(kind);
      for (const auto& [kind, shape] : kinds.kinds())
        if (!out.kinds_.contains(kind) && longest_of(shape) > 0 && longest_of(shape) <= static_cast<double>(kSmall)) out.small_.insert(kind);
      if (!out.rooms_.contains("room")) return fail(ErrorCode::corrupt, "places.json: it lacks the room 'room'");
    } catch (const Json::exception& problem) {
      return fail(ErrorCode::corrupt, "places.json: {}", problem.what());
    }
    return out;
  });
}

const KindPlace* ScenePlaces::named(const std::string& kind) const {
  const auto found = kinds_.find(kind);
  return found == kinds_.end() ? nullptr : &found->second;
}

KindPlace ScenePlaces::of(const std::string& kind, const Vec3& size) const {
  if (const KindPlace* known = named(kind)) return *known;
  KindPlace out;
  if (is_small(kind) && size[0] <= kSmall && size[2] <= kSmall && size[1] <= kSmallHeight) out.stands = Stands::surface;
  return out;
}

const RoomKind& ScenePlaces::room(const std::string& name) const {
  const auto found = rooms_.find(name);
  return found == rooms_.end() ? rooms_.at("room") : found->second;
}

}  // namespace ptah
