// The words of sentences about scenes: things, rooms, colours, materials, sizes, numbers and relations.
#pragma once

#include <functional>

#include "scene/places.h"
#include "scene/words/grammar_words.h"
#include "shape/words/captions.h"

namespace ptah {

/// What a noun names.
struct NounEntry {
  enum class Kind : uint8_t { thing, room, wall, corner, middle, window, door, floor, ceiling, collective };
  Kind is = Kind::thing;
  SceneNoun noun;    ///< of a thing
  std::string room;  ///< of a room; of a floor or a wall what it is covered with ("tiles")
  bool plural = false;
};

class SceneLexicon {
 public:
  /// Errors: not_found, corrupt (captions.json).
  static Result<SceneLexicon> load(const std::filesystem::path& shapes, std::shared_ptr<const ShapeKinds> kinds, const ScenePlaces& places);

  WordMatch<NounEntry> noun(const SceneWords& words, size_t at) const;
  WordMatch<RelationWords> relation(const SceneWords& words, size_t at) const { return relation_words(words, at); }
  WordMatch<int> number(const SceneWords& words, size_t at) const { return number_words(words, at); }
  WordMatch<std::string> colour(const SceneWords& words, size_t at) const;
  WordMatch<std::string> material(const SceneWords& words, size_t at, bool behind) const;
  /// Parameters that words before the noun of a kind mean: colours, materials, sizes, forms.
  WordMatch<Json> before(const SceneWords& words, size_t at, size_t end, const std::string& kind) const;
  /// The same of words behind it: "with a red cushion", "made of oak", "2 m long".
  WordMatch<Json> behind(const SceneWords& words, size_t at, const std::string& kind) const;
  /// "big", "tall": a word of size or extent.
  bool is_size(const std::string& word) const;
  /// Words that say nothing that is placed.
  bool is_filler(const std::string& word) const;
  /// Usual names of kinds, for finding the nearest to an unknown noun.
  std::vector<std::pair<std::string, std::string>> names() const;  ///< name, kind
  const ShapeKinds& kinds() const { return *kinds_; }

 private:
  void add_surfaces();
  void add_noun(const std::string& name, const NounEntry& entry);
  std::string colour_like(const std::string& kind, const std::string& material) const;
  WordMatch<Json> measure(const SceneWords& words, size_t at, const std::string& kind) const;
  Json sized(const std::string& kind, bool big) const;
  const ShapeParameter* parameter(const std::string& kind, const std::string& name) const;
  bool match_template(const SceneWords& words, size_t at, const SceneWords& pattern, size_t from, const ShapeParameter& p, size_t& end, Json& value) const;

  std::shared_ptr<const ShapeKinds> kinds_;
  std::optional<ShapePhrases> phrases_;
  std::map<std::string, NounEntry> nouns_;
  std::map<std::string, std::string> colours_, materials_before_, materials_behind_;
  std::map<std::string, bool> sizes_;  ///< whether it means big
};

}  // namespace ptah
