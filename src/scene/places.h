// Where things of each kind stand: at walls, on furniture, on walls; what rooms there are. Read from shapes/places.json.
#pragma once

#include <filesystem>
#include <map>
#include <set>

#include "base/json.h"
#include "scene/program.h"
#include "shape/library.h"

namespace ptah {

enum class Stands : uint8_t { floor, wall, corner, middle, surface, hung, ceiling };

struct KindPlace {
  Stands stands = Stands::floor;
  float front = 0;              ///< metres that stay free before it
  float height = 1.6F;          ///< hung: of its middle above the floor
  int carries = 0;              ///< how willingly it carries small things that nobody placed
  bool lies = false;            ///< it lies on its back where that is said, and below furniture
  bool known = false;           ///< the file says where it stands; else its size decides
  Json usual = Json::object();  ///< parameters in a scene that differ from the kind's own
};

/// A name that sentences about scenes use besides those of captions.json.
struct SceneNoun {
  std::string kind;           ///< empty: nothing that the library has
  Json set = Json::object();  ///< parameters that it means
  std::string alone;          ///< the kind where it stands on nothing
  std::map<std::string, std::string> in_room;
};

struct RoomKind {
  std::string name;
  bool outdoor = false;
  float width = 4, depth = 3.6F;
  std::string floor, usual;  ///< what it is made of; the sentence for a room of which only the kind was said
};

class ScenePlaces {
 public:
  /// Errors: not_found, corrupt, naming what it lacks.
  static Result<ScenePlaces> load(const std::filesystem::path& shapes, const ShapeKinds& kinds);

  /// Of a kind as large as `size`: what the file does not name is small enough to stand on furniture or stands on the floor.
  KindPlace of(const std::string& kind, const Vec3& size) const;
  /// Whether a kind that the file does not name is small by its program's own lengths.
  bool is_small(const std::string& kind) const { return small_.contains(kind); }
  /// Whether it is too large for a room.
  bool is_large(const std::string& kind) const { return large_.contains(kind); }
  /// As the file has it.
  const KindPlace* named(const std::string& kind) const;
  const std::map<std::string, SceneNoun>& nouns() const { return nouns_; }
  /// The words that name rooms and grounds, and which they mean.
  const std::map<std::string, std::string>& room_words() const { return room_words_; }
  const RoomKind& room(const std::string& name) const;
  const SceneOpening& usual_opening(bool door) const { return door ? door_ : window_; }

 private:
  std::map<std::string, KindPlace> kinds_;
  std::map<std::string, SceneNoun> nouns_;
  std::map<std::string, RoomKind> rooms_;
  std::map<std::string, std::string> room_words_;
  std::set<std::string> small_, large_;
  SceneOpening door_, window_;
};

}  // namespace ptah
