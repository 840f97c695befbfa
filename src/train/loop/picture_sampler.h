// Which pictures a training draws how often.
#pragma once

#include <map>

#include "base/philox.h"
#include "train/picture/picture_set.h"
#include "train/loop/stage.h"

namespace ptah {

/// How often what is drawn; names that are not listed weigh 1. A concept weighs its group's weight times its own.
struct PictureWeights {
  std::map<std::string, float> groups, concepts, styles;
  float recoloured = 0.5F;
};
/// Reads group_weights, concept_weights, style_weights and recoloured_weight of a stage. Throws Failure for negative or odd values.
PictureWeights read_picture_weights(Reader& reader, const std::string& stage);

/// Draws pictures concept by concept, so that a concept with many styles is not seen more often than its group's weight says.
class PictureSampler {
 public:
  /// Throws Failure if every picture has weight 0.
  PictureSampler(const PictureSet& set, const PictureWeights& weights);

  int64_t pick(Random& random) const;
  /// Pictures of `count` different concepts; at most concepts().
  std::vector<int64_t> pick_of_different_concepts(int64_t count, Random& random) const;
  int64_t concepts() const { return static_cast<int64_t>(concepts_.size()); }

 private:
  struct Concept {
    float weight = 1, total = 0;
    std::vector<std::pair<int64_t, float>> pictures;
  };
  size_t draw_concept(Random& random) const;
  static int64_t draw_picture(const Concept& from, Random& random);

  std::vector<Concept> concepts_;
  float total_ = 0;
};

}  // namespace ptah
