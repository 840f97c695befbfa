#include "face/skin_paint.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/parallel.h"
#include "base/philox.h"
#include "face/head_map.h"

namespace ptah {

namespace {

float lattice(int32_t x, int32_t y, int32_t z, uint32_t seed) {
  uint32_t h = seed * 0x9E3779B9U ^ static_cast<uint32_t>(x) * 0x85EBCA6BU ^ static_cast<uint32_t>(y) * 0xC2B2AE35U ^ static_cast<uint32_t>(z) * 0x27D4EB2FU;
  h = (h ^ h >> 15) * 0x2C1B3C6DU;
  h = (h ^ h >> 12) * 0x297A2D39U;
  return static_cast<float>((h ^ h >> 15) >> 8) * 0x1p-23F - 1;
}

SrgbColour mixed(const SrgbColour& a, const SrgbColour& b, float t) {
  SrgbColour out;
  for (size_t c = 0; c < 3; ++c) out[c] = a[c] * (1 - t) + b[c] * t;
  return out;
}
SrgbColour scaled(const SrgbColour& a, const SrgbColour& by) { return {a[0] * by[0], a[1] * by[1], a[2] * by[2]}; }
uint8_t byte_of(float value) { return static_cast<uint8_t>(std::clamp(value * 255 + 0.5F, 0.0F, 255.0F)); }
void put_pixel(uint8_t* to, const SrgbColour& colour, float alpha = 1) {
  for (size_t c = 0; c < 3; ++c) to[c] = byte_of(colour[c]);
  to[3] = byte_of(alpha);
}

/// Which place of the data's mesh a texel shows.
struct SkinTexel {
  Vec3 place{};
  Vec2 source{};
  float out = -1;  ///< distance from the head's axis; below 0: nothing is there
};

class SkinMap {
 public:
  SkinMap(const PeopleData& data, const HeadPart& skin, int64_t size) : size_(size), texels_(static_cast<size_t>(size * size)) {
    const auto at = placed(skin, data.base);
    for (const Triangle& t : skin.triangles)
      for (const float shift : {0.0F, -1.0F}) draw(skin, at, t, shift);
    for (int round = 0; round < 8; ++round) grow();
  }
  const SkinTexel& at(int64_t x, int64_t y) const { return texels_[static_cast<size_t>(y * size_ + x)]; }

 private:
  void draw(const HeadPart& skin, const std::vector<Vec3>& at, const Triangle& t, float shift) {
    std::array<Vec2, 3> p;
    const auto edge = static_cast<float>(size_);
    for (size_t i = 0; i < 3; ++i) p[i] = {(skin.uvs[t[i]][0] + shift) * edge - 0.5F, skin.uvs[t[i]][1] * edge - 0.5F};
    const float area = (p[1][0] - p[0][0]) * (p[2][1] - p[0][1]) - (p[2][0] - p[0][0]) * (p[1][1] - p[0][1]);
    if (std::abs(area) < 1e-9F) return;
    const auto low = [&](size_t i) { return std::max<int64_t>(0, static_cast<int64_t>(std::floor(std::min({p[0][i], p[1][i], p[2][i]})))); };
    const auto high = [&](size_t i) { return std::min<int64_t>(size_ - 1, static_cast<int64_t>(std::ceil(std::max({p[0][i], p[1][i], p[2][i]})))); };
    for (int64_t y = low(1); y <= high(1); ++y)
      for (int64_t x = low(0); x <= high(0); ++x) {
        const float dx = static_cast<float>(x) - p[0][0], dy = static_cast<float>(y) - p[0][1];
        const float b = (dx * (p[2][1] - p[0][1]) - (p[2][0] - p[0][0]) * dy) / area, c = ((p[1][0] - p[0][0]) * dy - dx * (p[1][1] - p[0][1])) / area,
                    a = 1 - b - c;
        constexpr float kSlack = -1e-3F;
        if (a < kSlack || b < kSlack || c < kSlack) continue;
        const Vec3 place = at[t[0]] * a + at[t[1]] * b + at[t[2]] * c;
        const float out = length(Vec3{place[0], std::max(0.0F, place[1] - kHeadRingY), place[2] - kHeadAxisZ});
        SkinTexel& texel = texels_[static_cast<size_t>(y * size_ + x)];
        if (out <= texel.out) continue;
        texel.out = out;
        texel.place = place;
        for (size_t i = 0; i < 2; ++i) texel.source[i] = skin.source_uvs[t[0]][i] * a + skin.source_uvs[t[1]][i] * b + skin.source_uvs[t[2]][i] * c;
      }
  }

