// What scenes are made with: the library of shapes, where its kinds stand, the words for them, and the sentence encoder for nouns that it lacks.
#pragma once

#include <filesystem>

#include "scene/words/reader.h"
#include "text/encode/bert.h"

namespace ptah {

/// Below this cosine a kind's name is not what an unknown noun means. tools/reference/near_nouns.py measures it: there, what is right less what is wrong and
/// what should have been left out is at its best.
constexpr float kNearNoun = 0.70F;

class SceneLibrary {
 public:
  /// `models`: where the sentence encoder lies; it is loaded when a noun is unknown. Errors: not_found, corrupt.
  static Result<std::shared_ptr<const SceneLibrary>> load(std::filesystem::path models);

  std::shared_ptr<const ShapeKinds> kinds() const { return kinds_; }
  const ScenePlaces& places() const { return *places_; }
  const SceneLexicon& lexicon() const { return *lexicon_; }
  /// The kind whose names are nearest to words (all-MiniLM-L6-v2, cosine); empty below kNearNoun, or if there is no encoder. Errors: corrupt.
  Result<std::string> nearest(const std::string& words) const;

 private:
  SceneLibrary() = default;
  std::shared_ptr<const ShapeKinds> kinds_;
  std::optional<ScenePlaces> places_;
  std::optional<SceneLexicon> lexicon_;
  std::filesystem::path models_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const SentenceEncoder> encoder_;
  mutable std::vector<std::pair<std::string, std::string>> names_;
  mutable std::vector<float> vectors_;
};

}  // namespace ptah
