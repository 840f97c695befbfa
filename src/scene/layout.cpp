#include "scene/layout.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "scene/layout_state.h"

namespace ptah {

namespace {

/// Alternatives of a thing, rooms that are tried, and how much each is larger.
constexpr size_t kAlternatives = 5;
constexpr int kGrowths = 14;
constexpr float kGrowth = 1.1F;
constexpr float kRobot = 0.2F;

Result<std::vector<SceneTask>> tasks_of(const SceneProgram& program, SceneModels& models, const ScenePlaces& places, const CancelToken* cancel) {
  std::vector<SceneTask> out(program.objects.size());
  for (size_t i = 0; i < out.size(); ++i) {
    const SceneObject& object = program.objects[i];
    out[i].object = &object;
    PTAH_TRY(out[i].model, models.make(object.kind, object.parameters, object.lying, cancel));
    out[i].place = places.of(object.kind, out[i].model->size);
    if (program.room.outdoor && out[i].place.stands != Stands::surface) out[i].place.stands = Stands::floor;
    for (const SceneRelation& r : program.relations) {
      if (r.of == object.id) out[i].relations.push_back(&r);
      if (r.is == "between" && std::find(r.to.begin(), r.to.end(), object.id) != r.to.end()) out[i].pairs.push_back(&r);
    }
  }
  return out;
}

/// What others that name a thing need beside it.
void reserve(std::vector<SceneTask>& tasks) {
  std::map<std::string, SceneTask*> by_id;
  for (SceneTask& task : tasks) by_id[task.object->id] = &task;
  for (const SceneTask& task : tasks)
    for (const SceneRelation* r : task.relations) {
      if (r->to.size() != 1 || !by_id.contains(r->to[0])) continue;
      SceneTask& other = *by_id[r->to[0]];
      const Vec3& size = task.model->size;
      const float thick = std::min(size[0], size[2]);
      auto& [left, right, front, back] = other.reserve;
      if (r->is == "left_of") left = std::max(left, thick + 0.06F);
      if (r->is == "right_of") right = std::max(right, thick + 0.06F);
      if (r->is == "behind") back = std::max(back, thick + 0.06F);
      if (r->is == "in_front_of") front = std::max(front, thick + (task.object->kind == "coffee_table" ? 0.4F : 0.06F));
      const bool at_wall = other.relation("under_window") || other.relation("against_wall") || other.relation("by_window") || other.relation("corner");
      if (r->is == "around" && !at_wall)
        for (float& side : other.reserve) side = std::max(side, size[2] + 0.06F);
    }
  // Two beside a thing stand on both sides of it.
  std::map<std::string, int> beside;
  for (const SceneTask& task : tasks)
    for (const SceneRelation* r : task.relations)
      if (r->is == "next_to" && r->to.size() == 1 && by_id.contains(r->to[0])) {
        SceneTask& other = *by_id[r->to[0]];
        other.reserve[beside[r->to[0]]++ % 2] = std::max(other.reserve[0], std::min(task.model->size[0], task.model->size[2]) + 0.06F);
      }
}

/// Things in the order in which they are placed: what others are relative to before them, what belongs together in a row, large things first.
std::vector<size_t> order_of(const std::vector<SceneTask>& tasks) {
  std::map<std::string, size_t> index;
  for (size_t i = 0; i < tasks.size(); ++i) index[tasks[i].object->id] = i;
  const auto weight = [&](size_t i) {
    const SceneTask& t = tasks[i];
    float out = t.model->size[0] * t.model->size[2];
    if (t.object->kind == "rug" || t.object->kind == "curtain") out += 100;
    if (t.relation("middle")) out += 50;
    if (t.relation("corner")) out += 40;
    if (t.relation("under_window") || t.relation("by_window") || t.relation("by_door")) out += 30;
    if (t.relation("on_wall")) out += 20;
    if (t.relation("around")) out += 10;
    if (t.place.stands == Stands::surface) out -= 50;
    if (t.place.stands == Stands::hung || t.place.stands == Stands::ceiling) out -= 40;
    return out;
  };
  std::vector<size_t> ready(tasks.size()), out;
  for (size_t i = 0; i < ready.size(); ++i) ready[i] = i;
  std::stable_sort(ready.begin(), ready.end(), [&](size_t a, size_t b) { return weight(a) > weight(b); });
  std::vector<char> done(tasks.size());
  const auto waits = [&](size_t i) {
    for (const SceneRelation* r : tasks[i].relations)
      for (const std::string& to : r->to)
        if (const auto found = index.find(to); found != index.end() && !done[found->second] && found->second != i) return true;
    return false;
  };
  const std::function<void(size_t)> take = [&](size_t i) {
    done[i] = 1;
    out.push_back(i);
    // Then what is relative to it, if nothing else is missing.
    for (const size_t next : ready)
      if (!done[next] && !tasks[next].relations.empty() && !waits(next))
        for (const SceneRelation* r : tasks[next].relations)
          if (!done[next] && std::find(r->to.begin(), r->to.end(), tasks[i].object->id) != r->to.end()) take(next);
  };
  while (out.size() < tasks.size()) {
    const auto next = std::find_if(ready.begin(), ready.end(), [&](size_t i) { return !done[i] && !waits(i); });
    // Things that are relative to each other: the largest first.
    take(next != ready.end() ? *next : *std::find_if(ready.begin(), ready.end(), [&](size_t i) { return !done[i]; }));
  }
  return out;
}

struct Search {
  const std::vector<SceneTask>& tasks;
  const std::vector<size_t>& order;
  SceneState state;
  const CancelToken* cancel;
  int tries = 0, refused = 0;
  size_t deepest = 0;
  std::vector<std::string> conflict = {};  ///< what could make room for the thing that found none; empty: anything

