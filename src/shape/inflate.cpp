#include "shape/inflate.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "base/text.h"
#include "geometry/bilinear.h"
#include "geometry/conjugate_gradients.h"
#include "geometry/decimate.h"
#include "geometry/isosurface.h"
#include "shape/uv_unwrap.h"
#include "tensor/device.h"

namespace ptah {

Result<SolidKind> solid_by_name(std::string_view name) {
  if (name == "round") return SolidKind::round;
  if (name == "flat-back") return SolidKind::flat_back;
  if (name == "slab") return SolidKind::slab;
  return unknown_name("solid", name, "round flat-back slab");
}

std::vector<float> thickness_field(const Mask& mask, float screening_length) {
  const int64_t n = mask.size;
  const auto inside = [&](int64_t i) { return mask.cover[static_cast<size_t>(i)] > 0.5F; };
  const float screening = screening_length > 0 ? 1 / (screening_length * screening_length) : 0.0F;
  // Unknowns are the inside pixels; a neighbour outside means that the outline lies at a share of the way (ghost points).
  std::vector<int32_t> unknown(mask.cover.size(), -1);
  std::vector<int64_t> pixels;
  for (int64_t i = 0; i < n * n; ++i)
    if (inside(i)) {
      unknown[static_cast<size_t>(i)] = static_cast<int32_t>(pixels.size());
      pixels.push_back(i);
    }
  const size_t count = pixels.size();
  GridSystem system{std::vector<std::array<int32_t, 4>>(count), std::vector<float>(count)};
  for (size_t u = 0; u < count; ++u) {
    const int64_t i = pixels[u];
    float sum = screening;
    const std::array<int64_t, 4> around{i - 1, i + 1, i - n, i + n};
    for (size_t k = 0; k < 4; ++k) {
      system.links[u][k] = unknown[static_cast<size_t>(around[k])];
      if (system.links[u][k] >= 0) {
        sum += 1;
      } else {
        const float in = mask.cover[static_cast<size_t>(i)], out = mask.cover[static_cast<size_t>(around[k])];
        sum += 1 / std::clamp((in - 0.5F) / (in - out), 0.05F, 1.0F);
      }
    }
    system.diagonal[u] = sum;
  }
  const std::vector<float> x = conjugate_gradients(system, std::vector<float>(count, 4.0F), {.steps = 2000, .relative = 1e-9});
  std::vector<float> out(mask.cover.size(), 0.0F);
  for (size_t u = 0; u < count; ++u) out[static_cast<size_t>(pixels[u])] = x[u];
  return out;
}

namespace {

/// Whether the outline, where the coverage is a half, passes through a pixel or one beside it. What is covered a little less than whole within an object, as
/// resampling leaves it, is no outline.
bool at_outline(const Mask& mask, int64_t x, int64_t y) {
  const bool here = mask.at(x, y) > 0.5F;
  for (int64_t v = std::max<int64_t>(y - 1, 0); v <= std::min(y + 1, mask.size - 1); ++v)
    for (int64_t u = std::max<int64_t>(x - 1, 0); u <= std::min(x + 1, mask.size - 1); ++u)
      if ((mask.at(u, v) > 0.5F) != here) return true;
  return false;
}

/// Distance in pixels to the outline (two-pass chamfer), negative inside, for the surroundings of the solid. With `faint`, as earlier versions have it, every
/// pixel that is covered in part counts as outline.
std::vector<float> signed_distance(const Mask& mask, bool faint) {
  const int64_t n = mask.size;
  const auto transform = [&](bool outside) {
    std::vector<float> d(mask.cover.size());
    for (size_t i = 0; i < d.size(); ++i) {
      const float c = outside ? mask.cover[i] : 1 - mask.cover[i];
      d[i] = c > 0.5F || (c > 0 && (faint || at_outline(mask, static_cast<int64_t>(i) % n, static_cast<int64_t>(i) / n))) ? 0.5F - c : 1e9F;
    }
    const auto relax = [&](int64_t x, int64_t y, int64_t dx, int64_t dy, float step) {
      if (x + dx < 0 || x + dx >= n || y + dy < 0 || y + dy >= n) return;
      float& here = d[static_cast<size_t>(y * n + x)];
      here = std::min(here, std::max(d[static_cast<size_t>((y + dy) * n + x + dx)], -0.5F) + step);
    };
    for (int64_t y = 0; y < n; ++y) {
      for (int64_t x = 0; x < n; ++x) relax(x, y, -1, 0, 1), relax(x, y, -1, -1, 1.4142F), relax(x, y, 0, -1, 1), relax(x, y, 1, -1, 1.4142F);
      for (int64_t x = n - 1; x >= 0; --x) relax(x, y, 1, 0, 1);
    }
    for (int64_t y = n - 1; y >= 0; --y) {
      for (int64_t x = n - 1; x >= 0; --x) relax(x, y, 1, 0, 1), relax(x, y, 1, 1, 1.4142F), relax(x, y, 0, 1, 1), relax(x, y, -1, 1, 1.4142F);
      for (int64_t x = 0; x < n; ++x) relax(x, y, -1, 0, 1);
    }
    return d;
  };
  std::vector<float> out = transform(true), in = transform(false);
  for (size_t i = 0; i < out.size(); ++i) out[i] = mask.cover[i] > 0.5F ? -std::max(in[i], 0.0F) : std::max(out[i], 0.0F);
  return out;
}

struct Fields {
  int64_t size;
  std::vector<float> thickness, distance;
  float depth;  ///< half the solid's depth in pixels
  float sample(const std::vector<float>& field, float x, float y) const { return bilinear(field, size, x - 0.5F, y - 0.5F); }
};

/// The implicit solid, about a distance near its surface; positive inside. x, y in pixels, z in pixels.
float solid_value(const Fields& f, const InflateRequest& request, float x, float y, float z) {
  const float d = f.sample(f.distance, x, y);
  if (request.solid == SolidKind::slab) {
    const float half = f.depth, round = 0.35F * half;
    const float a = std::max(d + round, 0.0F), b = std::max(std::abs(z) - half + round, 0.0F);
    return round - std::sqrt(a * a + b * b) - std::min(std::max(d + round, std::abs(z) - half + round), 0.0F);
  }
  const float h = f.sample(f.thickness, x, y) * request.thickness * request.thickness;
  float value = 0;
  if (d < 0 || h > 0) {
    const float hx = (f.sample(f.thickness, x + 1, y) - f.sample(f.thickness, x - 1, y)) / 2,
                hy = (f.sample(f.thickness, x, y + 1) - f.sample(f.thickness, x, y - 1)) / 2;
    value = (h - z * z) / std::max(2.0F, std::sqrt(hx * hx + hy * hy + 4 * z * z));
    if (d > 0) value = std::min(value, 0.0F) - 0.5F * d;
  } else {
    value = -std::sqrt(d * d + z * z);
  }
  return request.solid == SolidKind::flat_back ? std::min(value, z + 0.35F * f.depth) : value;
}

Grid sample_grid(const Fields& fields, const InflateRequest& request, const Mask& mask) {
  int64_t x0 = mask.size, x1 = 0, y0 = mask.size, y1 = 0;
  for (int64_t y = 0; y < mask.size; ++y)
    for (int64_t x = 0; x < mask.size; ++x)
      if (mask.at(x, y) > 0.5F) x0 = std::min(x0, x), x1 = std::max(x1, x), y0 = std::min(y0, y), y1 = std::max(y1, y);
  const auto extent = static_cast<float>(std::max(x1 - x0, y1 - y0) + 1);
  Grid grid;
  grid.cell = extent / static_cast<float>(request.resolution);
  const auto cells = [&](float length) { return static_cast<int64_t>(std::ceil(length / grid.cell)); };
  const int64_t half_z = cells(fields.depth) + 3;
  grid.nx = cells(static_cast<float>(x1 - x0 + 1)) + 7;
  grid.ny = cells(static_cast<float>(y1 - y0 + 1)) + 7;
  grid.nz = 2 * half_z + 1;
  grid.origin = {static_cast<float>(x0) - 3 * grid.cell, static_cast<float>(y0) - 3 * grid.cell, -static_cast<float>(half_z) * grid.cell};
  grid.values.resize(static_cast<size_t>(grid.nx * grid.ny * grid.nz));
  parallel_for(grid.nz, grid.nx * grid.ny * 40, [&](int64_t begin, int64_t end) {
    for (int64_t z = begin; z < end; ++z)
      for (int64_t y = 0; y < grid.ny; ++y)
        for (int64_t x = 0; x < grid.nx; ++x) {
          const Vec3 at = grid.origin + Vec3{static_cast<float>(x), static_cast<float>(y), static_cast<float>(z)} * grid.cell;
          const bool border = x == 0 || y == 0 || z == 0 || x == grid.nx - 1 || y == grid.ny - 1 || z == grid.nz - 1;
          const float value = solid_value(fields, request, at[0], at[1], at[2]);
          grid.at(x, y, z) = border ? std::min(value, -0.1F * grid.cell) : value;
        }
  });
  return grid;
}

/// Pixels that surely show the object: covered with all their neighbourhood, so that no background bleeds into the texture.
std::vector<char> surely_inside(const Image& picture, const Mask& mask) {
  const int64_t w = picture.width, h = picture.height, longest = std::max(w, h);
  const float scale = static_cast<float>(mask.size - 2 * kMaskMargin) / static_cast<float>(longest);
  std::vector<char> inside(static_cast<size_t>(w * h));
  const auto covered = [&](float x, float y) {
    const auto at = [&](float v) { return std::clamp<int64_t>(static_cast<int64_t>(v * scale + kMaskMargin), 0, mask.size - 1); };
    return mask.at(at(x), at(y)) >= 0.9F;
  };
  for (int64_t y = 0; y < h; ++y)
    for (int64_t x = 0; x < w; ++x) {
      const float px = static_cast<float>(x + (longest - w) / 2) + 0.5F, py = static_cast<float>(y + (longest - h) / 2) + 0.5F;
      inside[static_cast<size_t>(y * w + x)] =
          picture.at(x, y)[3] > 200 && covered(px, py) && covered(px - 1.5F, py) && covered(px + 1.5F, py) && covered(px, py - 1.5F) && covered(px, py + 1.5F);
    }
  return inside;
}

/// From the mask's pixels to metres, centred.
void scale_to_size(TexturedMesh& mesh, float size_mm) {
  Vec3 low = mesh.positions[0], high = low;
  for (const Vec3& p : mesh.positions)
    for (size_t i = 0; i < 3; ++i) low[i] = std::min(low[i], p[i]), high[i] = std::max(high[i], p[i]);
  const float scale = size_mm / 1000 / std::max({high[0] - low[0], high[1] - low[1], high[2] - low[2]});
  const Vec3 centre = (low + high) * 0.5F;
  for (Vec3& p : mesh.positions) p = (p - centre) * scale;
}

}  // namespace

Result<TexturedMesh> inflate(const Image& picture, const InflateRequest& asked, const CancelToken* cancel) {
  InflateRequest request = asked;
  if (picture.width < 1 || picture.height < 1) return fail(ErrorCode::invalid_argument, "inflate: empty picture");
  if (request.target_triangles < 100 || request.target_triangles > 2000000)
    return fail(ErrorCode::invalid_argument, "inflate: target of {} triangles; 100 to 2000000 are possible", request.target_triangles);
  if (!(request.size_mm > 0) || request.size_mm > 100000) return fail(ErrorCode::invalid_argument, "inflate: size of {} mm", request.size_mm);
  if (request.resolution != 0 && (request.resolution < 16 || request.resolution > 512))
    return fail(ErrorCode::invalid_argument, "inflate: resolution {}; 16 to 512 are possible", request.resolution);
  if (!(request.thickness > 0) || request.thickness > 10) return fail(ErrorCode::invalid_argument, "inflate: thickness {}", request.thickness);
  if (request.resolution == 0)  // about three times the triangles that will stay
    request.resolution = std::clamp<int64_t>(std::lround(88 * std::sqrt(static_cast<double>(request.target_triangles) / 20000)), 40, 256);
  const auto stopped = [&]() -> Result<void> { return cancel ? cancel->check() : Result<void>{}; };
  const Mask mask = object_mask(picture, std::max(picture.width, picture.height) > 256 ? 512 : 256, request.slab_if_faint);
  Fields fields{mask.size, {}, signed_distance(mask, request.solid != SolidKind::slab || arithmetic_version() == 1), 0};
  const float extent = -2 * *std::min_element(fields.distance.begin(), fields.distance.end());
  if (request.solid == SolidKind::slab) {
    fields.depth = 0.08F * static_cast<float>(mask.size) * request.thickness;
  } else {
    int64_t covered = 0;
    for (const float c : mask.cover) covered += c > 0.5F;
    const float across = std::max(extent, std::sqrt(static_cast<float>(covered)));
    fields.thickness = thickness_field(mask, 0.35F * across);
    fields.depth = std::sqrt(*std::max_element(fields.thickness.begin(), fields.thickness.end())) * request.thickness;
  }
  PTAH_TRY_VOID(stopped());
  Mesh mesh = isosurface(sample_grid(fields, request, mask));
  if (mesh.triangles.empty()) return fail(ErrorCode::internal, "inflate: the solid is empty");
  smooth(mesh, request.solid == SolidKind::round ? 3 : 1);
  PTAH_TRY_VOID(stopped());
  mesh = decimate(mesh, static_cast<size_t>(request.target_triangles));
  PTAH_TRY_VOID(stopped());
  for (Vec3& p : mesh.positions) p[1] = static_cast<float>(mask.size) - p[1];  // rows run down, +Y is up
  for (Triangle& t : mesh.triangles) std::swap(t[1], t[2]);                    // mirrored, so turn the faces
  UvUnwrap unwrapped = unwrap_uv(mesh, mask.size, kMaskMargin, (request.solid == SolidKind::slab ? 0.8F : 0.2F) * fields.depth);
  PTAH_TRY_VOID(stopped());
  // The flat middle gives up to half its texels to the rim; a finer atlas makes up for it.
  const int64_t edge = std::min<int64_t>(2048, std::max(picture.width, picture.height) * 3 / 2);
  PTAH_TRY(unwrapped.mesh.texture_png, bake_texture(unwrapped, picture, surely_inside(picture, mask), edge));
  scale_to_size(unwrapped.mesh, request.size_mm);
  return std::move(unwrapped.mesh);
}

}  // namespace ptah
