// Walls, doors and windows.
#include <algorithm>
#include <cmath>

#include "scene/layout_state.h"

namespace ptah {

Vec3 WallFrame::at(const SceneRoom& room, float along, float into) const {
  switch (wall) {
    case Wall::back:
      return {along, 0, into - room.depth / 2};
    case Wall::front:
      return {along, 0, room.depth / 2 - into};
    case Wall::left:
      return {into - room.width / 2, 0, along};
    case Wall::right:
      break;
  }
  return {room.width / 2 - into, 0, along};
}

WallFrame wall_frame(const SceneRoom& room, Wall wall) {
  const bool side = wall == Wall::left || wall == Wall::right;
  constexpr std::array<float, 4> kTurns{0, 270, 180, 90};  // of back, right, front and left
  return {wall, (side ? room.depth : room.width) / 2, kTurns[static_cast<size_t>(wall)]};
}

Vec2 wall_place(const SceneRoom& room, Wall wall, const Vec3& at) {
  switch (wall) {
    case Wall::back:
      return {at[0], at[2] + room.depth / 2};
    case Wall::front:
      return {at[0], room.depth / 2 - at[2]};
    case Wall::left:
      return {at[2], at[0] + room.width / 2};
    case Wall::right:
      break;
  }
  return {at[2], room.width / 2 - at[0]};
}

float wall_gap(const SceneRoom& room, Wall wall, const Footprint& foot) {
  float gap = 1e9F;
  for (const Vec2& corner : foot.corners()) gap = std::min(gap, wall_place(room, wall, {corner[0], 0, corner[1]})[1]);
  return gap;
}

void add_usual_openings(SceneRoom& room, const ScenePlaces& places) {
  // Windows first where light is best, the door beside the front, which pictures look through.
  constexpr std::array<Wall, 4> kWindowWalls{Wall::left, Wall::back, Wall::right, Wall::front}, kDoorWalls{Wall::right, Wall::front, Wall::left, Wall::back};
  size_t windows = 0, doors = 0;
  for (SceneOpening& opening : room.openings) {
    if (opening.width > 0) continue;  // where it is was said
    const bool door = opening.door;
    const size_t n = door ? doors++ : windows++;
    const Wall wall = (door ? kDoorWalls : kWindowWalls)[n % 4];
    opening = places.usual_opening(door);
    opening.wall = wall;
    const float half = wall_frame(room, wall).half_length;
    opening.width = std::min(opening.width, half);
    opening.at = door ? std::max(0.0F, half - opening.width / 2 - 0.62F) : 0;
    if (n >= 4) opening.at = -half + opening.width / 2 + 0.2F;
  }
}

}  // namespace ptah
