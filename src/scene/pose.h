// Things that stand somewhere: their boxes seen from above, and whether their surfaces touch.
#pragma once

#include "scene/model.h"

namespace ptah {

/// A turn about the vertical axis; exact for multiples of 90 degrees.
struct Turn {
  float cosine = 1, sine = 0;
  static Turn of(float degrees);
  Vec2 operator()(float x, float z) const { return {x * cosine + z * sine, z * cosine - x * sine}; }
  Vec2 back(float x, float z) const { return {x * cosine - z * sine, x * sine + z * cosine}; }
};

/// A rectangle seen from above.
struct Footprint {
  float x = 0, z = 0, half_width = 0, half_depth = 0;
  Turn turn = {};
  std::array<Vec2, 4> corners() const;
  /// In the frame of this one: x to its right, z to its front.
  Vec2 local(float at_x, float at_z) const { return turn.back(at_x - x, at_z - z); }
  /// How far another one reaches in that frame.
  std::array<float, 4> extent_of(const Footprint& other) const;  ///< low x, high x, low z, high z
  Footprint grown(float by) const { return {x, z, half_width + by, half_depth + by, turn}; }
};
/// Metres between two of them, 0 where they overlap.
float footprint_gap(const Footprint& a, const Footprint& b);
bool footprints_overlap(const Footprint& a, const Footprint& b, float slack = 0);

struct PlacedThing {
  std::string id, on;
  std::shared_ptr<const SceneModel> model;
  ScenePose pose;
  Turn turn = {};
  Footprint foot() const { return {pose.at[0], pose.at[2], model->size[0] / 2, model->size[2] / 2, turn}; }
  float low() const { return pose.at[1]; }
  float high() const { return pose.at[1] + model->size[1]; }
  Vec3 world(const Vec3& local) const;
  void move_to(const ScenePose& to) { pose = to, turn = Turn::of(to.turn); }
};

/// Whether the boxes of two things overlap by more than `slack` in every direction.
bool boxes_overlap(const PlacedThing& a, const PlacedThing& b, float slack = 0.0005F);
/// Whether the surfaces of two things cross or touch once the second is moved by `shift`, or one lies within the other.
bool surfaces_touch(const PlacedThing& a, const PlacedThing& b, const Vec3& shift = {});
/// How far `upper` can fall until it lies on `lower`, by their vertices and what lies straight below and above them; negative: it has to rise. Infinity where
/// one is not above the other.
float fall_of(const PlacedThing& upper, const PlacedThing& lower);

}  // namespace ptah
