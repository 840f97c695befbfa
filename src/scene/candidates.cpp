// Poses that may be good for a thing, by its relations or by what is usual for its kind.
#include <algorithm>
#include <cmath>

#include "scene/layout_state.h"

namespace ptah {

namespace {

constexpr float kStep = 0.05F, kWallGap = 0.012F, kHungGap = 0.003F, kBesideGap = 0.04F;

struct Maker {
  const SceneState& state;
  const SceneTask& task;
  std::vector<SceneSpot> spots = {};

  float width() const { return task.model->size[0]; }
  float height() const { return task.model->size[1]; }
  float depth() const { return task.model->size[2]; }
  void add(float x, float y, float z, float turn, float score, const std::string& on = "floor") {
    turn = std::fmod(turn + 720, 360.0F);
    spots.push_back({{{x, y, z}, turn}, on, score});
  }
};

/// How much a wall is liked: the front one is where pictures look from.
float liking(Wall wall) {
  constexpr std::array<float, 4> kLiking{1, 0.75F, 0.2F, 0.8F};
  return kLiking[static_cast<size_t>(wall)];
}

/// Positions along a wall with the back to it, at some distances.
void along_wall(Maker& m, Wall wall, float score, std::initializer_list<float> gaps) {
  const WallFrame frame = wall_frame(m.state.room, wall);
  const float room = frame.half_length - m.width() / 2 - kWallGap;
  if (room < 0) return;
  const int n = std::max(1, static_cast<int>(std::round(2 * room / kStep)));
  for (const float gap : gaps)
    for (int i = 0; i <= n; ++i) {
      const float along = -room + 2 * room * static_cast<float>(i) / static_cast<float>(n);
      const Vec3 at = frame.at(m.state.room, along, gap + m.depth() / 2);
      // Towards a corner or the middle, not somewhere between.
      const float to_corner = room - std::abs(along), to_middle = std::abs(along);
      m.add(at[0], 0, at[2], frame.turn, score - 0.25F * std::min({to_corner, to_middle, 1.0F}) - gap);
    }
}

void along_walls(Maker& m, float score) {
  for (const Wall wall : kWalls) along_wall(m, wall, score + liking(wall), {kWallGap});
}

void in_corners(Maker& m, float score) {
  for (const Wall wall : kWalls) {
    const WallFrame frame = wall_frame(m.state.room, wall);
    for (const float side : {-1.0F, 1.0F})
      for (const float gap : {0.03F, 0.1F, 0.18F}) {
        const Vec3 at = frame.at(m.state.room, side * (frame.half_length - m.width() / 2 - gap), gap + m.depth() / 2);
        m.add(at[0], 0, at[2], frame.turn, score + 0.3F * liking(wall) - gap);
      }
  }
}

/// The free floor, by how near it is to a place.
void on_grid(Maker& m, float x, float z, float reach, float score, float nearness) {
  const float step = std::max(kStep, std::min(2 * reach, std::max(m.state.room.width, m.state.room.depth)) / 48);
  const auto n = static_cast<int>(std::ceil(reach / step));
  for (int i = -n; i <= n; ++i)
    for (int k = -n; k <= n; ++k) {
      const float px = x + static_cast<float>(i) * step, pz = z + static_cast<float>(k) * step;
      if (std::abs(px) > m.state.half_width() || std::abs(pz) > m.state.half_depth()) continue;
      const float far = std::sqrt((px - x) * (px - x) + (pz - z) * (pz - z));
      for (const float turn : {0.0F, 90.0F, 180.0F, 270.0F}) m.add(px, 0, pz, turn, score - nearness * far - (turn == 0 ? 0 : turn == 180 ? 0.15F : 0.08F));
    }
}

/// Which sides of a thing: as its frame has them.
enum Side : unsigned { kLeft = 1, kRight = 2, kFront = 4, kBack = 8 };

/// How much of a quarter turn two things differ by decides which extent of the one lies along the other.
bool is_across_turn(float a, float b) { return static_cast<int>(std::round(std::abs(a - b) / 90)) % 2 == 1; }

void beside(Maker& m, const PlacedThing& other, unsigned sides, std::initializer_list<float> gaps, float score, std::initializer_list<float> turns) {
  const Footprint foot = other.foot();
  for (const float by : turns) {
    const bool swapped = is_across_turn(by, 0);
    const float hx = (swapped ? m.depth() : m.width()) / 2, hz = (swapped ? m.width() : m.depth()) / 2;
    for (const float gap : gaps)
      for (const unsigned side : {kLeft, kRight, kFront, kBack}) {
        if (!(sides & side)) continue;
        const bool lateral = side == kLeft || side == kRight;
        const float reach = lateral ? foot.half_depth + hz : foot.half_width + hx, flush = lateral ? foot.half_depth - hz : foot.half_width - hx;
        const auto put = [&](float along, float bonus) {
          const float out = lateral ? foot.half_width + gap + hx : foot.half_depth + gap + hz;
          const float lx = side == kLeft ? -out : side == kRight ? out : along, lz = side == kFront ? out : side == kBack ? -out : along;
          const Vec2 p = other.turn(lx, lz);
          m.add(foot.x + p[0], 0, foot.z + p[1], other.pose.turn + by, score + bonus - 0.6F * gap);
        };
        put(-flush, lateral ? 0.5F : 0.1F);  // flush with its back
        put(0, lateral ? 0.2F : 0.4F);
        put(flush, 0.1F);
        const auto n = static_cast<int>(reach / (2 * kStep));
        for (int i = -n; i <= n; ++i) put(static_cast<float>(i) * 2 * kStep, -0.3F * std::abs(static_cast<float>(i)) / static_cast<float>(std::max(1, n)));
      }
  }
}

/// Seats and the like around a thing: on its sides by their lengths, each facing it.
void around(Maker& m, const PlacedThing& other, int count) {
  const Footprint foot = other.foot();
  const float each = m.width() + 0.04F,
              sides[4] = {2 * foot.half_width, 2 * foot.half_width, 2 * foot.half_depth, 2 * foot.half_depth};  // front, back, left, right
  // Houses around a well need more room than chairs around a table.
  const float wide = std::max(kBesideGap, m.width() > 2 ? m.width() / 2 - std::min(foot.half_width, foot.half_depth) + 0.05F : 0.0F);
  std::array<bool, 4> open{};
  for (size_t s = 0; s < 4; ++s) {
    const float out = (s < 2 ? foot.half_depth : foot.half_width) + wide + m.depth();
    const Vec2 p = other.turn(s < 2 ? 0 : s == 2 ? -out : out, s == 0 ? out : s == 1 ? -out : 0);
    open[s] = std::abs(foot.x + p[0]) <= m.state.half_width() && std::abs(foot.z + p[1]) <= m.state.half_depth();
  }
  if (open == std::array<bool, 4>{}) return;
  // One a side in turn, the longest gap first.
  std::array<int, 4> on{};
  for (int i = 0; i < count; ++i) {
    size_t best = static_cast<size_t>(std::find(open.begin(), open.end(), true) - open.begin());
    float room = -1e9F;
    for (size_t s = 0; s < 4; ++s) {
      const float left = (sides[s] - static_cast<float>(on[s]) * each) / static_cast<float>(on[s] + 1) + (count == 2 && s < 2 ? 0.001F : 0.0F);
      if (open[s] && left > room + 1e-5F) room = left, best = s;
    }
    ++on[best];
    if (count == 2 && i == 0 && open[0] && open[1]) on = {1, 1, 0, 0}, ++i;
  }
  for (size_t s = 0; s < 4; ++s)
    for (int i = 0; i < on[s]; ++i)
      for (const float gap : {wide, wide + 0.06F, wide + 0.16F, wide + 0.3F}) {
        const float along = sides[s] * ((static_cast<float>(i) + 0.5F) / static_cast<float>(on[s]) - 0.5F);
        const float spread = on[s] > 1 && sides[s] < each * static_cast<float>(on[s]) ? each * static_cast<float>(on[s]) / sides[s] : 1;
        const float out = (s < 2 ? foot.half_depth : foot.half_width) + gap + m.depth() / 2;
        const float lx = s < 2 ? along * spread : s == 2 ? -out : out, lz = s < 2 ? (s == 0 ? out : -out) : along * spread;
        const Vec2 p = other.turn(lx, lz);
        constexpr std::array<float, 4> kFacing{180, 0, 90, 270};
        m.add(foot.x + p[0], 0, foot.z + p[1], other.pose.turn + kFacing[s], 1 - gap);
      }
}

void between(Maker& m, const PlacedThing& a, const PlacedThing& b) {
  const float dx = b.pose.at[0] - a.pose.at[0], dz = b.pose.at[2] - a.pose.at[2], length = std::sqrt(dx * dx + dz * dz);
  if (length < 1e-3F) return;
  for (int i = -10; i <= 10; ++i)
    for (int k = -24; k <= 24; ++k) {
      const float t = length / 2 + static_cast<float>(i) * kStep, s = static_cast<float>(k) * kStep;
      const float x = a.pose.at[0] + (dx * t + dz * s) / length, z = a.pose.at[2] + (dz * t - dx * s) / length;
      for (const float by : {0.0F, 90.0F, 180.0F, 270.0F})
        m.add(x, 0, z, a.pose.turn + by, 1 - 0.3F * std::abs(t - length / 2) - 0.15F * std::abs(s) - (by == 0 ? 0 : 0.1F));
    }
  // Flush with the back of the first.
  const float back = a.model->size[2] / 2 - m.depth() / 2;
  const Vec2 shift = a.turn(0, -back);
  m.add((a.pose.at[0] + b.pose.at[0]) / 2 + shift[0], 0, (a.pose.at[2] + b.pose.at[2]) / 2 + shift[1], a.pose.turn, 1.3F);
}

/// On walls, in reach of a thing that it hangs above, or anywhere.
void hung(Maker& m, const PlacedThing* below) {
  for (const Wall wall : kWalls) {
    const WallFrame frame = wall_frame(m.state.room, wall);
    const float room = frame.half_length - m.width() / 2 - 0.02F;
    if (room < 0 || m.state.room.outdoor) continue;
    float middle = std::max(m.task.place.height, m.height() / 2 + 0.02F), centre = 0;
    if (below) {
      if (wall_gap(m.state.room, wall, below->foot()) > 0.35F) continue;
      middle = std::max(middle, below->high() + 0.12F + m.height() / 2);
      centre = wall_place(m.state.room, wall, below->pose.at)[0];
    }
    middle = std::min(middle, m.state.room.height - m.height() / 2 - 0.02F);
    const auto n = static_cast<int>(std::floor(2 * room / kStep));
    for (int i = 0; i <= n + 1; ++i) {
      const float along = i == n + 1 ? std::clamp(centre, -room, room) : -room + static_cast<float>(i) * kStep;
      const Vec3 at = frame.at(m.state.room, along, kHungGap + m.depth() / 2);
      for (const float up : {0.0F, 0.15F})
        m.add(at[0], middle - m.height() / 2 + up, at[2], frame.turn, 1 + liking(wall) - 0.4F * std::abs(along - centre) - up, "wall");
    }
  }
}

/// Curtains hang above windows.
void at_windows(Maker& m) {
  for (const SceneOpening& opening : m.state.room.openings) {
    if (opening.door) continue;
    const WallFrame frame = wall_frame(m.state.room, opening.wall);
    const Vec3 at = frame.at(m.state.room, opening.at, kHungGap + m.depth() / 2);
    const float low = std::clamp(opening.sill + opening.height + 0.15F - m.height(), 0.02F, std::max(0.02F, m.state.room.height - m.height()));
    m.add(at[0], low, at[2], frame.turn, 1, "wall");
  }
}

void below_ceiling(Maker& m, const PlacedThing* under) {
  const float y = m.state.room.height - m.height(), x = under ? under->pose.at[0] : 0, z = under ? under->pose.at[2] : 0;
  m.add(x, y, z, 0, 2, "ceiling");
  for (int i = -6; i <= 6; ++i)
    for (int k = -6; k <= 6; ++k) {
      const float dx = static_cast<float>(i) * m.state.room.width / 13, dz = static_cast<float>(k) * m.state.room.depth / 13;
      m.add(under ? x + 0.02F * static_cast<float>(i) : dx, y, under ? z + 0.02F * static_cast<float>(k) : dz, 0, 1 - 0.1F * (std::abs(dx) + std::abs(dz)),
            "ceiling");
    }
}

void underneath(Maker& m, const PlacedThing& other) {
  const Footprint foot = other.foot();
  const auto nx = static_cast<int>(foot.half_width / kStep), nz = static_cast<int>(foot.half_depth / kStep);
  for (int i = -nx; i <= nx; ++i)
    for (int k = -nz; k <= nz; ++k)
      for (const float by : {0.0F, 90.0F}) {
        const Vec2 p = other.turn(static_cast<float>(i) * kStep, static_cast<float>(k) * kStep);
        m.add(foot.x + p[0], other.low(), foot.z + p[1], other.pose.turn + by, 1 - 0.1F * (std::abs(p[0]) + std::abs(p[1])), other.on);
      }
}

int around_count(const SceneState& state, const std::string& id) {
  int count = 0;
  for (const auto& [name, task] : state.tasks)
    for (const SceneRelation* r : task->relations) count += r->is == "around" && !r->to.empty() && r->to[0] == id ? 1 : 0;
  return count;
}

bool is_seat(const std::string& kind) { return kind == "chair" || kind == "office_chair" || kind == "stool" || kind == "armchair" || kind == "person"; }

/// The candidates of one relation to another thing.
void by_relation(Maker& m, const SceneRelation& r, const PlacedThing& other) {
  const auto& state = m.state;
  if (r.is == "next_to") beside(m, other, kLeft | kRight, {kBesideGap, 0.1F, 0.2F, 0.35F}, 1.5F, {0, 90, 270, 180});
  if (r.is == "next_to") beside(m, other, kFront | kBack, {kBesideGap, 0.15F, 0.3F}, 0.5F, {0, 180, 90, 270});
  const float wide = room_between(state, m.task.object->id, other.id);  // for what stands between them
  if (r.is == "left_of" || r.is == "right_of")
    beside(m, other, r.is == "left_of" ? kLeft : kRight, {kBesideGap, 0.12F, 0.3F, 0.6F, wide, 0.75F * wide}, 1, {0, 90, 270, 180});
  if (wide > 0 && (r.is == "in_front_of" || r.is == "behind")) beside(m, other, r.is == "behind" ? kBack : kFront, {wide, 0.75F * wide}, 1.2F, {0, 180});
  if (r.is == "in_front_of") {
    // A chair before a desk looks at it, a coffee table before a sofa leaves room for knees.
    if (is_seat(m.task.object->kind))
      beside(m, other, kFront, {kBesideGap, 0.1F, 0.2F, 0.4F}, 1, {180});
    else if (m.task.object->kind == "coffee_table" || m.task.place.stands == Stands::middle)
      beside(m, other, kFront, {0.35F, 0.3F, 0.42F, 0.5F}, 1, {0, 90});
    else
      beside(m, other, kFront, {kBesideGap, 0.1F, 0.25F, 0.5F, 0.9F}, 1, {0, 180, 90, 270});
  }
  if (r.is == "behind") beside(m, other, kBack, {kBesideGap, 0.1F, 0.3F, 0.6F, 0.9F}, 1, {0, 180, 90, 270});
  if (r.is == "near") beside(m, other, kLeft | kRight | kFront | kBack, {0.55F, 0.8F, 0.3F, 1.1F, 1.3F}, 1, {0, 90, 270, 180});
  if (r.is == "across" || r.is == "facing") beside(m, other, kFront, {1.55F, 1.7F, 1.9F, 2.2F, 2.6F, 3.0F, 3.4F, 3.9F}, 1, {180});
  if (r.is == "facing") beside(m, other, kFront, {0.5F, 0.9F, 1.2F}, 0.5F, {180});
  if (r.is == "around") around(m, other, around_count(state, other.id));
  if (r.is == "under") underneath(m, other);
}

/// The candidates of a relation to the room.
void by_room(Maker& m, const SceneRelation& r) {
  if (r.is == "against_wall") along_walls(m, 1);
  if (r.is == "corner") in_corners(m, 2);
  if (r.is == "middle") on_grid(m, 0, 0, 0.14F * std::max(m.state.room.width, m.state.room.depth), 1.5F, 0.5F);
  if (r.is == "by_window" || r.is == "under_window")
    for (const SceneOpening& opening : m.state.room.openings)
      if (!opening.door) {
        // What stands behind it has to fit there too.
        const float back = m.task.reserve[3];
        if (r.is == "by_window" && back > 0)
          along_wall(m, opening.wall, 1, {back + 0.05F, back + 0.2F});
        else
          along_wall(m, opening.wall, 1, {kWallGap, 0.27F});
      }
  if (r.is == "by_door")
    for (const SceneOpening& opening : m.state.room.openings)
      if (opening.door) {
        along_walls(m, 0.5F);
        const Vec3 at = wall_frame(m.state.room, opening.wall).at(m.state.room, opening.at, 1);
        on_grid(m, at[0], at[2], 2, 0, 0.2F);
      }
  if (r.is == "facing") along_walls(m, 1);
}

/// What is usual where no relation says anything of the place.
void by_usage(Maker& m) {
  switch (m.task.place.stands) {
    case Stands::wall:
      along_walls(m, 1.5F);
      break;
    case Stands::corner:
      in_corners(m, 1.5F);
      break;
    case Stands::middle:
      on_grid(m, 0, 0, std::max(m.state.room.width, m.state.room.depth) / 2, 1, 0.4F);
      return;
    case Stands::hung:
      at_windows(m);
      break;
    default:
      break;
  }
  if (m.state.room.outdoor)
    on_grid(m, 0, 0, std::max(m.state.room.width, m.state.room.depth) / 2, 1, 0.02F);
  else
    on_grid(m, 0, 0, std::max(m.state.room.width, m.state.room.depth) / 2, 0.5F, 0.05F);
}

const PlacedThing* first_other(const SceneState& state, const SceneRelation& r) {
  for (const std::string& to : r.to)
    if (const PlacedThing* other = state.find(to)) return other;
  return nullptr;
}

}  // namespace

const SceneRelation* SceneTask::relation(std::string_view is) const {
  if (relaxed) return nullptr;
  const auto found = std::find_if(relations.begin(), relations.end(), [&](const SceneRelation* r) { return r->is == is; });
  return found == relations.end() ? nullptr : *found;
}

const PlacedThing* SceneState::find(const std::string& id) const {
  const auto found = std::find_if(placed.begin(), placed.end(), [&](const PlacedThing& t) { return t.id == id; });
  return found == placed.end() ? nullptr : &*found;
}

std::vector<SceneSpot> scene_candidates(const SceneState& state, const SceneTask& task) {
  Maker m{state, task};
  if (task.object->kind == "curtain" && !state.room.outdoor) {
    at_windows(m);
    if (!m.spots.empty()) return m.spots;
  }
  const SceneRelation* above = task.relation("above");
  const PlacedThing* below = above ? first_other(state, *above) : nullptr;
  const bool on_wall = task.relation("on_wall") || task.place.stands == Stands::hung;
  if (task.relation("ceiling") || task.place.stands == Stands::ceiling) {
    below_ceiling(m, below);
    return m.spots;
  }
  if ((on_wall || above) && !state.room.outdoor) {
    hung(m, below);
    return m.spots;
  }
  bool placed = false;
  if (!task.relaxed)
    for (const SceneRelation* r : task.relations) {
      const size_t before = m.spots.size();
      if (r->is == "between" && r->to.size() == 2) {
        const PlacedThing *a = state.find(r->to[0]), *b = state.find(r->to[1]);
        if (a && b) between(m, *a, *b);
      } else if (const PlacedThing* other = first_other(state, *r)) {
        by_relation(m, *r, *other);
      } else {
        by_room(m, *r);
      }
      placed = placed || m.spots.size() > before;
    }
  for (const SceneRelation* r : task.pairs)
    for (const std::string& to : r->to)
      if (const PlacedThing* other = state.find(to); other && !placed) {
        const auto middle = state.tasks.find(r->of);
        const Vec3 size = middle == state.tasks.end() ? Vec3{0.5F, 0.5F, 0.5F} : middle->second->model->size;
        const float low = std::min(size[0], size[2]) + 0.1F, high = std::max(size[0], size[2]) + 0.1F;
        beside(m, *other, kLeft | kRight, {low, high, high + 0.3F, high + 0.6F}, 2, {0, 180});
        beside(m, *other, kFront, {low, high, high + 0.3F, high + 0.6F}, 1.5F, {180, 0});
        placed = true;
      }
  if (!placed) by_usage(m);
  return m.spots;
}

}  // namespace ptah
