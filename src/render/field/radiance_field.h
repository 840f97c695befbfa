// A radiance field: density and colour at every point of a box, kept on a sparse grid of voxels (as in Fridovich-Keil et al., "Plenoxels", 2022, but in blocks
// and with one cache line a voxel).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "geometry/mesh.h"

namespace ptah {

/// One grid point: 13 numbers that are interpolated linearly between the eight corners of a cell. Lanes 0–3, 4–7 and 8–11: spherical harmonics up to degree 1
/// of red, green and blue (sRGB values less 0.5); lane 12: the logarithm of the density; the rest is zero.
struct alignas(64) FieldLine {
  std::array<float, 16> lane{};
};
inline constexpr size_t kDensityLane = 12;
inline constexpr size_t kColourLanes = 12;

/// Coefficients of spherical harmonics for a direction of length 1, with the signs of the usual files of splats: 1, y, z, x.
inline constexpr float kHarmonic0 = 0.28209479177387814F, kHarmonic1 = 0.4886025119029199F;
inline std::array<float, 4> field_harmonics(const Vec3& direction) {
  return {kHarmonic0, -kHarmonic1 * direction[1], kHarmonic1 * direction[2], -kHarmonic1 * direction[0]};
}

/// 4³ points that are kept together.
struct alignas(64) FieldBlock {
  std::array<int32_t, 8> beyond{};  ///< slots of this block and of those behind it: index 1 for +x, 2 for +y, 4 for +z; −1: not kept
  uint64_t cells = 0;               ///< which of its cells are looked at: a bit a cell, by its lowest corner
  std::array<uint16_t, 3> place{};  ///< in blocks
};

/// Where the grid lies. Point (x, y, z) is at origin + cell · (x, y, z).
struct FieldGrid {
  Vec3 origin{};
  float cell = 1;
  std::array<int32_t, 3> points{4, 4, 4};  ///< multiples of 4

  int32_t blocks(size_t axis) const { return points[axis] / 4; }
  size_t block_count() const { return static_cast<size_t>(blocks(0)) * static_cast<size_t>(blocks(1)) * static_cast<size_t>(blocks(2)); }
  size_t point_count() const { return block_count() * 64; }
  size_t block_index(int32_t x, int32_t y, int32_t z) const {
    return (static_cast<size_t>(z) * static_cast<size_t>(blocks(1)) + static_cast<size_t>(y)) * static_cast<size_t>(blocks(0)) + static_cast<size_t>(x);
  }
  size_t point_index(int32_t x, int32_t y, int32_t z) const {
    return (static_cast<size_t>(z) * static_cast<size_t>(points[1]) + static_cast<size_t>(y)) * static_cast<size_t>(points[0]) + static_cast<size_t>(x);
  }
  Vec3 at(float x, float y, float z) const { return origin + Vec3{x, y, z} * cell; }
  /// The longest edge of the box.
  float edge() const;

  /// A grid over a box with `resolution` points on its longest edge.
  static FieldGrid over(const Vec3& low, const Vec3& high, int64_t resolution);
};

/// A flag for each point of a grid (x fastest); for a cell, that of its lowest corner.
using FieldFlags = std::vector<uint8_t>;

/// Density 1 takes e^−1 of the light on 1/64 of the box's longest edge, whatever the grid.
inline constexpr float kDensityUnits = 64;
/// Logarithms of densities: of what is not kept; and the largest that counts.
inline constexpr float kEmptyDensity = -9, kMaxDensity = 5;
/// A cell whose corners all take less of the light on the length of a cell is not drawn.
inline constexpr float kMinOpacity = 0.01F;

class RadianceField {
 public:
  RadianceField() = default;
  /// Keeps the blocks that have a corner of one of these cells; all lines are `line`.
  RadianceField(const FieldGrid& grid, const FieldFlags& cells, const FieldLine& line);
  /// Keeps these blocks (FieldGrid::block_index, ascending) and looks at nothing yet.
  RadianceField(const FieldGrid& grid, const std::vector<size_t>& kept);

  const FieldGrid& grid() const { return grid_; }
  const std::vector<FieldBlock>& blocks() const { return blocks_; }
  /// Block → slot, −1 for none; x fastest.
  const std::vector<int32_t>& table() const { return table_; }
  std::vector<FieldLine>& lines() { return lines_; }
  const std::vector<FieldLine>& lines() const { return lines_; }
  /// What a density is multiplied with along a length of one cell.
  float thickness() const { return grid_.cell * kDensityUnits / grid_.edge(); }

  /// The line of a grid point; null if it is not kept.
  const FieldLine* find(int32_t x, int32_t y, int32_t z) const;
  /// Interpolated at a place in grid units; lines that are not kept have no density and no weight in the colour.
  FieldLine sampled(const Vec3& at) const;

  /// Cells with a corner, or a neighbour of one within `reach` points, that takes more than `min_opacity` of the light on the length of a cell.
  FieldFlags occupied(float min_opacity, int reach) const;
  /// Looks at these cells from now on, and at no others. Cells of which a corner is not kept are left out.
  void look_at(const FieldFlags& cells);
  /// The same field on another grid over the same box: of the cells that overlap with `cells` of this one.
  RadianceField resampled(const FieldGrid& grid, const FieldFlags& cells) const;

 private:
  /// The blocks of a table in which kept ones are marked by 0.
  void number_blocks();

  FieldGrid grid_;
  std::vector<int32_t> table_;
  std::vector<FieldBlock> blocks_;
  std::vector<FieldLine> lines_;  ///< 64 a slot, x fastest
};

/// Each point gets the largest flag from `low` points behind it to `high` points before it, along every axis.
FieldFlags spread(const FieldGrid& grid, FieldFlags flags, int low, int high);

}  // namespace ptah
