#include "scene/evaluate/relations.h"

#include <algorithm>
#include <cmath>

namespace ptah {

namespace {

/// SceneEval's distances in metres.
constexpr float kBeside = 0.5F, kClose = 1.5F, kFar = 4, kAtWall = 0.3F, kOnWall = 0.01F, kFacing = 30;

bool faces(const PlacedThing& thing, const PlacedThing& other) {
  const Vec2 p = thing.foot().local(other.pose.at[0], other.pose.at[2]);
  const auto [xl, xh, zl, zh] = thing.foot().extent_of(other.foot());
  const bool before = xl < 0 && xh > 0 && zh > 0 && zl > -0.01F;  // seats along a table
  return before || std::abs(std::atan2(p[0], p[1])) * 57.29578F <= kFacing;
}

bool on_side(const std::string& is, const PlacedThing& thing, const PlacedThing& other) {
  const Footprint foot = other.foot();
  const Vec2 p = foot.local(thing.pose.at[0], thing.pose.at[2]);
  const auto [xl, xh, zl, zh] = foot.extent_of(thing.foot());
  const float reach = std::max({kClose, thing.model->size[0], thing.model->size[2]});
  if (footprint_gap(foot, thing.foot()) > reach) return false;
  if (is == "left_of" || is == "right_of") {
    const bool level = zl < foot.half_depth && zh > -foot.half_depth;
    return level && (is == "left_of" ? p[0] < -foot.half_width : p[0] > foot.half_width);
  }
  const bool aligned = xl < foot.half_width && xh > -foot.half_width;
  return aligned && (is == "behind" ? p[1] < -foot.half_depth : p[1] > foot.half_depth);
}

bool lies_between(const PlacedThing& thing, const PlacedThing& a, const PlacedThing& b) {
  const double ax = a.pose.at[0], az = a.pose.at[2], dx = b.pose.at[0] - ax, dz = b.pose.at[2] - az, square = dx * dx + dz * dz;
  if (square < 1e-6) return false;
  const double t = ((thing.pose.at[0] - ax) * dx + (thing.pose.at[2] - az) * dz) / square;
  const double across = std::abs((thing.pose.at[0] - ax) * dz - (thing.pose.at[2] - az) * dx) / std::sqrt(square);
  const double extent = std::max({thing.model->size[0], thing.model->size[2], a.model->size[0], a.model->size[2], b.model->size[0], b.model->size[2]}) / 2.0F;
  return t > 0.15 && t < 0.85 && across <= extent;
}

bool things_hold(const SceneView& view, const std::string& is, const PlacedThing& thing, const PlacedThing& other) {
  (void)view;
  const float gap = footprint_gap(thing.foot(), other.foot());
  const float apart = std::max({0.0F, thing.low() - other.high(), other.low() - thing.high()}), distance = std::sqrt(gap * gap + apart * apart);
  if (is == "on") return lies_on(thing, other, 0.01F);
  if (is == "in") {
    const Vec2 p = other.foot().local(thing.pose.at[0], thing.pose.at[2]);
    return std::abs(p[0]) < other.foot().half_width && std::abs(p[1]) < other.foot().half_depth && thing.low() < other.high() && thing.low() > other.low();
  }
  if (is == "next_to") return distance <= kBeside;
  if (is == "near") return distance <= kClose;
  if (is == "around") return distance <= std::max(kBeside, thing.model->size[0] / 2) && (faces(thing, other) || thing.model->size[1] > 3);
  if (is == "facing") return faces(thing, other);
  if (is == "across") return gap > kClose && gap <= kFar && faces(other, thing);
  if (is == "under") return thing.high() <= other.high() && footprints_overlap(thing.foot(), other.foot());
  if (is == "above") {
    const Footprint wide = other.foot().grown(0.3F);
    return thing.low() >= other.high() - 0.01F && footprints_overlap(thing.foot(), wide);
  }
  return on_side(is, thing, other);
}

bool at_opening(const SceneView& view, const PlacedThing& thing, bool door, float reach, bool below) {
  return std::any_of(view.openings.begin(), view.openings.end(), [&](const ViewedOpening& o) {
    if (o.door != door) return false;
    const Footprint foot{(o.low[0] + o.high[0]) / 2, (o.low[2] + o.high[2]) / 2, (o.high[0] - o.low[0]) / 2, (o.high[2] - o.low[2]) / 2, {}};
    const float along = o.wall == "left" || o.wall == "right" ? thing.pose.at[2] - foot.z : thing.pose.at[0] - foot.x;
    const float half = o.wall == "left" || o.wall == "right" ? foot.half_depth : foot.half_width;
    return footprint_gap(foot, thing.foot()) <= reach && (!below || std::abs(along) <= half + 0.1F);
  });
}

}  // namespace

bool lies_on(const PlacedThing& thing, const PlacedThing& other, float by) {
  if (!footprints_overlap(thing.foot(), other.foot()) || thing.low() < other.low() + 0.001F) return false;
  return surfaces_touch(other, thing, {0, -by, 0}) && !surfaces_touch(other, thing, {0, 0.005F, 0});
}

std::optional<bool> room_relation(const SceneView& view, const std::string& is, const ViewedThing& viewed) {
  const PlacedThing& thing = viewed.thing;
  auto gaps = view.wall_gaps(thing);
  std::sort(gaps.begin(), gaps.end());
  if (is == "against_wall") return gaps[0] <= kAtWall;
  if (is == "on_wall") return gaps[0] <= kOnWall && thing.low() > 0.1F;
  if (is == "corner") return gaps[1] <= kAtWall;
  if (is == "middle") return std::abs(thing.pose.at[0]) <= view.width * 0.2F && std::abs(thing.pose.at[2]) <= view.depth * 0.2F;
  if (is == "ceiling") return std::abs(thing.high() - view.height) <= kOnWall;
  if (is == "by_window") return at_opening(view, thing, false, 1, false);
  if (is == "under_window") return at_opening(view, thing, false, 0.5F, true);
  if (is == "by_door") return at_opening(view, thing, true, 1.5F, false);
  return std::nullopt;
}

bool relation_holds(const SceneView& view, const std::string& is, const ViewedThing& thing, const std::vector<const ViewedThing*>& others) {
  if (is == "between") {
    for (size_t i = 0; i < others.size(); ++i)
      for (size_t k = 0; k < i; ++k)
        if (others[i] != &thing && others[k] != &thing && lies_between(thing.thing, others[i]->thing, others[k]->thing)) return true;
    return false;
  }
  return std::any_of(others.begin(), others.end(),
                     [&](const ViewedThing* other) { return other != &thing && things_hold(view, is, thing.thing, other->thing); });
}

}  // namespace ptah
