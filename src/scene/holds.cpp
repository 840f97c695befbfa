// Whether a thing may stand somewhere, and whether it stands there as it was asked for.
#include <algorithm>
#include <cmath>

#include "scene/layout_state.h"

namespace ptah {

namespace {

constexpr float kNextTo = 0.45F, kNear = 1.4F, kAcrossLow = 1.52F, kAcrossHigh = 3.95F, kCornerGap = 0.25F, kDoorZone = 0.9F, kWindowZone = 0.25F;
/// What is lower than this is walked over.
constexpr float kFlat = 0.06F;

bool is_flat(const PlacedThing& thing) { return thing.low() < 0.01F && thing.model->size[1] < kFlat; }

bool in_room(const SceneState& state, const PlacedThing& thing) {
  const float w = state.half_width() - 0.002F, d = state.half_depth() - 0.002F;
  for (const Vec2& corner : thing.foot().corners())
    if (std::abs(corner[0]) > w || std::abs(corner[1]) > d) return false;
  return state.room.outdoor || thing.high() <= state.room.height + 0.0005F;
}

/// The rectangle before an opening that has to stay free.
Footprint zone_of(const SceneRoom& room, const SceneOpening& opening, float depth) {
  const WallFrame frame = wall_frame(room, opening.wall);
  const Vec3 middle = frame.at(room, opening.at, depth / 2);
  return {middle[0], middle[2], opening.width / 2, depth / 2, Turn::of(frame.turn)};
}

bool blocks_opening(const SceneState& state, const SceneTask& task, const PlacedThing& thing) {
  for (const SceneOpening& opening : state.room.openings) {
    if (opening.door) {
      if (!is_flat(thing) && thing.low() < opening.height && footprints_overlap(zone_of(state.room, opening, kDoorZone), thing.foot())) return true;
    } else if (task.object->kind != "curtain" && thing.high() > opening.sill && thing.low() < opening.sill + opening.height) {
      if (footprints_overlap(zone_of(state.room, opening, kWindowZone), thing.foot())) return true;
    }
  }
  return false;
}

/// What stays free before a thing.
Footprint front_of(const PlacedThing& thing, float front) {
  const Footprint foot = thing.foot();
  const Vec2 shift = thing.turn(0, foot.half_depth + front / 2);
  return {foot.x + shift[0], foot.z + shift[1], foot.half_width * 0.9F, front / 2, thing.turn};
}

bool is_close_pair(const SceneState& state, const SceneTask& task, const std::string& other) {
  const auto names = [&](const SceneTask& t, const std::string& id) {
    return std::any_of(t.relations.begin(), t.relations.end(),
                       [&](const SceneRelation* r) { return (r->is == "under" || r->is == "in") && std::find(r->to.begin(), r->to.end(), id) != r->to.end(); });
  };
  const auto found = state.tasks.find(other);
  return names(task, other) || (found != state.tasks.end() && names(*found->second, task.object->id));
}

bool collides(const SceneState& state, const SceneTask& task, const PlacedThing& thing) {
  for (const PlacedThing& other : state.placed) {
    if (other.id == thing.on || other.on == thing.id) continue;
    if (is_flat(other) && thing.on == "floor" && other.on == "floor") {
      if (footprints_overlap(other.foot(), thing.foot())) return true;
      continue;
    }
    if (boxes_overlap(other, thing, -0.004F)) {
      const auto crown = [](const PlacedThing& t) { return t.model->kind == "tree" || t.model->kind == "palm_tree"; };
      // On one thing a book may lie under a lampshade; a bench and who sits on it stand below the crown of a tree.
      const bool beside = (other.on == thing.on && state.find(thing.on)) || crown(other) || crown(thing);
      if (!(beside || is_close_pair(state, task, other.id)) || surfaces_touch(other, thing)) return true;
    }
  }
  return false;
}

bool in_the_way(const SceneState& state, const SceneTask& task, const PlacedThing& thing) {
  const bool standing = thing.on == "floor" && !is_flat(thing);
  for (const PlacedThing& other : state.placed) {
    if (is_flat(other) || related(state, thing.id, other.id)) continue;
    const auto found = state.tasks.find(other.id);
    if (standing && found != state.tasks.end() && found->second->place.front > 0 && other.on == "floor" &&
        footprints_overlap(front_of(other, found->second->place.front), thing.foot()))
      return true;
    if (standing && task.place.front > 0 && other.on == "floor" && footprints_overlap(front_of(thing, task.place.front), other.foot())) return true;
  }
  if (!standing) return false;
  // The room that others will need beside it.
  const auto& [left, right, front, back] = task.reserve;
  if (left + right + front + back > 0) {
    PlacedThing larger = thing;
    const Footprint foot = thing.foot();
    const Vec2 shift = thing.turn((right - left) / 2, (front - back) / 2);
    const Footprint wide{foot.x + shift[0], foot.z + shift[1], foot.half_width + (left + right) / 2, foot.half_depth + (front + back) / 2, thing.turn};
    for (const Vec2& corner : wide.corners())
      if (std::abs(corner[0]) > state.half_width() || std::abs(corner[1]) > state.half_depth()) return true;
    for (const PlacedThing& other : state.placed)
      if (!is_flat(other) && other.on == "floor" && !related(state, thing.id, other.id) && footprints_overlap(wide, other.foot())) return true;
  }
  return false;
}

float turn_between(float a, float b) {
  const float d = std::fmod(std::abs(a - b), 360.0F);
  return std::min(d, 360 - d);
}

/// Whether a thing looks at another one.
bool looks_at(const PlacedThing& thing, const PlacedThing& other) {
  const Vec2 p = thing.foot().local(other.pose.at[0], other.pose.at[2]);
  const float angle = std::atan2(p[0], p[1]) * 57.29578F;
  // The middle of it, or what is straight before the thing: seats along a table.
  const auto [xl, xh, zl, zh] = thing.foot().extent_of(other.foot());
  return std::abs(angle) <= 28 || (xl < 0 && xh > 0 && zh > 0 && zl > -0.01F);
}

bool side_holds(const SceneState& state, const std::string& is, const PlacedThing& thing, const PlacedThing& other) {
  const Footprint foot = other.foot();
  const auto [xl, xh, zl, zh] = foot.extent_of(thing.foot());
  const float reach = std::max({1.2F, thing.model->size[0], thing.model->size[2], room_between(state, thing.id, other.id)});
  if (footprint_gap(foot, thing.foot()) > reach) return false;
  const bool level = zl < foot.half_depth && zh > -foot.half_depth, aligned = xl < foot.half_width && xh > -foot.half_width;
  if (is == "left_of") return level && xh <= 0.005F - foot.half_width;
  if (is == "right_of") return level && xl >= foot.half_width - 0.005F;
  if (is == "in_front_of") return aligned && zl >= foot.half_depth - 0.005F;
  return aligned && zh <= 0.005F - foot.half_depth;  // behind
}

bool is_between(const PlacedThing& thing, const PlacedThing& a, const PlacedThing& b) {
  const float dx = b.pose.at[0] - a.pose.at[0], dz = b.pose.at[2] - a.pose.at[2], length = std::sqrt(dx * dx + dz * dz);
  if (length < 1e-3F) return false;
  const float px = thing.pose.at[0] - a.pose.at[0], pz = thing.pose.at[2] - a.pose.at[2];
  const float along = (px * dx + pz * dz) / length, across = std::abs(px * dz - pz * dx) / length;
  const auto longer = [](const PlacedThing& t) { return std::max(t.model->size[0], t.model->size[2]); };
  const float wide = std::max(longer(thing), std::min(longer(a), longer(b))) / 2 - 0.02F;
  return along > length * 0.2F && along < length * 0.8F && across <= wide;
}

bool under_window(const SceneState& state, const PlacedThing& thing, bool below) {
  return std::any_of(state.room.openings.begin(), state.room.openings.end(), [&](const SceneOpening& opening) {
    if (opening.door) return false;
    const Vec2 p = wall_place(state.room, opening.wall, thing.pose.at);
    const float reach = below ? opening.width / 2 : opening.width / 2 + 0.5F;
    return std::abs(p[0] - opening.at) <= reach && wall_gap(state.room, opening.wall, thing.foot()) <= (below ? 0.32F : 0.9F);
  });
}

bool by_door(const SceneState& state, const PlacedThing& thing) {
  return std::any_of(state.room.openings.begin(), state.room.openings.end(),
                     [&](const SceneOpening& opening) { return opening.door && footprint_gap(zone_of(state.room, opening, 0.05F), thing.foot()) <= 1.2F; });
}

std::optional<Wall> named_wall(const SceneRelation& relation) {
  for (const std::string& to : relation.to)
    for (const Wall wall : kWalls)
      if (to == wall_name(wall)) return wall;
  return std::nullopt;
}

bool against_wall(const SceneState& state, const SceneTask& task, const SceneRelation& relation, const PlacedThing& thing) {
  const auto asked = named_wall(relation);
  for (const Wall wall : kWalls) {
    if (asked && *asked != wall) continue;
    if (wall_gap(state.room, wall, thing.foot()) > 0.28F) continue;
    if (task.place.front > 0 && turn_between(thing.pose.turn, wall_frame(state.room, wall).turn) > 1) continue;
    return true;
  }
  return false;
}

bool in_corner(const SceneState& state, const PlacedThing& thing) {
  int walls = 0;
  for (const Wall wall : kWalls) walls += wall_gap(state.room, wall, thing.foot()) <= kCornerGap ? 1 : 0;
  return walls >= 2;
}

/// Relations to the room; nothing if it is another one.
std::optional<bool> room_relation_holds(const SceneState& state, const SceneTask& task, const SceneRelation& r, const PlacedThing& thing) {
  if (r.is == "against_wall") return against_wall(state, task, r, thing);
  if (r.is == "corner") return in_corner(state, thing);
  if (r.is == "middle") return std::abs(thing.pose.at[0]) <= state.room.width * 0.13F && std::abs(thing.pose.at[2]) <= state.room.depth * 0.13F;
  if (r.is == "by_window") return under_window(state, thing, false);
  if (r.is == "under_window") return under_window(state, thing, true);
  if (r.is == "by_door") return by_door(state, thing);
  if (r.is == "on_wall") return thing.on == "wall";
  if (r.is == "ceiling") return thing.on == "ceiling";
  if (r.is == "facing" && named_wall(r)) return turn_between(thing.pose.turn, wall_frame(state.room, *named_wall(r)).turn + 180) < 1;
  return std::nullopt;
}

bool pair_holds(const SceneState& state, const SceneRelation& r, const PlacedThing& thing, const PlacedThing& other) {
  const float gap = footprint_gap(thing.foot(), other.foot());
  if (r.is == "on" || r.is == "in") return thing.on == other.id;
  if (r.is == "next_to") return gap <= kNextTo && thing.low() < other.high() && other.low() < thing.high() + 0.3F;
  if (r.is == "near") return gap <= kNear;
  if (r.is == "around") return gap <= std::max(kNextTo, thing.model->size[0] * 0.48F) && (thing.model->size[1] > 3 || looks_at(thing, other));
  if (r.is == "facing") return looks_at(thing, other);
  if (r.is == "across") return gap >= kAcrossLow && gap <= kAcrossHigh && looks_at(thing, other) && looks_at(other, thing);
  if (r.is == "under")
    return thing.high() <= other.high() && std::abs(other.foot().local(thing.pose.at[0], thing.pose.at[2])[0]) <= other.foot().half_width &&
           std::abs(other.foot().local(thing.pose.at[0], thing.pose.at[2])[1]) <= other.foot().half_depth;
  if (r.is == "above") {
    const Footprint foot = other.foot();
    const auto [xl, xh, zl, zh] = foot.extent_of(thing.foot());
    const float x = (xl + xh) / 2, z = (zl + zh) / 2;
    return thing.low() >= other.high() - 0.001F && std::abs(x) <= foot.half_width + 0.05F && std::abs(z) <= foot.half_depth + 0.1F;
  }
  return side_holds(state, r.is, thing, other);
}

}  // namespace

float room_between(const SceneState& state, const std::string& a, const std::string& b) {
  float out = 0;
  for (const auto& [id, task] : state.tasks)
    for (const SceneRelation* r : task->relations) {
      const bool both =
          r->is == "between" && std::find(r->to.begin(), r->to.end(), a) != r->to.end() && std::find(r->to.begin(), r->to.end(), b) != r->to.end();
      if (both) out = std::max({out, task->model->size[0] + 0.4F, task->model->size[2] + 0.4F});
    }
  return out;
}

bool related(const SceneState& state, const std::string& a, const std::string& b) {
  const auto names = [&](const std::string& of, const std::string& to) {
    const auto found = state.tasks.find(of);
    if (found == state.tasks.end()) return false;
    return std::any_of(found->second->relations.begin(), found->second->relations.end(),
                       [&](const SceneRelation* r) { return std::find(r->to.begin(), r->to.end(), to) != r->to.end(); });
  };
  if (names(a, b) || names(b, a)) return true;
  // Things around the same one.
  const auto left = state.tasks.find(a), right = state.tasks.find(b);
  if (left == state.tasks.end() || right == state.tasks.end()) return false;
  for (const SceneRelation* x : left->second->relations)
    for (const SceneRelation* y : right->second->relations)
      if (!x->to.empty() && x->to == y->to && x->is == y->is && x->is == "around") return true;
  return false;
}

bool is_free(const SceneState& state, const SceneTask& task, const PlacedThing& thing) {
  return in_room(state, thing) && !blocks_opening(state, task, thing) && !collides(state, task, thing) && !in_the_way(state, task, thing);
}

bool holds(const SceneState& state, const SceneTask& task, const PlacedThing& thing) {
  if (!task.relaxed)
    for (const SceneRelation* r : task.relations) {
      if (const auto room = room_relation_holds(state, task, *r, thing)) {
        if (!*room) return false;
        continue;
      }
      std::vector<const PlacedThing*> others;
      for (const std::string& to : r->to)
        if (const PlacedThing* other = state.find(to)) others.push_back(other);
      if (r->is == "between") {
        if (others.size() == 2 && !is_between(thing, *others[0], *others[1])) return false;
        continue;
      }
      if (!std::all_of(others.begin(), others.end(), [&](const PlacedThing* other) { return pair_holds(state, *r, thing, *other); })) return false;
    }
  // What stands already and is relative to this one.
  for (const PlacedThing& other : state.placed) {
    const auto found = state.tasks.find(other.id);
    if (found == state.tasks.end() || found->second->relaxed || task.relaxed) continue;
    for (const SceneRelation* r : found->second->relations)
      if (r->to.size() == 1 && r->to[0] == thing.id && !pair_holds(state, *r, other, thing)) return false;
  }
  // The second of two things with a third between them leaves room for it.
  for (const SceneRelation* r : task.pairs) {
    const auto middle = state.tasks.find(r->of);
    if (middle == state.tasks.end() || middle->second->relaxed || state.find(r->of)) continue;
    for (const std::string& to : r->to)
      if (const PlacedThing* other = state.find(to); other && to != thing.id) {
        const Vec3& size = middle->second->model->size;
        const float gap = footprint_gap(thing.foot(), other->foot()), low = std::min(size[0], size[2]) + 0.06F;
        const auto [xl, xh, zl, zh] = other->foot().extent_of(thing.foot());
        const bool lined = (zl + zh) / 2 <= other->foot().half_depth && (zl + zh) / 2 >= -other->foot().half_depth,
                   filed = std::abs(xl + xh) / 2 <= other->foot().half_width;
        if (gap < low || gap > std::max(size[0], size[2]) + 1.6F || !(lined || filed)) return false;
      }
  }
  return true;
}

}  // namespace ptah