  /// Empty texels take what is beside them.
  void grow() {
    const auto before = texels_;
    for (int64_t y = 0; y < size_; ++y)
      for (int64_t x = 0; x < size_; ++x) {
        if (before[static_cast<size_t>(y * size_ + x)].out >= 0) continue;
        for (const auto& [dx, dy] : {std::pair<int64_t, int64_t>{-1, 0}, {1, 0}, {0, -1}, {0, 1}}) {
          const int64_t nx = (x + dx + size_) % size_, ny = y + dy;
          if (ny < 0 || ny >= size_) continue;
          const SkinTexel& beside = before[static_cast<size_t>(ny * size_ + nx)];
          if (beside.out >= 0) {
            texels_[static_cast<size_t>(y * size_ + x)] = beside;
            break;
          }
        }
      }
  }

  int64_t size_;
  std::vector<SkinTexel> texels_;
};

/// A mask at the uvs of the data, bilinear.
float smooth_mask(const Image& mask, const Vec2& uv) {
  if (mask.width < 2 || mask.height < 2) return 0;
  const float x = std::clamp(uv[0] * static_cast<float>(mask.width) - 0.5F, 0.0F, static_cast<float>(mask.width - 2));
  const float y = std::clamp((1 - uv[1]) * static_cast<float>(mask.height) - 0.5F, 0.0F, static_cast<float>(mask.height - 2));
  const auto ix = static_cast<int64_t>(x), iy = static_cast<int64_t>(y);
  const float fx = x - static_cast<float>(ix), fy = y - static_cast<float>(iy);
  const auto value = [&](int64_t dx, int64_t dy) { return static_cast<float>(*mask.at(ix + dx, iy + dy)) / 255; };
  return (value(0, 0) * (1 - fx) + value(1, 0) * fx) * (1 - fy) + (value(0, 1) * (1 - fx) + value(1, 1) * fx) * fy;
}

/// Distance from a line between two points, in the plane of x and y.
float distance_to_line(const Vec2& p, const Vec2& a, const Vec2& b) {
  const float dx = b[0] - a[0], dy = b[1] - a[1];
  const float t = std::clamp(((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / (dx * dx + dy * dy), 0.0F, 1.0F);
  return std::hypot(p[0] - a[0] - t * dx, p[1] - a[1] - t * dy);
}

/// How deep wrinkles are at a place, 0 to 1.
float wrinkle_at(const Vec3& p, uint32_t seed) {
  if (p[2] < 0.75F && p[1] > 6.2F) return 0;
  const float x = std::abs(p[0]), bend = 0.02F * space_noise(p * 5, seed) + 0.02F * space_noise(p * 2, seed + 1);
  float out = 0;
  constexpr float kWidth = 0.0085F;
  for (const float y : {7.62F, 7.70F, 7.78F, 7.865F, 7.94F})
    out = std::max(out,
                   0.75F * bell(p[1] - y - bend - 0.06F * x * x, kWidth) * (1 - smooth_step(0.38F, 0.56F, x)) * (0.6F + 0.4F * space_noise(p * 3, seed + 7)));
  for (const float slope : {-0.5F, -0.2F, 0.1F, 0.42F, 0.7F}) {  // beside the eyes
    const Vec2 from{0.505F, 7.27F + 0.03F * slope}, to{0.64F, 7.27F + 0.14F * slope};
    out = std::max(out, 0.8F * bell(distance_to_line({x, p[1] + bend * 0.6F}, from, to), kWidth * 0.8F));
  }
  for (const float drop : {0.0F, 0.035F, 0.07F}) {  // below the eyes
    const float line = 7.165F - drop + 0.9F * (x - 0.31F) * (x - 0.31F);
    out = std::max(out, 0.55F * bell(p[1] - line - bend * 0.5F, kWidth) * smooth_step(0.16F, 0.22F, x) * (1 - smooth_step(0.42F, 0.5F, x)));
  }
  const Vec2 q{x, p[1] + bend};
  const float fold = std::min({distance_to_line(q, {0.19F, 6.95F}, {0.265F, 6.83F}), distance_to_line(q, {0.265F, 6.83F}, {0.33F, 6.68F}),
                               distance_to_line(q, {0.33F, 6.68F}, {0.345F, 6.58F})});
  out = std::max(out, bell(fold, kWidth * 1.6F));
  out = std::max(out, 0.6F * bell(distance_to_line(q, {0.27F, 6.57F}, {0.30F, 6.42F}), kWidth * 1.4F));
  for (const float at : {0.055F, 0.085F})
    out = std::max(out, 0.6F * bell(x - at - bend * 0.4F, kWidth) * smooth_step(7.4F, 7.46F, p[1]) * (1 - smooth_step(7.56F, 7.66F, p[1])));
  for (const float at : {0.03F, 0.08F, 0.13F, 0.18F})
    out = std::max(out, 0.35F * bell(x - at - bend * 0.3F, kWidth * 0.7F) * smooth_step(6.7F, 6.74F, p[1]) * (1 - smooth_step(6.78F, 6.84F, p[1])));
  for (const float y : {6.02F, 5.88F, 5.76F})
    out = std::max(out, 0.5F * bell(p[1] - y - bend * 1.5F - 0.12F * x, kWidth * 1.3F) * (1 - smooth_step(0.25F, 0.6F, x)));
  return std::clamp(out, 0.0F, 1.0F);
}

/// Spots of a fixed size in a lattice of cells, some of which have one.
float spots_at(const Vec3& p, float per_unit, float share, uint32_t seed) {
  const Vec3 q = p * per_unit;
  float out = 0;
  for (int dx = -1; dx <= 1; ++dx)
    for (int dy = -1; dy <= 1; ++dy)
      for (int dz = -1; dz <= 1; ++dz) {
        const auto x = static_cast<int32_t>(std::floor(q[0])) + dx, y = static_cast<int32_t>(std::floor(q[1])) + dy,
                   z = static_cast<int32_t>(std::floor(q[2])) + dz;
        if (lattice(x, y, z, seed) * 0.5F + 0.5F > share) continue;
        const auto inside = [&](int32_t cell, uint32_t more) { return static_cast<float>(cell) + 0.5F + 0.4F * lattice(x, y, z, seed + more); };
        const float d = length(q - Vec3{inside(x, 1), inside(y, 2), inside(z, 3)}), radius = 0.22F + 0.12F * lattice(x, y, z, seed + 4);
        out = std::max(out, 1 - smooth_step(radius * 0.5F, radius, d));
      }
  return out;
}

/// What a texel of skin is.
struct SkinPoint {
  SrgbColour colour;
  float roughness = 0.5F, height = 0;  ///< millimetres
};

class SkinPainter {
 public:
  SkinPainter(const PeopleData& data, const Person& person)
      : data_(data), person_(person), base_(skin_colour(person.skin)), seed_(static_cast<uint32_t>(person.seed * 2654435761U)) {
    receding_ = person.hair == "receding" ? 1.0F : 0.12F * std::clamp(person.gender, 0.0F, 1.0F);
  }

  SkinPoint operator()(const SkinTexel& texel) const {
    const Vec3& p = texel.place;
    SkinPoint out{base_, 0.5F, 0};
    tint(p, texel, out);
    detail(p, out);
    lips(p, texel, out);
    hair(p, out);
    return out;
  }

 private:
  /// Where blood shines through, lids and rings below the eyes.
  void tint(const Vec3& p, const SkinTexel& texel, SkinPoint& out) const {
    const float x = std::abs(p[0]), light = 1 - 0.75F * person_.skin, front = smooth_step(0.8F, 1.1F, p[2]);
    const float uneven = 0.5F + 0.5F * space_noise(p * 6, seed_ + 11);
    float red = 0.9F * person_.blush * bell(std::hypot(x - 0.43F, p[1] - 6.93F), 0.15F) * front * (0.7F + 0.6F * uneven);
    red += 0.32F * bell(std::hypot(x * 0.9F, p[1] - 6.94F), 0.1F) * smooth_step(1.4F, 1.55F, p[2]);
    red += 0.12F * bell(std::hypot(x, p[1] - 6.3F), 0.13F) * front;
    red += 0.35F * smooth_mask(data_.ears, texel.source);
    const SrgbColour blood{1.02F, 0.80F, 0.78F};
    out.colour = mixed(out.colour, scaled(out.colour, blood), std::clamp(red * light, 0.0F, 1.0F));
    const float eye = std::hypot((x - 0.31F) / 0.235F, (p[1] - 7.285F) / 0.125F), around = (1 - smooth_step(0.75F, 1.5F, eye)) * smooth_step(1, 1.15F, p[2]);
    out.colour = mixed(out.colour, scaled(out.colour, {0.86F, 0.76F, 0.74F}), around * 0.55F);
    const float below = bell(std::hypot((x - 0.29F) * 0.6F, p[1] - 7.17F), 0.045F) * smooth_step(1.1F, 1.25F, p[2]);
    out.colour = mixed(out.colour, scaled(out.colour, {0.86F, 0.80F, 0.84F}), below * (0.3F + 0.5F * person_.wrinkles));
    const float lid = smooth_mask(data_.eyelids, texel.source);
    out.colour = mixed(out.colour, scaled(out.colour, {0.88F, 0.78F, 0.76F}), lid * 0.5F);
    // The rims of the lids are moist and pink, the line of the lashes is dark.
    const float rim = (1 - smooth_step(0.42F, 0.62F, eye)) * smooth_step(1.1F, 1.25F, p[2]);
    out.colour = mixed(out.colour, SrgbColour{0.70F * base_[0] + 0.12F, 0.58F * base_[1], 0.55F * base_[2]}, rim * 0.6F);
    out.roughness -= 0.09F * bell(std::hypot(x, p[1] - 7.0F), 0.22F) * front + 0.08F * bell(std::hypot(x, p[1] - 7.75F), 0.2F) * front;
  }

  void detail(const Vec3& p, SkinPoint& out) const {
    const float broad = space_noise(p * 3.1F, seed_) * 0.5F + space_noise(p * 9, seed_ + 3) * 0.35F, fine = space_noise(p * 34, seed_ + 5),
                finest = space_noise(p * 68, seed_ + 6);
    for (size_t c = 0; c < 3; ++c) out.colour[c] *= 1 + 0.022F * broad + (0.012F + 0.004F * static_cast<float>(c)) * fine + 0.012F * finest;
    out.height += 0.022F * fine + 0.02F * finest;
    out.roughness += 0.03F * fine;
    if (person_.freckles > 0) {
      const float where = bell(std::hypot(std::abs(p[0]) * 0.65F, p[1] - 7.02F), 0.2F) * smooth_step(0.95F, 1.2F, p[2]) + 0.25F * smooth_step(0.7F, 1.1F, p[2]);
      const float spots = std::max(spots_at(p, 26, 0.34F, seed_ + 21), spots_at(p, 40, 0.3F, seed_ + 22) * 0.7F);
      out.colour = mixed(out.colour, scaled(out.colour, {0.78F, 0.62F, 0.5F}), std::clamp(spots * where * person_.freckles * 1.2F, 0.0F, 0.85F));
    }
    const float moles = spots_at(p, 5.5F, 0.012F + 0.02F * person_.wrinkles, seed_ + 31);
    const float size = smooth_step(0.86F, 1.0F, moles);
    out.colour = mixed(out.colour, scaled(out.colour, {0.55F, 0.42F, 0.36F}), size * 0.8F);
    if (person_.wrinkles > 0) {
      const float deep = wrinkle_at(p, seed_ + 41) * person_.wrinkles;
      out.height -= 0.5F * deep;
      out.colour = mixed(out.colour, scaled(out.colour, {0.84F, 0.74F, 0.70F}), 0.75F * deep);
      const float spots = spots_at(p, 9, 0.1F, seed_ + 51);
      out.colour = mixed(out.colour, scaled(out.colour, {0.86F, 0.76F, 0.68F}), 0.5F * spots * smooth_step(0.6F, 1, person_.wrinkles));
    }
  }

  void lips(const Vec3& p, const SkinTexel& texel, SkinPoint& out) const {
    const float mask = smooth_step(0.25F, 0.8F, smooth_mask(data_.lips, texel.source));
    if (mask <= 0) return;
    const SrgbColour natural = mixed(scaled(base_, {0.90F, 0.66F, 0.66F}), SrgbColour{0.62F, 0.33F, 0.31F}, 0.3F * (1 - person_.skin));
    const SrgbColour colour = mixed(natural, SrgbColour{0.60F, 0.07F, 0.12F}, person_.lipstick);
    const float lines = space_noise({p[0] * 46, p[1] * 6, p[2] * 6}, seed_ + 61);
    const float seam = bell(p[1] - 6.61F, 0.014F) * 0.35F;
    out.colour = mixed(out.colour, mixed(colour, scaled(colour, {0.6F, 0.5F, 0.5F}), seam), mask * (0.78F + 0.22F * person_.lipstick));
    for (float& c : out.colour) c *= 1 + 0.04F * lines * mask;
    out.roughness = out.roughness * (1 - mask) + (0.36F - 0.08F * person_.lipstick) * mask;
    out.height += 0.05F * lines * mask;
  }

  /// The shade of hair on the skin: below the hair of the head, of brows and beards.
  void hair(const Vec3& p, SkinPoint& out) const {
    const SrgbColour grown = mixed(person_.hair_colour, SrgbColour{0.6F, 0.6F, 0.6F}, person_.grey * 0.8F), root = scaled(grown, {0.62F, 0.62F, 0.62F});
    const float noise = space_noise(p * 60, seed_ + 71);
    if (person_.hair != "bald") {
      const float strength = person_.hair == "shaved" ? 0.62F : person_.hair == "receding" ? 0.72F : 0.93F;
      out.colour = mixed(out.colour, root, scalp_at(p, receding_) * strength * (0.9F + 0.1F * noise));
    }
    out.colour = mixed(out.colour, root, eyebrow_at(p, person_.brows) * 0.55F);
    if (person_.beard != "none" || (person_.gender > 0.7F && person_.age > 18)) {
      const float where = person_.beard == "moustache" ? std::max(moustache_at(p), 0.35F * beard_at(p)) : beard_at(p);
      const float strength = person_.beard == "none" ? 0.13F : person_.beard == "stubble" ? 0.42F : person_.beard == "moustache" ? 0.5F : 0.62F;
      out.colour = mixed(out.colour, root, std::clamp(where * strength * (0.8F + 0.5F * noise), 0.0F, 1.0F));
    }
  }

  const PeopleData& data_;
  const Person& person_;
  SrgbColour base_;
  uint32_t seed_;
  float receding_ = 0;
};

}  // namespace

float space_noise(const Vec3& p, uint32_t seed) {
  std::array<int32_t, 3> cell{};
  Vec3 f{};
  for (size_t i = 0; i < 3; ++i) {
    const float floor = std::floor(p[i]);
    cell[i] = static_cast<int32_t>(floor);
    const float t = p[i] - floor;
    f[i] = t * t * (3 - 2 * t);
  }
  float out = 0;
  for (int corner = 0; corner < 8; ++corner) {
    const int x = corner & 1, y = corner >> 1 & 1, z = corner >> 2;
    out += lattice(cell[0] + x, cell[1] + y, cell[2] + z, seed) * (x ? f[0] : 1 - f[0]) * (y ? f[1] : 1 - f[1]) * (z ? f[2] : 1 - f[2]);
  }
  return out;
}

SkinTextures paint_skin(const PeopleData& data, const HeadPart& skin, const Person& person, int64_t size) {
  const SkinMap map(data, skin, size);
  const SkinPainter painter(data, person);
  std::vector<SkinPoint> points(static_cast<size_t>(size * size));
  parallel_for(size, size * 2000, [&](int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; ++y)
      for (int64_t x = 0; x < size; ++x) {
        const SkinTexel& texel = map.at(x, y);
        SkinPoint& point = points[static_cast<size_t>(y * size + x)];
        point = texel.out < 0 ? SkinPoint{skin_colour(person.skin), 0.5F, 0} : painter(texel);
      }
  });
  SkinTextures out{make_image(size, size), make_image(size, size), make_image(size, size)};
  const float texel_mm = 430.0F / static_cast<float>(size);  // about, in front
  parallel_for(size, size * 50, [&](int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; ++y)
      for (int64_t x = 0; x < size; ++x) {
        const auto height = [&](int64_t dx, int64_t dy) {
          return points[static_cast<size_t>(std::clamp<int64_t>(y + dy, 0, size - 1) * size + (x + dx + size) % size)].height;
        };
        const SkinPoint& point = points[static_cast<size_t>(y * size + x)];
        const Vec3 normal = normalized({(height(-1, 0) - height(1, 0)) / (2 * texel_mm), (height(0, 1) - height(0, -1)) / (2 * texel_mm), 1});
        put_pixel(out.colour.at(x, y), point.colour);
        put_pixel(out.normals.at(x, y), {normal[0] * 0.5F + 0.5F, normal[1] * 0.5F + 0.5F, normal[2] * 0.5F + 0.5F});
        put_pixel(out.roughness.at(x, y), {1, std::clamp(point.roughness, 0.2F, 1.0F), 0});
      }
  });
  return out;
}

Image paint_eye(const Person& person, int64_t size) {
  Image out = make_image(size, size);
  const auto seed = static_cast<uint32_t>(person.seed);
  constexpr float kIris = 27.5F, kPupil = 10;
  for (int64_t y = 0; y < size; ++y)
    for (int64_t x = 0; x < size; ++x) {
      const float dx = (static_cast<float>(x) + 0.5F) / static_cast<float>(size) - 0.5F, dy = 0.5F - (static_cast<float>(y) + 0.5F) / static_cast<float>(size);
      const float angle = std::hypot(dx, dy) * 2 * kEyeEdge, around = std::atan2(dy, dx);
      const float fibres = space_noise({std::cos(around) * 16, std::sin(around) * 16, angle * 0.06F}, seed + 3) * 0.6F +
                           space_noise({std::cos(around) * 34, std::sin(around) * 34, angle * 0.12F}, seed + 4) * 0.4F;
      const float veins = std::max(0.0F, space_noise({dx * 30, dy * 30, 4}, seed + 9));
      SrgbColour white = mixed({0.86F, 0.84F, 0.82F}, {0.80F, 0.62F, 0.58F}, smooth_step(36, 72, angle) * 0.75F);
      white = mixed(white, {0.78F, 0.5F, 0.46F}, veins * veins * 0.35F * smooth_step(30, 60, angle));
      const float t = std::clamp((angle - kPupil) / (kIris - kPupil), 0.0F, 1.0F);
      SrgbColour iris = person.eye_colour;
      for (float& c : iris) c *= (1.05F + 0.38F * fibres) * (0.8F + 0.35F * bell(t - 0.45F, 0.25F));
      iris = mixed(iris, SrgbColour{iris[0] * 1.1F + 0.06F, iris[1] * 0.95F + 0.03F, iris[2] * 0.7F}, 0.45F * bell(t - 0.12F, 0.14F));
      iris = mixed(iris, scaled(iris, {0.28F, 0.28F, 0.3F}), smooth_step(0.78F, 0.99F, t));
      SrgbColour colour = mixed(iris, white, smooth_step(kIris - 1.2F, kIris + 1.6F, angle));
      colour = mixed({0.015F, 0.012F, 0.012F}, colour, smooth_step(kPupil - 0.9F, kPupil + 0.9F, angle));
      // The lid above throws its shadow.
      const float shade = smooth_step(0.02F, 0.16F, dy);
      put_pixel(out.at(x, y), scaled(colour, {1 - 0.42F * shade, 1 - 0.45F * shade, 1 - 0.45F * shade}));
    }
  return out;
}

Image paint_teeth(int64_t size) {
  Image out = make_image(size, size);
  for (int64_t y = 0; y < size; ++y)
    for (int64_t x = 0; x < size; ++x) {
      const float u = (static_cast<float>(x) + 0.5F) / static_cast<float>(size), v = (static_cast<float>(y) + 0.5F) / static_cast<float>(size);
      const bool upper = u < 0.5F;
      const float angle = (u - (upper ? 0.25F : 0.75F)) / 0.1F;  // radians along the row
      const float width = upper ? 0.30F : 0.25F, at = angle / width, in_tooth = at - std::floor(at);
      const float gap = std::min(in_tooth, 1 - in_tooth);
      const float back = std::min(1.0F, std::abs(angle) / 1.4F);
      SrgbColour tooth = mixed({0.87F, 0.84F, 0.77F}, {0.66F, 0.58F, 0.48F}, back * 0.8F);
      tooth = mixed(scaled(tooth, {0.62F, 0.55F, 0.48F}), tooth, smooth_step(0.0F, 0.09F, gap));
      const float gum = 0.66F + 0.10F * (gap < 0.25F ? gap / 0.25F : 1.0F);
      const SrgbColour flesh{0.66F, 0.36F, 0.35F};
      put_pixel(out.at(x, y), mixed(tooth, flesh, smooth_step(gum - 0.04F, gum + 0.04F, v)));
    }
  return out;
}

Image paint_lashes(int64_t size) {
  Image out = make_image(size, size);
  for (int64_t y = 0; y < size; ++y)
    for (int64_t x = 0; x < size; ++x) {
      const float u = (static_cast<float>(x) + 0.5F) / static_cast<float>(size), v = (static_cast<float>(y) + 0.5F) / static_cast<float>(size);
      const float at = u * 30, in = std::abs(at - std::floor(at) - 0.5F) * 2, long_as = 0.72F + 0.28F * lattice(static_cast<int32_t>(std::floor(at)), 0, 0, 5);
      const bool lash = v < 0.3F || (v < long_as && in < 0.62F * (1 - v / long_as));
      put_pixel(out.at(x, y), {0.05F, 0.04F, 0.035F}, lash ? 1 : 0);
    }
  return out;
}

Image paint_hair(const Person& person, int64_t size) {
  Image out = make_image(size, size);
  Random random(person.seed, 0x48616972);
  const auto columns = static_cast<size_t>(size);
  std::vector<float> shades(columns), ends(columns);
  std::vector<bool> greys(columns);
  float grey = 0;
  for (size_t i = 0; i < columns; ++i) {
    if (i % 2 == 0) grey = random.uniform();
    greys[i] = grey < person.grey * 1.05F - 0.02F;
    shades[i] = 0.84F + 0.34F * random.uniform();
    ends[i] = 0.55F + 0.5F * random.uniform();
  }
  for (int64_t y = 0; y < size; ++y)
    for (int64_t x = 0; x < size; ++x) {
      const auto column = static_cast<size_t>(x);
      const float v = (static_cast<float>(y) + 0.5F) / static_cast<float>(size);
      SrgbColour colour = greys[column] ? SrgbColour{0.74F, 0.74F, 0.73F} : person.hair_colour;
      const float shade = shades[column] * (0.72F + 0.34F * smooth_step(0, 0.7F, v));
      for (float& c : colour) c *= shade;
      put_pixel(out.at(x, y), colour, v < ends[column] ? 1 : 0);
    }
  return out;
}

}  // namespace ptah
