#include "render/field/radiance_field.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"

namespace ptah {

namespace {

size_t line_of(int32_t x, int32_t y, int32_t z) { return static_cast<size_t>((z & 3) * 16 + (y & 3) * 4 + (x & 3)); }

/// Each flag of a plane gets those of its neighbours from `low` behind to `high` before it along one axis, a row at a time.
void spread_plane(const FieldGrid& grid, const uint8_t* from, uint8_t* to, int32_t z, size_t axis, int low, int high) {
  const int32_t nx = grid.points[0], ny = grid.points[1], nz = grid.points[2];
  std::fill_n(to + grid.point_index(0, 0, z), static_cast<size_t>(nx) * static_cast<size_t>(ny), uint8_t{0});
  for (int by = -low; by <= high; ++by)
    for (int32_t y = 0; y < ny; ++y) {
      const int32_t row = axis == 1 ? y + by : y, plane = axis == 2 ? z + by : z, shift = axis == 0 ? by : 0;
      if (row < 0 || row >= ny || plane < 0 || plane >= nz) continue;
      const uint8_t* read = from + grid.point_index(0, row, plane);
      uint8_t* write = to + grid.point_index(0, y, z);
      for (int32_t x = std::max(0, -shift); x < std::min(nx, nx - shift); ++x) write[x] |= read[x + shift];
    }
}

/// The cells of another grid over the same box that overlap with flagged ones.
FieldFlags carried(const FieldGrid& from, const FieldFlags& cells, const FieldGrid& to) {
  FieldFlags out(to.point_count());
  const float ratio = to.cell / from.cell;
  const Vec3 shift = (to.origin - from.origin) * (1 / from.cell);
  parallel_for(to.points[2] - 1, int64_t{to.points[0]} * to.points[1] * 8, [&](int64_t begin, int64_t end) {
    for (auto z = static_cast<int32_t>(begin); z < end; ++z)
      for (int32_t y = 0; y + 1 < to.points[1]; ++y)
        for (int32_t x = 0; x + 1 < to.points[0]; ++x) {
          const std::array<int32_t, 3> at{x, y, z};
          std::array<int32_t, 3> low{}, high{};
          for (size_t k = 0; k < 3; ++k) {
            low[k] = std::clamp(static_cast<int32_t>(static_cast<float>(at[k]) * ratio + shift[k]), 0, from.points[k] - 2);
            high[k] = std::clamp(static_cast<int32_t>(static_cast<float>(at[k] + 1) * ratio + shift[k]), 0, from.points[k] - 2);
          }
          uint8_t found = 0;
          for (int32_t c = low[2]; c <= high[2]; ++c)
            for (int32_t b = low[1]; b <= high[1]; ++b)
              for (int32_t a = low[0]; a <= high[0]; ++a) found |= cells[from.point_index(a, b, c)];
          out[to.point_index(x, y, z)] = found;
        }
  });
  return out;
}

}  // namespace

float FieldGrid::edge() const { return cell * static_cast<float>(*std::max_element(points.begin(), points.end()) - 1); }

FieldGrid FieldGrid::over(const Vec3& low, const Vec3& high, int64_t resolution) {
  FieldGrid out;
  const Vec3 size = high - low;
  const float edge = std::max({size[0], size[1], size[2]});
  out.cell = edge / static_cast<float>(resolution - 1);
  for (size_t k = 0; k < 3; ++k) {
    const auto needed = static_cast<int32_t>(std::ceil(size[k] / out.cell - 1e-3F)) + 1;
    out.points[k] = std::clamp((needed + 3) / 4 * 4, 4, static_cast<int32_t>((resolution + 3) / 4 * 4));
    out.origin[k] = (low[k] + high[k]) / 2 - out.cell * static_cast<float>(out.points[k] - 1) / 2;
  }
  return out;
}

FieldFlags spread(const FieldGrid& grid, FieldFlags flags, int low, int high) {
  FieldFlags other(flags.size());
  for (size_t axis = 0; axis < 3; ++axis) {
    parallel_for(grid.points[2], int64_t{grid.points[0]} * grid.points[1], [&](int64_t begin, int64_t end) {
      for (auto z = static_cast<int32_t>(begin); z < end; ++z) spread_plane(grid, flags.data(), other.data(), z, axis, low, high);
    });
    std::swap(flags, other);
  }
  return flags;
}

RadianceField::RadianceField(const FieldGrid& grid, const FieldFlags& cells, const FieldLine& line) : grid_(grid), table_(grid.block_count(), -1) {
  const auto block_of = [&](int32_t x, int32_t y, int32_t z) -> int32_t& { return table_[grid_.block_index(x / 4, y / 4, z / 4)]; };
  for (int32_t z = 0; z + 1 < grid_.points[2]; ++z)
    for (int32_t y = 0; y + 1 < grid_.points[1]; ++y)
      for (int32_t x = 0; x + 1 < grid_.points[0]; ++x)
        if (cells[grid_.point_index(x, y, z)])
          for (int32_t k = 0; k < 8; ++k) block_of(x + (k & 1), y + (k >> 1 & 1), z + (k >> 2)) = 0;
  number_blocks();
  lines_.assign(blocks_.size() * 64, line);
  look_at(cells);
}

RadianceField::RadianceField(const FieldGrid& grid, const std::vector<size_t>& kept) : grid_(grid), table_(grid.block_count(), -1) {
  for (const size_t block : kept) table_[block] = 0;
  number_blocks();
  lines_.resize(blocks_.size() * 64);
}

void RadianceField::number_blocks() {
  int32_t slots = 0;
  for (int32_t& slot : table_)
    if (slot == 0) slot = slots++;
  blocks_.resize(static_cast<size_t>(slots));
  for (int32_t z = 0; z < grid_.blocks(2); ++z)
    for (int32_t y = 0; y < grid_.blocks(1); ++y)
      for (int32_t x = 0; x < grid_.blocks(0); ++x) {
        const int32_t slot = table_[grid_.block_index(x, y, z)];
        if (slot < 0) continue;
        FieldBlock& block = blocks_[static_cast<size_t>(slot)];
        block.place = {static_cast<uint16_t>(x), static_cast<uint16_t>(y), static_cast<uint16_t>(z)};
        for (int32_t k = 0; k < 8; ++k) {
          const int32_t a = x + (k & 1), b = y + (k >> 1 & 1), c = z + (k >> 2);
          const bool in = a < grid_.blocks(0) && b < grid_.blocks(1) && c < grid_.blocks(2);
          block.beyond[static_cast<size_t>(k)] = in ? table_[grid_.block_index(a, b, c)] : -1;
        }
      }
}

const FieldLine* RadianceField::find(int32_t x, int32_t y, int32_t z) const {
  if (x < 0 || y < 0 || z < 0 || x >= grid_.points[0] || y >= grid_.points[1] || z >= grid_.points[2]) return nullptr;
  const int32_t slot = table_[grid_.block_index(x / 4, y / 4, z / 4)];
  return slot < 0 ? nullptr : &lines_[static_cast<size_t>(slot) * 64 + line_of(x, y, z)];
}

FieldLine RadianceField::sampled(const Vec3& at) const {
  std::array<int32_t, 3> base{};
  Vec3 part{};
  for (size_t k = 0; k < 3; ++k) {
    base[k] = std::clamp(static_cast<int32_t>(std::floor(at[k])), 0, grid_.points[k] - 2);
    part[k] = std::clamp(at[k] - static_cast<float>(base[k]), 0.0F, 1.0F);
  }
  FieldLine out;
  float kept = 0, density = 0;
  for (int32_t k = 0; k < 8; ++k) {
    const float weight = (k & 1 ? part[0] : 1 - part[0]) * (k & 2 ? part[1] : 1 - part[1]) * (k & 4 ? part[2] : 1 - part[2]);
    const FieldLine* line = find(base[0] + (k & 1), base[1] + (k >> 1 & 1), base[2] + (k >> 2));
    density += weight * (line ? line->lane[kDensityLane] : kEmptyDensity);
    if (!line) continue;
    kept += weight;
    for (size_t i = 0; i < kColourLanes; ++i) out.lane[i] += weight * line->lane[i];
  }
  if (kept > 0)
    for (size_t i = 0; i < kColourLanes; ++i) out.lane[i] /= kept;
  out.lane[kDensityLane] = density;
  return out;
}

FieldFlags RadianceField::occupied(float min_opacity, int reach) const {
  FieldFlags points(grid_.point_count());
  const float threshold = std::log(-std::log1p(-min_opacity) / thickness());
  parallel_for(static_cast<int64_t>(blocks_.size()), 64, [&](int64_t begin, int64_t end) {
    for (int64_t slot = begin; slot < end; ++slot) {
      const auto& place = blocks_[static_cast<size_t>(slot)].place;
      for (int32_t k = 0; k < 64; ++k)
        if (lines_[static_cast<size_t>(slot * 64 + k)].lane[kDensityLane] > threshold)
          points[grid_.point_index(place[0] * 4 + (k & 3), place[1] * 4 + (k >> 2 & 3), place[2] * 4 + (k >> 4))] = 1;
    }
  });
  return spread(grid_, std::move(points), reach, reach + 1);
}

void RadianceField::look_at(const FieldFlags& cells) {
  parallel_for(static_cast<int64_t>(blocks_.size()), 64, [&](int64_t begin, int64_t end) {
    for (int64_t slot = begin; slot < end; ++slot) {
      FieldBlock& block = blocks_[static_cast<size_t>(slot)];
      block.cells = 0;
      for (int32_t k = 0; k < 64; ++k) {
        const int32_t x = block.place[0] * 4 + (k & 3), y = block.place[1] * 4 + (k >> 2 & 3), z = block.place[2] * 4 + (k >> 4);
        if (x + 1 >= grid_.points[0] || y + 1 >= grid_.points[1] || z + 1 >= grid_.points[2] || !cells[grid_.point_index(x, y, z)]) continue;
        const int needed = ((k & 3) == 3 ? 1 : 0) | ((k >> 2 & 3) == 3 ? 2 : 0) | ((k >> 4) == 3 ? 4 : 0);
        bool kept = true;
        for (int b = 0; b < 8; ++b) kept = kept && ((b & ~needed) != 0 || block.beyond[static_cast<size_t>(b)] >= 0);
        if (kept) block.cells |= uint64_t{1} << k;
      }
    }
  });
}

RadianceField RadianceField::resampled(const FieldGrid& grid, const FieldFlags& cells) const {
  RadianceField out(grid, carried(grid_, cells, grid), {});
  parallel_for(static_cast<int64_t>(out.blocks_.size()), 64 * 200, [&](int64_t begin, int64_t end) {
    for (int64_t slot = begin; slot < end; ++slot) {
      const auto& place = out.blocks_[static_cast<size_t>(slot)].place;
      for (int32_t k = 0; k < 64; ++k) {
        const Vec3 world =
            grid.at(static_cast<float>(place[0] * 4 + (k & 3)), static_cast<float>(place[1] * 4 + (k >> 2 & 3)), static_cast<float>(place[2] * 4 + (k >> 4)));
        out.lines_[static_cast<size_t>(slot * 64 + k)] = sampled((world - grid_.origin) * (1 / grid_.cell));
      }
    }
  });
  return out;
}

}  // namespace ptah
