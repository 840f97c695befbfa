#include "shape/texture/bake.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/parallel.h"

namespace ptah {

namespace {

constexpr uint32_t kNobody = 0xFFFFFFFFU;

/// A triangle of the atlas in texels: weights of its corners at a place, also outside of it.
struct Flat {
  Vec2 origin{};
  std::array<float, 4> inverse{};
  bool fine = false;
  Flat(const std::vector<Vec2>& uvs, const Triangle& t, float size) {
    const Vec2 &a = uvs[t[0]], &b = uvs[t[1]], &c = uvs[t[2]];
    origin = {a[0] * size, a[1] * size};
    const float x1 = (b[0] - a[0]) * size, y1 = (b[1] - a[1]) * size, x2 = (c[0] - a[0]) * size, y2 = (c[1] - a[1]) * size, det = x1 * y2 - x2 * y1;
    fine = std::abs(det) > 1e-7F;
    if (fine) inverse = {y2 / det, -x2 / det, -y1 / det, x1 / det};
  }
  Vec3 weights(float x, float y) const {
    const float dx = x - origin[0], dy = y - origin[1], b = inverse[0] * dx + inverse[1] * dy, c = inverse[2] * dx + inverse[3] * dy;
    return {1 - b - c, b, c};
  }
};

Vec3 mixed(const std::vector<Vec3>& values, const Triangle& t, const Vec3& w) { return values[t[0]] * w[0] + values[t[1]] * w[1] + values[t[2]] * w[2]; }

uint8_t byte_of(float v) { return static_cast<uint8_t>(std::lround(std::clamp(v, 0.0F, 1.0F) * 255)); }

/// Turns space so that the grain runs along y.
Vec3 along_grain(const Vec3& v, int grain) {
  if (grain == 0) return {v[2], v[0], v[1]};
  if (grain == 2) return {v[1], v[2], v[0]};
  return v;
}

class Baker {
 public:
  Baker(const AtlasMesh& mesh, const std::vector<uint32_t>& part_of, const std::vector<BakedPart>& parts, int64_t size)
      : mesh_(mesh), part_of_(part_of), parts_(parts), size_(size) {
    for (const BakedPart& part : parts) plain_.push_back(uniform(part.material));
    double space = 0, plane = 0;
    for (const Triangle& t : mesh.triangles) {
      const Vec2 &a = mesh.uvs[t[0]], &b = mesh.uvs[t[1]], &c = mesh.uvs[t[2]];
      space += static_cast<double>(length(cross(mesh.positions[t[1]] - mesh.positions[t[0]], mesh.positions[t[2]] - mesh.positions[t[0]])));
      plane += static_cast<double>(std::abs((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])));
    }
    footprint_ = static_cast<float>(std::sqrt(space / std::max(plane, 1e-30))) / static_cast<float>(size);
  }

  Result<BakedMaps> run(const ProgressCallback& progress, const CancelToken* cancel) {
    BakedMaps out;
    int64_t inside = 0;
    owner_ = texel_owners(mesh_.uvs, mesh_.triangles, size_, kBakedRings, inside);
    out.coverage = static_cast<double>(inside) / static_cast<double>(size_ * size_);
    for (Image* image : {&out.base_color, &out.metallic_roughness, &out.normal, &out.emission}) *image = make_image(size_, size_);
    constexpr int64_t kRows = 64;
    for (int64_t row = 0; row < size_; row += kRows) {
      if (cancel && cancel->cancelled()) return fail(ErrorCode::cancelled, "cancelled");
      if (progress) progress({"bake", static_cast<double>(row) / static_cast<double>(size_), -1});
      const int64_t count = std::min(kRows, size_ - row);
      parallel_for(count, size_ * 500, [&](int64_t begin, int64_t end) {
        for (int64_t y = row + begin; y < row + end; ++y)
          for (int64_t x = 0; x < size_; ++x) texel(x, y, out);
      });
    }
    for (Image* image : {&out.base_color, &out.metallic_roughness, &out.normal, &out.emission}) fill_rest(*image);
    for (size_t i = 0; i < out.emission.rgba.size() && !out.emissive; i += 4)
      out.emissive = out.emission.rgba[i] || out.emission.rgba[i + 1] || out.emission.rgba[i + 2];
    for (size_t i = 0; i < out.normal.rgba.size() && !out.relief; i += 4) out.relief = out.normal.rgba[i] != 128 || out.normal.rgba[i + 1] != 128;
    return out;
  }