  /// Where no place was found on a thing, only it and what else is on it are worth another place.
  void blame(const SceneTask& task) {
    conflict.clear();
    if (task.relation("under")) conflict.push_back("nothing");
    const SceneRelation* on = task.relation("on") ? task.relation("on") : task.relation("in");
    if (!on) return;
    for (const PlacedThing& thing : state.placed)
      if (std::find(on->to.begin(), on->to.end(), thing.on) != on->to.end()) conflict.push_back(thing.id);
    if (conflict.empty()) conflict.push_back("nothing");
  }

  bool place(size_t at) {
    stop_if_cancelled(cancel);
    if (at == order.size()) {
      if (state.room.outdoor || navigable_share(state.room.width, state.room.depth, state.placed) >= 0.955) return true;
      ++refused;
      conflict.clear();
      return false;
    }
    deepest = std::max(deepest, at);
    const SceneTask& task = tasks[order[at]];
    if (state.find(task.object->id)) return place(at + 1);  // it stays where it is
    if (++tries > kMaxSceneTries) return false;
    const std::vector<SceneSpot> spots = scene_spots(state, task, kAlternatives);
    if (spots.empty()) return blame(task), false;
    for (const SceneSpot& spot : spots) {
      PlacedThing thing{.id = task.object->id, .on = spot.on, .model = task.model};
      thing.move_to(spot.pose);
      state.placed.push_back(std::move(thing));
      if (place(at + 1)) return true;
      state.placed.pop_back();
      if (tries > kMaxSceneTries || refused > 6) return false;
      if (!conflict.empty() && std::find(conflict.begin(), conflict.end(), task.object->id) == conflict.end()) return false;
    }
    return false;
  }
};

/// The size to begin with.
void begin_room(SceneRoom& room, const std::vector<SceneTask>& tasks, const RoomKind& kind) {
  float area = 0, longest = 0;
  const auto high = [&](const SceneTask& task) {  // with what carries it
    float out = task.model->size[1];
    if (const SceneRelation* on = task.relation("on"); on && on->to.size() == 1)
      for (const SceneTask& other : tasks)
        if (other.object->id == on->to[0]) out += other.model->size[1];
    return out;
  };
  for (const SceneTask& task : tasks) {
    const Vec3& size = task.model->size;
    if (!room.outdoor && high(task) + 0.1F > room.height) room.height = std::ceil((high(task) + 0.1F) * 10) / 10;
    if (task.place.stands == Stands::floor || task.place.stands == Stands::wall || task.place.stands == Stands::middle || task.place.stands == Stands::corner)
      area += (size[0] + 0.3F) * (size[2] + 0.3F);
    longest = std::max({longest, size[0], size[2]});
  }
  if (room.outdoor) {
    room.width = std::max({6.0F, longest * 1.6F, std::sqrt(area * 4)});
    room.depth = std::max({5.0F, longest * 1.3F, std::sqrt(area * 3)});
    return;
  }
  // A room for so many things is about three times as large as they are.
  const float factor = std::sqrt(std::max(1.0F, area * 2.4F / (kind.width * kind.depth)));
  room.width = std::max(kind.width * factor, longest + 0.8F);
  room.depth = std::max(kind.depth * factor, longest + 0.4F);
}

SceneState start_of(const SceneProgram& program, const SceneRoom& room, const std::vector<SceneTask>& tasks) {
  SceneState state{.room = room, .seed = program.seed};
  for (const SceneTask& task : tasks) {
    state.tasks[task.object->id] = &task;
    if (!task.object->pose) continue;
    PlacedThing thing{.id = task.object->id, .on = task.object->on, .model = task.model};
    thing.move_to(*task.object->pose);
    state.placed.push_back(std::move(thing));
  }
  return state;
}

void grow(SceneRoom& room, float by) {
  for (float* size : {&room.width, &room.depth}) *size = std::round(*size * by * 20) / 20;
  // What was beside the end of a wall stays there.
  for (SceneOpening& opening : room.openings)
    if (opening.door) opening.at *= by;
}

std::string words_of(const SceneTask& task) {
  std::vector<std::string> out;
  for (const SceneRelation* r : task.relations) {
    std::string is = r->is;
    std::replace(is.begin(), is.end(), '_', ' ');
    out.push_back(r->to.empty() ? is : fmt::format("{} {}", is, fmt::join(r->to, " and ")));
  }
  return fmt::format("{}", fmt::join(out, ", "));
}

}  // namespace

double navigable_share(float width, float depth, const std::vector<PlacedThing>& things) {
  constexpr int64_t kGrid = 256;
  std::vector<uint8_t> cells(kGrid * kGrid);
  const float dx = width / kGrid, dz = depth / kGrid;
  for (const PlacedThing& thing : things) {
    if (thing.low() > 1.8F || thing.on == "ceiling" || thing.on == "wall" || thing.model->size[1] < 0.06F) continue;
    if (thing.low() > 0.3F) continue;  // on something that is in the way itself
    const Footprint foot = thing.foot().grown(kRobot / 2);
    for (int64_t z = 0; z < kGrid; ++z)
      for (int64_t x = 0; x < kGrid; ++x) {
        const Vec2 p = foot.local((static_cast<float>(x) + 0.5F) * dx - width / 2, (static_cast<float>(z) + 0.5F) * dz - depth / 2);
        if (std::abs(p[0]) < foot.half_width && std::abs(p[1]) < foot.half_depth) cells[static_cast<size_t>(z * kGrid + x)] = 1;
      }
  }
  for (int64_t z = 0; z < kGrid; ++z)
    for (int64_t x = 0; x < kGrid; ++x) {
      const float px = (static_cast<float>(x) + 0.5F) * dx, pz = (static_cast<float>(z) + 0.5F) * dz;
      if (std::min({px, width - px, pz, depth - pz}) < kRobot / 2) cells[static_cast<size_t>(z * kGrid + x)] = 1;
    }
  int64_t free = 0, largest = 0;
  std::vector<int64_t> open;
  for (int64_t start = 0; start < kGrid * kGrid; ++start) {
    if (cells[static_cast<size_t>(start)]) continue;
    int64_t reached = 0;
    open.push_back(start);
    cells[static_cast<size_t>(start)] = 2;
    while (!open.empty()) {
      const int64_t cell = open.back();
      open.pop_back();
      ++reached;
      const auto visit = [&](int64_t next, bool there) {
        if (!there || cells[static_cast<size_t>(next)]) return;
        cells[static_cast<size_t>(next)] = 2;
        open.push_back(next);
      };
      visit(cell - 1, cell % kGrid > 0);
      visit(cell + 1, cell % kGrid < kGrid - 1);
      visit(cell - kGrid, cell >= kGrid);
      visit(cell + kGrid, cell < kGrid * (kGrid - 1));
    }
    free += reached;
    largest = std::max(largest, reached);
  }
  return free == 0 ? 1 : static_cast<double>(largest) / static_cast<double>(free);
}

Result<SceneLayout> lay_out(const SceneProgram& program, SceneModels& models, const ScenePlaces& places, const CancelToken* cancel) {
  return guard([&]() -> Result<SceneLayout> {
    SceneLayout out;
    PTAH_TRY(std::vector<SceneTask> tasks, tasks_of(program, models, places, cancel));
    reserve(tasks);
    const bool sized = program.room.width > 0;
    for (bool done = false; !done;) {
      SceneRoom room = program.room;
      if (!sized) begin_room(room, tasks, places.room(room.kind));
      add_usual_openings(room, places);
      const std::vector<size_t> order = order_of(tasks);
      std::map<size_t, int> blame;
      for (int size = 0; size < (sized ? 2 : kGrowths); ++size) {
        if (size > 0 && !sized) grow(room, kGrowth);
        Search search{tasks, order, start_of(program, room, tasks), cancel};
        done = search.place(0);
        out.tries += search.tries;
        out.room = room;
        if (done) out.things = std::move(search.state.placed);
        if (done) break;
        ++blame[order[std::min(search.deepest, order.size() - 1)]];
        if (!search.conflict.empty() && blame[order[std::min(search.deepest, order.size() - 1)]] > 1) break;  // a larger room does not make a table larger
      }
      if (done || tasks.empty()) break;
      // What failed most is placed without its relations; if that fails too, it is left out.
      const size_t worst = std::max_element(blame.begin(), blame.end(), [](const auto& a, const auto& b) { return a.second < b.second; })->first;
      if (!tasks[worst].relaxed && !tasks[worst].relations.empty()) {
        tasks[worst].relaxed = true;
        out.notes.push_back(fmt::format("{} could not stand as asked ({})", tasks[worst].object->id, words_of(tasks[worst])));
      } else {
        out.notes.push_back(fmt::format("there was no room for {}", tasks[worst].object->id));
        tasks.erase(tasks.begin() + static_cast<std::ptrdiff_t>(worst));
        reserve(tasks);
      }
    }
    // As the program has them, and as numbers that a file keeps.
    const auto kept = [](float value) { return static_cast<float>(std::round(static_cast<double>(value) * 1e4) / 1e4); };
    out.room.width = kept(out.room.width), out.room.depth = kept(out.room.depth);
    for (SceneOpening& opening : out.room.openings) opening.at = kept(opening.at), opening.width = kept(opening.width);
    for (PlacedThing& thing : out.things) thing.move_to({{kept(thing.pose.at[0]), kept(thing.pose.at[1]), kept(thing.pose.at[2])}, kept(thing.pose.turn)});
    std::vector<PlacedThing> things;
    for (const SceneObject& object : program.objects)
      for (PlacedThing& thing : out.things)
        if (thing.id == object.id) things.push_back(std::move(thing));
    out.things = std::move(things);
    return out;
  });
}

}  // namespace ptah
