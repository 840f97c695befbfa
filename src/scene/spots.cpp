// Places on other things, and the choice among all places of a thing.
#include <algorithm>
#include <cmath>

#include "base/philox.h"
#include "scene/layout_state.h"

namespace ptah {

namespace {

/// Tops within this many metres are one plane.
constexpr float kPlane = 0.0008F;

/// The heights at which a thing stands flat at a place of a support, e.g. on each shelf. The place is in the support's frame.
std::vector<float> flat_heights(const SceneModel& thing, const SceneModel& support, float x, float z, const Turn& turn) {
  std::vector<float> out;
  const SceneModel::Tops& tops = support.tops();
  const Vec2 middle = turn(thing.foot_middle[0], thing.foot_middle[1]);
  const float step = std::max(tops.cell, std::max(thing.foot_width, thing.foot_depth) / 24);
  const auto nx = std::max(1, static_cast<int>(std::ceil(thing.foot_width / 2 / step))),
             nz = std::max(1, static_cast<int>(std::ceil(thing.foot_depth / 2 / step)));
  const std::vector<ModelTop>* own = tops.find(x + middle[0], z + middle[1], support.size);
  if (!own) return out;
  for (const ModelTop& level : *own) {
    if (level.room < thing.size[1] + 0.006F) continue;
    float highest = level.y;
    bool flat = true;
    for (int i = -nx; i <= nx && flat; ++i)
      for (int k = -nz; k <= nz && flat; ++k) {
        const Vec2 p = turn(thing.foot_middle[0] + thing.foot_width / 2 * static_cast<float>(i) / static_cast<float>(nx),
                            thing.foot_middle[1] + thing.foot_depth / 2 * static_cast<float>(k) / static_cast<float>(nz));
        const auto* there = tops.find(x + p[0], z + p[1], support.size);
        flat = there && std::any_of(there->begin(), there->end(), [&](const ModelTop& t) {
                 if (std::abs(t.y - level.y) > kPlane || t.room < thing.size[1] + 0.006F) return false;
                 highest = std::max(highest, t.y);
                 return true;
               });
      }
    if (flat) out.push_back(highest);
  }
  return out;
}

PlacedThing thing_at(const SceneTask& task, const SceneSpot& spot) {
  PlacedThing out{.id = task.object->id, .on = spot.on, .model = task.model};
  out.move_to(spot.pose);
  return out;
}

/// Lowered until it lies on what is below, or on what lies there already; false where it would stick in it.
bool lowered(PlacedThing& thing, const PlacedThing& support, const std::vector<const PlacedThing*>& others = {}) {
  for (int i = 0; i < 3; ++i) {
    float fall = fall_of(thing, support);
    for (const PlacedThing* other : others) fall = std::min(fall, fall_of(thing, *other));
    if (fall > 1e8F) return false;
    if (std::abs(fall) < 1e-6F) break;
    thing.pose.at[1] -= fall;
  }
  return !surfaces_touch(support, thing, {0, 0.004F, 0});
}

/// What carries something on a floor with rugs: lies entirely beside them, or with its middle on one.
bool settle_on_floor(const SceneState& state, const SceneTask& task, PlacedThing& thing) {
  if (thing.on != "floor" || thing.pose.at[1] > 0) return true;
  for (const PlacedThing& other : state.placed) {
    if (other.low() > 0.01F || other.model->size[1] >= 0.06F || !footprints_overlap(other.foot(), thing.foot())) continue;
    if (task.model->size[1] < 0.06F && task.model->size[0] > 0.5F) return false;  // no rug on a rug
    const Vec2 middle = other.foot().local(thing.pose.at[0], thing.pose.at[2]);
    if (std::abs(middle[0]) > other.foot().half_width - 0.03F || std::abs(middle[1]) > other.foot().half_depth - 0.03F) return false;
    thing.pose.at[1] = other.high() + 0.05F;
    if (!lowered(thing, other)) return false;
    thing.on = other.id;
    return true;
  }
  return true;
}

/// A small number that is always the same for a thing and a place.
float chance(const SceneState& state, const SceneTask& task, size_t index) {
  uint64_t key = 1469598103934665603ULL;
  for (const char c : task.object->id) key = (key ^ static_cast<uint8_t>(c)) * 1099511628211ULL;
  return Random(state.seed, key, index).uniform();
}

/// How well a free place fits with what stands: neither squeezed nor in nobody's reach.
float fitting(const SceneState& state, const SceneTask& task, const PlacedThing& thing) {
  float out = 0;
  if (thing.on == "wall" || thing.on == "ceiling") return out;
  for (const PlacedThing& other : state.placed) {
    if (other.model->size[1] < 0.06F || other.on != thing.on) continue;
    const float gap = footprint_gap(thing.foot(), other.foot());
    const float wanted = thing.on == "floor" ? 0.6F : 0.06F;
    if (gap > 0.03F && gap < wanted && !related(state, thing.id, other.id)) out -= (wanted - gap) / wanted;
    if (gap <= 0.03F && !related(state, thing.id, other.id)) out -= 0.5F;
  }
  if (thing.on == "floor" && !state.room.outdoor)
    for (const Wall wall : kWalls) {
      const float gap = wall_gap(state.room, wall, thing.foot());
      if (gap > 0.05F && gap < 0.5F) out -= 0.6F * (0.5F - gap);
    }
  // Of what has its back to the wall where it stands beside something.
  if (task.place.stands == Stands::wall && thing.on == "floor") {
    float nearest = 1e9F;
    for (const Wall wall : kWalls)
      if (wall_frame(state.room, wall).turn == thing.pose.turn) nearest = wall_gap(state.room, wall, thing.foot());
    if (nearest < 0.05F) out += 0.6F;
    if (nearest > 0.05F && !state.room.outdoor) out -= 0.2F;
  }
  return out;
}

}  // namespace

std::vector<SceneSpot> surface_candidates(const SceneState& state, const SceneTask& task, const PlacedThing& support, bool within) {
  std::vector<SceneSpot> out;
  const SceneModel &model = *support.model, &thing = *task.model;
  const SceneModel::Tops& tops = model.tops();
  const auto stride = std::max<int64_t>(1, std::max(tops.columns, tops.rows) / 40);
  const auto put = [&](float x, float y, float z, float by, float score) {
    const Vec2 p = support.turn(x, z);
    out.push_back(
        {{{support.pose.at[0] + p[0], support.pose.at[1] + y, support.pose.at[2] + p[1]}, std::fmod(support.pose.turn + by + 360, 360.0F)}, support.id, score});
  };
  // Where several things share a place, lamps and vases make room at a side.
  int sharing = 0;
  for (const auto& [id, other] : state.tasks)
    if (const SceneRelation* on = other->relation("on"); on && std::find(on->to.begin(), on->to.end(), support.id) != on->to.end()) ++sharing;
  const bool back = task.object->kind == "table_lamp" || task.object->kind == "vase" || task.object->kind == "television";
  for (const float by : {0.0F, 90.0F, 180.0F, 270.0F}) {
    const Turn turn = Turn::of(by);
    for (int64_t row = 0; row < tops.rows; row += stride)
      for (int64_t column = 0; column < tops.columns; column += stride) {
        const float x = (static_cast<float>(column) + 0.5F) * tops.cell - model.size[0] / 2,
                    z = (static_cast<float>(row) + 0.5F) * tops.cell - model.size[2] / 2;
        if (within) continue;
        // Inside of the support's box as far as possible, in the middle, lamps at the back; of shelves those that are easily reached.
        const bool swapped = by == 90 || by == 270;
        const bool wide_above = back && sharing > 1;
        const float wide = wide_above ? thing.foot_width : thing.size[0], deep = wide_above ? thing.foot_depth : thing.size[2];
        const float hx = (swapped ? deep : wide) / 2, hz = (swapped ? wide : deep) / 2;
        const float aside = wide_above ? std::max(0.0F, model.size[0] / 2 - hx - 0.03F) : 0;
        const float over = std::max(0.0F, std::abs(x) + hx - model.size[0] / 2) + std::max(0.0F, std::abs(z) + hz - model.size[2] / 2);
        const float place = 1 - 6 * over - 0.3F * std::abs(std::abs(x) - aside) - 0.3F * std::abs(back ? z + model.size[2] / 4 : z) -
                            (by == 0     ? 0
                             : by == 180 ? 0.2F
                                         : 0.12F);
        for (const float y : flat_heights(thing, model, x, z, turn))
          put(x, y, z, by, place - std::max(0.0F, std::abs(support.pose.at[1] + y - 0.9F) - 0.6F) * 0.3F - (y < model.size[1] * 0.3F ? 0.3F : 0));
      }
  }
  if (!out.empty() && !within) return out;
  // Nowhere flat: it lies as it falls; in a bowl also on what is in it.
  std::vector<const PlacedThing*> others;
  if (within)
    for (const PlacedThing& other : state.placed)
      if (other.on == support.id) others.push_back(&other);
  for (const float by : {0.0F, 90.0F})
    for (int i = 0; i < 25 && (by == 0 || within); ++i) {
      const float reach = within ? 0.4F : 0.6F, x = (static_cast<float>((i + 2) % 5) - 2) / 4 * model.size[0] * reach,
                  z = (static_cast<float>((i / 5 + 2) % 5) - 2) / 4 * model.size[2] * reach;
      SceneSpot spot{{{0, 0, 0}, 0}, support.id, 0};
      const Vec2 p = support.turn(x, z);
      spot.pose = {{support.pose.at[0] + p[0], support.high() + 0.3F, support.pose.at[2] + p[1]}, std::fmod(support.pose.turn + by, 360.0F)};
      PlacedThing falling = thing_at(task, spot);
      if (!lowered(falling, support, others)) continue;
      spot.pose = falling.pose;
      spot.score = 0.5F - 0.5F * (std::abs(x) + std::abs(z)) - (falling.low() - support.low());
      out.push_back(spot);
    }
  return out;
}

std::vector<SceneSpot> scene_spots(const SceneState& state, const SceneTask& task, size_t count) {
  std::vector<SceneSpot> all;
  const SceneRelation *on = task.relation("on"), *in = task.relation("in");
  if (on || in) {
    for (const std::string& to : (on ? on : in)->to)
      if (const PlacedThing* support = state.find(to)) all = surface_candidates(state, task, *support, !on);
  } else {
    const SceneRelation* side = nullptr;  // left of a vase is on the table that carries it
    if (!task.relaxed && task.place.stands == Stands::surface)
      for (const SceneRelation* r : task.relations)
        for (const std::string& to : r->to)
          if (const PlacedThing* other = state.find(to); other && !side)
            if (const PlacedThing* support = state.find(other->on)) all = surface_candidates(state, task, *support, false), side = r;
    if (all.empty()) all = scene_candidates(state, task);
  }
  struct Ranked {
    float score;
    size_t index;
  };
  std::vector<Ranked> order;
  std::vector<PlacedThing> things(all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    things[i] = thing_at(task, all[i]);
    if (!holds(state, task, things[i])) continue;
    order.push_back({all[i].score + fitting(state, task, things[i]) + (state.seed ? 0.35F : 0.02F) * chance(state, task, i), i});
  }
  std::sort(order.begin(), order.end(), [](const Ranked& a, const Ranked& b) { return a.score != b.score ? a.score > b.score : a.index < b.index; });
  std::vector<SceneSpot> out;
  for (const Ranked& ranked : order) {
    PlacedThing& thing = things[ranked.index];
    if (!settle_on_floor(state, task, thing)) continue;
    // Alternatives are other places, not the same ones a little aside.
    const PlacedThing* carrier = state.find(thing.on);
    const float apart = carrier ? std::clamp(0.2F * std::max(carrier->model->size[0], carrier->model->size[2]), 0.05F, 0.25F) : 0.25F;
    const bool alike =
        std::any_of(out.begin(), out.end(), [&](const SceneSpot& s) { return length(s.pose.at - thing.pose.at) < apart && s.pose.turn == thing.pose.turn; });
    if (alike || !is_free(state, task, thing)) continue;
    if (const PlacedThing* support = state.find(thing.on); support && thing.on != "floor" && surfaces_touch(*support, thing, {0, 0.004F, 0})) continue;
    out.push_back({thing.pose, thing.on, ranked.score});
    if (out.size() == count) break;
  }
  return out;
}

}  // namespace ptah