 private:
  void texel(int64_t x, int64_t y, BakedMaps& out) const {
    const uint32_t owner = owner_[static_cast<size_t>(y * size_ + x)];
    if (owner == kNobody) return;
    const Triangle& t = mesh_.triangles[owner];
    const Flat flat(mesh_.uvs, t, static_cast<float>(size_));
    const Vec3 w = flat.weights(static_cast<float>(x) + 0.5F, static_cast<float>(y) + 0.5F);
    // Beyond the triangle its plane goes on; its normals do not.
    Vec3 held{std::clamp(w[0], 0.0F, 1.0F), std::clamp(w[1], 0.0F, 1.0F), std::clamp(w[2], 0.0F, 1.0F)};
    held = held * (1 / (held[0] + held[1] + held[2]));
    const BakedPart& part = parts_[part_of_[owner]];
    const Vec3 normal = normalized(mixed(mesh_.normals, t, held)), p = mixed(mesh_.positions, t, w);
    const Vec3 at = along_grain((p - part.origin) * part.unit, part.grain), facing = along_grain(normal, part.grain);
    const float footprint = footprint_ * part.unit;
    const SurfaceSample sample = sample_material(part.material, at, facing, footprint);
    uint8_t* base = out.base_color.at(x, y);
    for (size_t c = 0; c < 3; ++c) base[c] = byte_of(sample.albedo[c]);
    base[3] = byte_of(part.material.base.opacity);
    const auto put = [&](Image& image, float r, float g, float b) {
      uint8_t* to = image.at(x, y);
      to[0] = byte_of(r);
      to[1] = byte_of(g);
      to[2] = byte_of(b);
      to[3] = 255;
    };
    put(out.metallic_roughness, 1, sample.roughness, sample.metallic);
    put(out.emission, sample.emission[0], sample.emission[1], sample.emission[2]);
    Vec3 bent{0, 0, 1};
    if (!plain_[part_of_[owner]]) {
      Vec3 rough{};
      for (size_t k = 0; k < 3; ++k) rough = rough + Vec3{mesh_.tangents[t[k]][0], mesh_.tangents[t[k]][1], mesh_.tangents[t[k]][2]} * held[k];
      const Vec3 tangent = normalized(rough - normal * dot(normal, rough)), up = cross(normal, tangent) * mesh_.tangents[t[0]][3];
      const auto height = [&](const Vec3& offset) {
        return sample_material(part.material, at + along_grain(offset, part.grain) * (0.5F * footprint), facing, footprint).height;
      };
      const auto slope = [&](const Vec3& direction) {  // from both sides, so that a mirrored texture has the same
        return std::clamp((height(direction) - height(direction * -1.0F)) / footprint, -1.5F, 1.5F);
      };
      bent = normalized({-slope(tangent), -slope(up), 1});
    }
    uint8_t* to = out.normal.at(x, y);
    for (size_t c = 0; c < 3; ++c) to[c] = static_cast<uint8_t>(std::clamp(std::lround(128 + bent[c] * 127), 0L, 255L));
    to[3] = 255;
  }

  /// Texels that show nothing get the mean of the others, which is what small mip levels mix in.
  void fill_rest(Image& image) const {
    std::array<double, 4> sum{};
    double count = 0;
    for (size_t i = 0; i < owner_.size(); ++i) {
      if (owner_[i] == kNobody) continue;
      for (size_t c = 0; c < 4; ++c) sum[c] += static_cast<double>(image.rgba[i * 4 + c]);
      ++count;
    }
    for (size_t i = 0; i < owner_.size(); ++i)
      if (owner_[i] == kNobody)
        for (size_t c = 0; c < 4; ++c) image.rgba[i * 4 + c] = static_cast<uint8_t>(count > 0 ? sum[c] / count + 0.5 : 255);
  }

  const AtlasMesh& mesh_;
  const std::vector<uint32_t>& part_of_;
  const std::vector<BakedPart>& parts_;
  int64_t size_;
  float footprint_ = 1;
  std::vector<char> plain_;
  std::vector<uint32_t> owner_;
};

}  // namespace

std::vector<uint32_t> texel_owners(const std::vector<Vec2>& uvs, const std::vector<Triangle>& triangles, int64_t size, int rings, int64_t& inside) {
  std::vector<uint32_t> owner(static_cast<size_t>(size * size), kNobody), now, next;
  const auto edge = static_cast<float>(size);
  for (uint32_t i = 0; i < triangles.size(); ++i) {
    const Triangle& t = triangles[i];
    const Flat flat(uvs, t, edge);
    if (!flat.fine) continue;
    const auto low = [&](size_t k) {
      return std::max<int64_t>(0, static_cast<int64_t>(std::floor(std::min({uvs[t[0]][k], uvs[t[1]][k], uvs[t[2]][k]}) * edge - 0.5F)));
    };
    const auto high = [&](size_t k) {
      return std::min(size - 1, static_cast<int64_t>(std::ceil(std::max({uvs[t[0]][k], uvs[t[1]][k], uvs[t[2]][k]}) * edge - 0.5F)));
    };
    for (int64_t y = low(1); y <= high(1); ++y)
      for (int64_t x = low(0); x <= high(0); ++x) {
        const Vec3 w = flat.weights(static_cast<float>(x) + 0.5F, static_cast<float>(y) + 0.5F);
        uint32_t& slot = owner[static_cast<size_t>(y * size + x)];
        if (slot != kNobody || std::min({w[0], w[1], w[2]}) < -1e-5F) continue;
        slot = i;
        now.push_back(static_cast<uint32_t>(y * size + x));
      }
  }
  inside = static_cast<int64_t>(now.size());
  for (int ring = 0; ring < rings; ++ring) {
    next.clear();
    // A step sideways, then one across the corner, so that rings are about round.
    for (const uint32_t i : now) {
      const int64_t x = i % static_cast<uint32_t>(size), y = i / static_cast<uint32_t>(size);
      for (const auto& [dx, dy] :
           {std::pair{-1, 0}, std::pair{1, 0}, std::pair{0, -1}, std::pair{0, 1}, std::pair{-1, -1}, std::pair{1, -1}, std::pair{-1, 1}, std::pair{1, 1}}) {
        if (dx && dy && ring % 2 == 0) continue;
        if (x + dx < 0 || y + dy < 0 || x + dx >= size || y + dy >= size) continue;
        const auto j = static_cast<uint32_t>((y + dy) * size + x + dx);
        if (owner[j] != kNobody) continue;
        owner[j] = owner[i];
        next.push_back(j);
      }
    }
    std::swap(now, next);
  }
  return owner;
}

AtlasMesh atlas_mesh(const ShadedMesh& mesh, const UvMap& map) {
  AtlasMesh out;
  out.triangles.resize(mesh.triangles.size());
  std::unordered_map<uint64_t, uint32_t> made;
  for (size_t t = 0; t < mesh.triangles.size(); ++t)
    for (size_t k = 0; k < 3; ++k) {
      const uint32_t vertex = mesh.triangles[t][k], uv = map.triangles[t][k];
      const auto [found, fresh] = made.emplace(static_cast<uint64_t>(vertex) << 32 | uv, static_cast<uint32_t>(out.positions.size()));
      if (fresh) {
        out.positions.push_back(mesh.positions[vertex]);
        out.normals.push_back(mesh.normals[vertex]);
        out.uvs.push_back(map.uvs[uv]);
      }
      out.triangles[t][k] = found->second;
    }
  add_tangents(out);
  return out;
}

void add_tangents(AtlasMesh& mesh) {
  std::vector<Vec3> sum(mesh.positions.size(), Vec3{});
  std::vector<float> proper(mesh.positions.size(), 0);
  for (const Triangle& t : mesh.triangles) {
    const Vec3 e = mesh.positions[t[1]] - mesh.positions[t[0]], f = mesh.positions[t[2]] - mesh.positions[t[0]];
    const Vec2 &a = mesh.uvs[t[0]], &b = mesh.uvs[t[1]], &c = mesh.uvs[t[2]];
    const float s1 = b[0] - a[0], t1 = b[1] - a[1], s2 = c[0] - a[0], t2 = c[1] - a[1], det = s1 * t2 - s2 * t1;
    if (det == 0) continue;
    const Vec3 along = normalized((e * t2 - f * t1) * (det > 0 ? 1.0F : -1.0F));
    for (size_t k = 0; k < 3; ++k) {
      const Vec3 &p = mesh.positions[t[k]], u = normalized(mesh.positions[t[(k + 1) % 3]] - p), v = normalized(mesh.positions[t[(k + 2) % 3]] - p);
      const Vec3& n = mesh.normals[t[k]];
      const float angle = std::acos(std::clamp(dot(u, v), -1.0F, 1.0F));
      sum[t[k]] = sum[t[k]] + normalized(along - n * dot(n, along)) * angle;
      proper[t[k]] += det < 0 ? angle : -angle;  // v grows downwards
    }
  }
  mesh.tangents.clear();
  for (size_t i = 0; i < sum.size(); ++i) {
    const Vec3& n = mesh.normals[i];
    Vec3 tangent = sum[i] - n * dot(n, sum[i]);
    if (length(tangent) < 1e-6F) tangent = cross(std::abs(n[1]) < 0.9F ? Vec3{0, 1, 0} : Vec3{1, 0, 0}, n);
    tangent = normalized(tangent);
    mesh.tangents.push_back({tangent[0], tangent[1], tangent[2], proper[i] < 0 ? -1.0F : 1.0F});
  }
}

Result<BakedMaps> bake_maps(const AtlasMesh& mesh, const std::vector<uint32_t>& part_of, const std::vector<BakedPart>& parts, int64_t size,
                            const ProgressCallback& progress, const CancelToken* cancel) {
  if (size < 16 || size > 8192) return fail(ErrorCode::invalid_argument, "a texture of {} × {} texels; 16 to 8192 are possible", size, size);
  const size_t vertices = mesh.positions.size();
  if (part_of.size() != mesh.triangles.size() || mesh.uvs.size() != vertices || mesh.normals.size() != vertices || mesh.tangents.size() != vertices ||
      std::any_of(part_of.begin(), part_of.end(), [&](uint32_t part) { return part >= parts.size(); }))
    return fail(ErrorCode::invalid_argument, "a mesh of {} triangles with {} places in {} parts", mesh.triangles.size(), part_of.size(), parts.size());
  return Baker(mesh, part_of, parts, size).run(progress, cancel);
}

}  // namespace ptah
