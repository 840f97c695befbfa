#include "face/strands.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/philox.h"
#include "face/head_map.h"
#include "face/skin_paint.h"

namespace ptah {

namespace {

constexpr float kPi = std::numbers::pi_v<float>;

/// How far a head and shoulders reach from the head's middle, by direction.
class ReachMap {
 public:
  ReachMap(const Vec3& middle, const std::vector<std::pair<const HeadPart*, std::vector<Vec3>>>& parts, const PeopleData& data) : middle_(middle) {
    for (const auto& [part, at] : parts) {
      const auto own = placed(*part, data.base);
      for (const Triangle& t : part->triangles) {
        if (own[t[0]][1] < 6.0F) continue;  // hair hangs past the shoulders
        const bool ear = std::abs(own[t[0]][0]) > 0.72F && own[t[0]][1] < 7.45F && own[t[0]][1] > 6.7F && own[t[0]][2] > 0.25F && own[t[0]][2] < 0.75F;
        if (ear) continue;
        constexpr int kParts = 5;
        for (int i = 0; i <= kParts; ++i)
          for (int j = 0; i + j <= kParts; ++j) {
            const float a = static_cast<float>(i) / kParts, b = static_cast<float>(j) / kParts;
            const Vec3 d = at[t[0]] * a + at[t[1]] * b + at[t[2]] * (1 - a - b) - middle_;
            float& cell = cells_[index(d)];
            cell = std::max(cell, length(d));
          }
      }
    }
    fill();
  }

  const Vec3& middle() const { return middle_; }
  float reach(const Vec3& d) const {
    const auto [x, y] = place(d);
    const int ix = static_cast<int>(std::floor(x)), iy = std::clamp(static_cast<int>(std::floor(y)), 0, kRows - 2);
    const float fx = x - static_cast<float>(ix), fy = std::clamp(y - static_cast<float>(iy), 0.0F, 1.0F);
    const auto value = [&](int dx, int dy) { return cells_[static_cast<size_t>((iy + dy) * kColumns + (ix + dx + kColumns) % kColumns)]; };
    return (value(0, 0) * (1 - fx) + value(1, 0) * fx) * (1 - fy) + (value(0, 1) * (1 - fx) + value(1, 1) * fx) * fy;
  }

 private:
  static constexpr int kColumns = 96, kRows = 64;
  static std::pair<float, float> place(const Vec3& d) {
    const float around = std::atan2(d[0], d[2]) / (2 * kPi) + 0.5F, up = std::asin(std::clamp(d[1] / std::max(1e-6F, length(d)), -1.0F, 1.0F)) / kPi + 0.5F;
    return {around * kColumns - 0.5F, up * kRows - 0.5F};
  }
  static size_t index(const Vec3& d) {
    const auto [x, y] = place(d);
    const int ix = (static_cast<int>(std::floor(x + 0.5F)) + kColumns) % kColumns, iy = std::clamp(static_cast<int>(std::floor(y + 0.5F)), 0, kRows - 1);
    return static_cast<size_t>(iy * kColumns + ix);
  }
  void fill() {
    for (int round = 0; round < kRows; ++round) {
      auto before = cells_;
      for (int y = 0; y < kRows; ++y)
        for (int x = 0; x < kColumns; ++x) {
          float& cell = cells_[static_cast<size_t>(y * kColumns + x)];
          if (cell > 0) continue;
          for (const auto& [dx, dy] : {std::pair{1, 0}, {-1, 0}, {0, 1}, {0, -1}})
            if (y + dy >= 0 && y + dy < kRows) cell = std::max(cell, before[static_cast<size_t>((y + dy) * kColumns + (x + dx + kColumns) % kColumns)]);
        }
    }
  }

  Vec3 middle_;
  std::vector<float> cells_ = std::vector<float>(static_cast<size_t>(kColumns * kRows), 0);
};

/// A place on the skin.
struct StrandRoot {
  Triangle triangle{};  ///< vertices of the part
  float a = 0, b = 0;
  Vec3 own{}, at{}, normal{};  ///< on the data's mesh; on the person
};

/// Places spread evenly over that part of the skin where `density` is above 0.
class RootSampler {
 public:
  using Density = std::function<float(const Vec3&)>;
  RootSampler(const PeopleData& data, const HeadPart& skin, const std::vector<Vec3>& positions, Density density)
      : own_(placed(skin, data.base)), at_(placed(skin, positions)), normals_(part_normals(skin, at_)), density_(std::move(density)) {
    float sum = 0;
    for (const Triangle& t : skin.triangles) {
      float best = 0;
      for (const uint32_t v : t) best = std::max(best, density_(own_[v]));
      best = std::max(best, density_((own_[t[0]] + own_[t[1]] + own_[t[2]]) * (1.0F / 3)));
      if (best <= 0) continue;
      sum += length(cross(own_[t[1]] - own_[t[0]], own_[t[2]] - own_[t[0]])) / 2;
      triangles_.push_back(t);
      sums_.push_back(sum);
    }
  }
  bool empty() const { return triangles_.empty(); }
  StrandRoot next(Random& random) const {
    StrandRoot out;
    for (int tries = 0; tries < 60; ++tries) {
      const float at = random.uniform() * sums_.back();
      const auto i = std::min<size_t>(static_cast<size_t>(std::upper_bound(sums_.begin(), sums_.end(), at) - sums_.begin()), triangles_.size() - 1);
      float a = random.uniform(), b = random.uniform();
      const float kept = random.uniform();
      if (a + b > 1) a = 1 - a, b = 1 - b;
      const Triangle& t = triangles_[i];
      const auto mix = [&](const std::vector<Vec3>& of) { return of[t[0]] * a + of[t[1]] * b + of[t[2]] * (1 - a - b); };
      out = {t, a, b, mix(own_), mix(at_), normalized(mix(normals_))};
      if (density_(out.own) > kept) break;
    }
    return out;
  }

 private:
  std::vector<Vec3> own_, at_, normals_;
  Density density_;
  std::vector<Triangle> triangles_;
  std::vector<float> sums_;
};

struct RibbonLook {
  float width = 0.02F;  ///< at the root
  float tip = 0.4F;     ///< of it
  float u = 0, u_width = 0.125F;
  float tilt = 0;  ///< turns the ribbon about its way, radians
  float v = 1;     ///< of the texture at the tip
};

/// Adds a ribbon along places; `anchor` says what a place hangs on.
void add_ribbon(HeadPart& part, const std::vector<Vec3>& way, const std::function<Vec3(size_t)>& outward, const RibbonLook& look,
                const std::function<HeadAnchor(const Vec3&)>& anchor) {
  const auto first = static_cast<uint32_t>(part.vertices.size());
  for (size_t i = 0; i < way.size(); ++i) {
    const Vec3 along = normalized(i + 1 < way.size() ? way[i + 1] - way[i] : way[i] - way[i - 1]), out = outward(i);
    Vec3 side = cross(along, out);
    side = length(side) > 1e-5F ? normalized(side) : Vec3{1, 0, 0};
    const Vec3 turned = normalized(side * std::cos(look.tilt) + cross(along, side) * std::sin(look.tilt));
    const float t = static_cast<float>(i) / static_cast<float>(way.size() - 1), half = look.width / 2 * (1 + (look.tip - 1) * t * t);
    for (const float s : {-1.0F, 1.0F}) {
      part.vertices.push_back(anchor(way[i] + turned * (s * half)));
      part.surface.push_back(static_cast<uint32_t>(part.surface.size()));
      part.uvs.push_back({look.u + (s > 0 ? look.u_width : 0), t * look.v});
      part.fixed_normals.push_back(normalized(out + side * (0.35F * s)));
    }
    if (i == 0) continue;
    const auto at = first + static_cast<uint32_t>(2 * i);
    part.triangles.push_back({at - 2, at - 1, at + 1});
    part.triangles.push_back({at - 2, at + 1, at});
  }
}

HeadAnchor fixed_at(const Vec3& p) { return {{}, {}, p}; }

/// What hangs on a triangle of the skin. Vertices of the skin lie between two of the data's; the first of them is near enough.
HeadAnchor rooted_at(const HeadPart& skin, const StrandRoot& root, const Vec3& p) {
  HeadAnchor out;
  const std::array<float, 3> weights{root.a, root.b, 1 - root.a - root.b};
  for (size_t i = 0; i < 3; ++i) {
    const HeadAnchor& corner = skin.vertices[root.triangle[i]];
    out.of[i] = corner.of[corner.weight[1] > corner.weight[0] ? 1 : 0];
    out.weight[i] = weights[i];
  }
  out.offset = p - root.at;
  return out;
}

/// How the hair of the head falls.
struct HairCut {
  int64_t strands = 2000, steps = 5;
  float length = 0.3F, width = 0.03F, lift = 0.4F, weight = 0.2F, curl = 0, volume = 0.06F, receding = 0;
  bool parted = false, tied = false;
};
HairCut cut_of(const Person& person) {
  const float male = std::clamp(person.gender, 0.0F, 1.0F);
  if (person.hair == "short") return {3000, 4, 0.34F, 0.032F, 0.55F, 0.10F, 0, 0.05F, 0.12F * male, false, false};
  if (person.hair == "receding") return {2200, 4, 0.2F, 0.026F, 0.45F, 0.15F, 0, 0.03F, 1, false, false};
  if (person.hair == "medium") return {2000, 11, 1.9F, 0.045F, 0.12F, 0.5F, 0, 0.12F, 0, true, false};
  if (person.hair == "long") return {2000, 16, 4.0F, 0.05F, 0.12F, 0.5F, 0, 0.14F, 0, true, false};
  if (person.hair == "curly") return {3400, 9, 0.6F, 0.05F, 1.1F, 0.02F, 1, 0.1F, 0.08F * male, false, false};
  return {1700, 8, 2.2F, 0.05F, 0.25F, 0, 0, 0.045F, 0, false, true};  // bun
}

class HairGrower {
 public:
  HairGrower(const ReachMap& reach, const HairCut& cut, Random& random, const Vec3& chin, const Vec3& brow)
      : reach_(reach), cut_(cut), random_(random), chin_(chin), brow_(brow) {
    const Vec3 back{0, 0.62F, -0.78F};
    knot_ = reach_.middle() + normalized(back) * (reach_.reach(back) + 0.16F);
  }
  const Vec3& knot() const { return knot_; }

  std::vector<Vec3> grow(const StrandRoot& root) {
    const float above = random_.uniform() * cut_.volume, vary = 0.82F + 0.3F * random_.uniform();
    float length_here = cut_.length * vary;
    // Sides and back of short hair are shorter than its top.
    if (!cut_.parted && !cut_.tied && cut_.curl == 0) length_here *= 0.34F + 0.66F * smooth_step(7.35F, 8.1F, root.own[1]);
    const float step = length_here / static_cast<float>(cut_.steps), phase = 2 * kPi * random_.uniform(), turn = 13 + 6 * random_.uniform();
    const Vec3 loose{random_.uniform() - 0.5F, random_.uniform() - 0.5F, random_.uniform() - 0.5F};
    front_ = root.own[2] > 0.75F && (loose[0] > 0.1F || root.own[1] < 7.6F);
    Vec3 way = first_way(root, loose), p = root.at - root.normal * 0.01F;
    std::vector<Vec3> out{p};
    for (int64_t i = 1; i <= cut_.steps; ++i) {
      const float t = static_cast<float>(i) / static_cast<float>(cut_.steps);
      if (cut_.tied) {
        const Vec3 to = knot_ - p;
        if (length(to) < 0.16F) break;
        way = normalized(way * 0.5F + normalized(to) * 0.7F);
        p = p + way * std::min(step, length(to));
      } else {
        way = normalized(way + Vec3{0, -1, 0} * (cut_.weight * (0.5F + t)) + loose * (cut_.curl > 0 ? 0.3F : 0.06F));
        p = cut_.parted ? lying(p + way * step, 0.03F + above) : p + way * step;
      }
      Vec3 place = p;
      if (cut_.curl > 0) {
        const Vec3 side = normalized(cross(way, Vec3{0.3F, 0.9F, 0.2F})), other = cross(way, side);
        place = p + (side * std::cos(phase + turn * t) + other * std::sin(phase + turn * t)) * (0.06F * cut_.curl);
      }
      Vec3 pushed = outside(place, 0.02F + above * smooth_step(0, 0.25F, t));
      if (cut_.parted) {
        // Behind the shoulders, or before them.
        const float low = smooth_step(chin_[1] + 0.05F, chin_[1] - 0.75F, pushed[1]), to = (front_ ? 1.12F : -0.42F) + chin_[2] - 1.4F + 2 * (above - 0.07F);
        pushed[2] += (to - pushed[2]) * low * 0.3F;
      }
      if (cut_.curl == 0) {
        const Vec3 real = pushed - out.back();
        if (length(real) > 1e-4F) way = normalized(way * 0.35F + normalized(real) * 0.65F);
        p = pushed;
      }
      out.push_back(pushed);
    }
    return out;
  }

 private:
  Vec3 first_way(const StrandRoot& root, const Vec3& loose) const {
    const Vec3& own = root.own;
    Vec3 comb{};
    if (cut_.tied) {
      comb = normalized(knot_ - root.at);
    } else if (cut_.parted) {
      const float side = own[0] - kParting < 0 ? -1.0F : 1.0F, front = smooth_step(0.5F, 1.3F, own[2]);
      comb = normalized({side, 0.15F * front - 0.2F, -0.45F + 0.35F * (1 - front)});
      if (own[2] < 0.1F) comb = normalized({side * 0.35F, -0.6F, -0.7F});
    } else {
      // From the crown to all sides, on top to the front and a little aside.
      const float top = smooth_step(7.75F, 8.3F, own[1]);
      comb = normalized(Vec3{0.45F, -0.1F, 0.75F} * top + Vec3{0.12F * own[0], -0.95F, -0.25F} * (1 - top));
    }
    return normalized(comb + root.normal * cut_.lift + loose * 0.35F);
  }

  /// Not above the head farther than hair lies on it; below the ears it hangs.
  Vec3 lying(const Vec3& p, float above) const {
    const Vec3 d = p - reach_.middle();
    const float far = length(d), max_reach = reach_.reach(d) + above + 0.3F * smooth_step(0.1F, -0.5F, d[1]) + 9 * smooth_step(-0.55F, -0.9F, d[1]);
    return far > max_reach ? reach_.middle() + d * (max_reach / far) : p;
  }

  /// Off the head, and out of the face.
  Vec3 outside(Vec3 p, float above) const {
    Vec3 d = p - reach_.middle();
    if (cut_.parted && p[1] < brow_[1] + 0.55F && d[2] > 0) {
      const float min_azimuth = (50 + 8 * smooth_step(brow_[1] + 0.4F, brow_[1] - 0.3F, p[1])) * kPi / 180, out = std::hypot(d[0], d[2]);
      const float lower = smooth_step(chin_[1] + 0.1F, chin_[1] - 0.7F, p[1]);  // below the chin it may come to the front
      const float azimuth = std::atan2(std::abs(d[0]), d[2]), wanted = std::max(azimuth, min_azimuth * (1 - 0.45F * lower));
      d = {std::sin(wanted) * out * (d[0] < 0 ? -1.0F : 1.0F), d[1], std::cos(wanted) * out};
    }
    const float reach = reach_.reach(d) + above, far = length(d);
    if (far < reach) d = d * (reach / std::max(1e-4F, far));
    return reach_.middle() + d;
  }

  static constexpr float kParting = 0.16F;
  const ReachMap& reach_;
  HairCut cut_;
  Random& random_;
  Vec3 chin_, brow_, knot_{};
  bool front_ = false;
};

/// The vertex of the data's body that is nearest to a place of its mesh.
uint32_t vertex_near(const PeopleData& data, const Vec3& place) {
  uint32_t best = 0;
  constexpr uint32_t kBody = 13380;
  for (uint32_t v = 0; v < std::min<size_t>(kBody, data.base.size()); ++v)
    if (length(data.base[v] - place) < length(data.base[best] - place)) best = v;
  return best;
}

void add_knot(HeadPart& part, const Vec3& knot, const Vec3& middle, Random& random) {
  const Vec3 axis = normalized(knot - middle), side = normalized(cross(axis, Vec3{1, 0, 0})), other = cross(axis, side);
  constexpr float kRadius = 0.36F;
  for (int i = 0; i < 190; ++i) {
    const float tilt = 0.9F * (random.uniform() - 0.5F), start = 2 * kPi * random.uniform(), off = 0.75F * (random.uniform() * 2 - 1),
                r = kRadius * (0.93F + 0.1F * random.uniform());
    std::vector<Vec3> way;
    for (int k = 0; k <= 7; ++k) {
      const float a = start + 2.2F * static_cast<float>(k) / 7, ring = std::sqrt(1 - off * off);
      const Vec3 d = side * (std::cos(a) * ring) + other * (std::sin(a) * ring) + axis * (off + tilt * std::sin(a));
      way.push_back(knot + axis * 0.06F + normalized(d) * r);
    }
    add_ribbon(
        part, way, [&](size_t k) { return normalized(way[k] - knot); }, {0.055F, 0.8F, random.uniform() * 0.875F, 0.125F, 0}, fixed_at);
  }
}

}  // namespace

HeadPart hair_part(const PeopleData& data, const HeadPart& skin, const HeadPart& shirt, const Person& person, const std::vector<Vec3>& positions) {
  HeadPart out;
  out.name = "hair";
  if (person.hair == "bald" || person.hair == "shaved") return out;
  const HairCut cut = cut_of(person);
  const RootSampler roots(data, skin, positions, [&](const Vec3& p) { return scalp_at(p, cut.receding); });
  if (roots.empty()) return out;
  const Vec3 top = positions[vertex_near(data, {0, 8.49F, 0.5F})], neck = positions[vertex_near(data, {0, 6.9F, -0.2F})],
             brow = positions[vertex_near(data, {0, 7.45F, 1.5F})], chin = positions[vertex_near(data, {0, 6.2F, 1.35F})];
  const Vec3 middle{0, (brow[1] * 2 + top[1]) / 3 - 0.1F, (brow[2] + neck[2]) / 2};
  const ReachMap reach(middle, {{&skin, placed(skin, positions)}, {&shirt, placed(shirt, positions)}}, data);
  Random random(person.seed, 0x53747261);
  HairGrower grower(reach, cut, random, chin, brow);
  for (int64_t i = 0; i < cut.strands; ++i) {
    const StrandRoot root = roots.next(random);
    const auto way = grower.grow(root);
    const RibbonLook look{cut.width * (0.8F + 0.5F * random.uniform()),
                          cut.curl > 0 ? 0.8F
                          : cut.parted ? 0.5F
                                       : 0.35F,
                          random.uniform() * 0.875F,
                          0.125F,
                          0.5F * (random.uniform() - 0.5F),
                          cut.curl > 0 ? 0.6F : 1.0F};
    if (way.size() < 3) continue;
    add_ribbon(
        out, way, [&](size_t k) { return normalized(way[k] - middle); }, look, fixed_at);
  }
  if (cut.tied) add_knot(out, grower.knot(), middle, random);
  return out;
}

namespace {

/// Short hairs that move with the skin. `lie`: where they point, of a place of the data's mesh.
void add_short_hairs(HeadPart& out, const HeadPart& skin, const RootSampler& roots, Random& random, int64_t count, float length_dm, float width,
                     const std::function<Vec3(const StrandRoot&)>& lie) {
  for (int64_t i = 0; i < count; ++i) {
    const StrandRoot root = roots.next(random);
    const Vec3 loose{random.uniform() - 0.5F, random.uniform() - 0.5F, random.uniform() - 0.5F};
    const Vec3 along = normalized(lie(root) + loose * 0.45F);
    const float step = length_dm * (0.7F + 0.6F * random.uniform()) / 2;
    std::vector<Vec3> way{root.at};
    Vec3 flat = normalized(along - root.normal * dot(along, root.normal));
    way.push_back(way[0] + normalized(flat + root.normal * 0.45F) * step);
    way.push_back(way[1] + normalized(flat + root.normal * 0.12F) * step);
    const RibbonLook look{width, 0.35F, random.uniform() * 0.95F, 0.03F, 0.6F * (random.uniform() - 0.5F)};
    add_ribbon(
        out, way, [&](size_t) { return root.normal; }, look, [&](const Vec3& p) { return rooted_at(skin, root, p); });
  }
}

}  // namespace

HeadPart eyebrows_part(const PeopleData& data, const HeadPart& skin, const Person& person, const std::vector<Vec3>& positions) {
  HeadPart out;
  out.name = "eyebrows";
  const RootSampler roots(data, skin, positions, [&](const Vec3& p) { return eyebrow_at(p, person.brows); });
  if (roots.empty()) return out;
  Random random(person.seed, 0x42726f77);
  add_short_hairs(out, skin, roots, random, 240 + static_cast<int64_t>(260 * person.brows), 0.058F, 0.0065F, [](const StrandRoot& root) {
    const float side = root.own[0] < 0 ? -1.0F : 1.0F, t = std::clamp((std::abs(root.own[0]) - 0.105F) / 0.45F, 0.0F, 1.0F);
    return Vec3{side, 0.75F - 1.1F * t, -0.1F};
  });
  return out;
}

HeadPart beard_part(const PeopleData& data, const HeadPart& skin, const Person& person, const std::vector<Vec3>& positions) {
  HeadPart out;
  out.name = "beard";
  if (person.beard == "none" || person.beard == "stubble") return out;
  const bool full = person.beard == "full";
  const RootSampler roots(data, skin, positions, [&](const Vec3& p) { return full ? beard_at(p) : moustache_at(p); });
  if (roots.empty()) return out;
  Random random(person.seed, 0x42656172);
  add_short_hairs(out, skin, roots, random, full ? 2600 : 520, full ? 0.17F : 0.12F, 0.013F, [](const StrandRoot& root) {
    const float above = moustache_at(root.own);
    return Vec3{(root.own[0] < 0 ? -1.0F : 1.0F) * (0.15F + 0.5F * above), -1, 0.25F};
  });
  return out;
}

namespace {

/// A tube along places; the way closes if it is a ring.
void add_tube(HeadPart& part, const std::vector<Vec3>& way, float radius, bool closed) {
  constexpr uint32_t kSides = 8;
  const auto first = static_cast<uint32_t>(part.vertices.size()), count = static_cast<uint32_t>(way.size());
  for (uint32_t i = 0; i < count; ++i) {
    const Vec3 &before = way[closed ? (i + count - 1) % count : i == 0 ? 0 : i - 1], &behind = way[closed ? (i + 1) % count : std::min(i + 1, count - 1)];
    const Vec3 along = normalized(behind - before), side = normalized(cross(along, std::abs(along[1]) < 0.9F ? Vec3{0, 1, 0} : Vec3{0, 0, 1})),
               up = cross(side, along);
    for (uint32_t s = 0; s < kSides; ++s) {
      const float a = 2 * kPi * static_cast<float>(s) / kSides;
      const Vec3 out = side * std::cos(a) + up * std::sin(a);
      part.vertices.push_back(fixed_at(way[i] + out * radius));
      part.surface.push_back(static_cast<uint32_t>(part.surface.size()));
      part.uvs.push_back({0, 0});
      part.fixed_normals.push_back(out);
    }
  }
  for (uint32_t i = 0; i + (closed ? 0 : 1) < count; ++i)
    for (uint32_t s = 0; s < kSides; ++s) {
      const uint32_t a = first + i * kSides + s, b = first + i * kSides + (s + 1) % kSides, c = first + (i + 1) % count * kSides + s,
                     d = first + (i + 1) % count * kSides + (s + 1) % kSides;
      part.triangles.push_back({a, c, d});
      part.triangles.push_back({a, d, b});
    }
}

}  // namespace

GlassesParts glasses_parts(const PeopleData& data, const Person& person, const std::vector<Vec3>& positions) {
  GlassesParts out;
  out.frame.name = "glasses frame";
  out.lenses.name = "glasses lenses";
  if (person.glasses == "none") return out;
  const bool round = person.glasses == "round";
  const auto middle_of = [&](const char* group) {
    Vec3 sum{};
    float count = 0;
    for (const PeopleFace& face : data.groups.at(group))
      for (const uint32_t v : face.vertices) sum = sum + positions[v], count += 1;
    return sum * (1 / count);
  };
  const Vec3 left = middle_of("helper-l-eye"), right = middle_of("helper-r-eye"), bridge = positions[vertex_near(data, {0, 7.27F, 1.5F})];
  const float apart = left[0] - right[0], width = apart * (round ? 0.37F : 0.40F), height = apart * (round ? 0.37F : 0.30F),
              z = std::max(bridge[2] + 0.03F, left[2] + 0.28F);
  for (const Vec3& eye : {left, right}) {
    const float side = eye[0] > 0 ? 1.0F : -1.0F;
    std::vector<Vec3> ring;
    constexpr int kCorners = 36;
    for (int i = 0; i < kCorners; ++i) {
      const float a = 2 * kPi * static_cast<float>(i) / kCorners, power = round ? 1.0F : 0.5F;
      const float x = std::copysign(std::pow(std::abs(std::cos(a)), power), std::cos(a)) * width,
                  y = std::copysign(std::pow(std::abs(std::sin(a)), power), std::sin(a)) * height;
      const float out_of_middle = std::abs(eye[0] + x);
      ring.push_back({eye[0] + x + side * 0.01F, eye[1] + y - 0.02F, z - 0.22F * out_of_middle * out_of_middle});
    }
    add_tube(out.frame, ring, 0.022F, true);
    const auto first = static_cast<uint32_t>(out.lenses.vertices.size());
    Vec3 centre{};
    for (const Vec3& p : ring) centre = centre + p * (1.0F / kCorners);
    out.lenses.vertices.push_back(fixed_at(centre + Vec3{0, 0, 0.02F}));
    for (const Vec3& p : ring) out.lenses.vertices.push_back(fixed_at(p));
    for (uint32_t i = 0; i < kCorners; ++i) out.lenses.triangles.push_back({first, first + 1 + i, first + 1 + (i + 1) % kCorners});
    for (uint32_t i = 0; i <= kCorners; ++i) {
      out.lenses.surface.push_back(first + i);
      out.lenses.uvs.push_back({0, 0});
    }
    // From the rim over the ear.
    const Vec3 ear = positions[vertex_near(data, {side * 0.735F, 7.37F, 0.62F})],
               hinge{eye[0] + side * (width + 0.02F), eye[1] + 0.06F, z - 0.22F * std::pow(std::abs(eye[0]) + width, 2.0F)};
    const float wide = std::max(std::abs(ear[0]) + 0.05F, std::abs(hinge[0]));
    std::vector<Vec3> temple;
    for (int i = 0; i <= 10; ++i) {
      const float t = static_cast<float>(i) / 10;
      temple.push_back({side * (std::abs(hinge[0]) + (wide - std::abs(hinge[0])) * smooth_step(0, 0.35F, t)), hinge[1] + (ear[1] + 0.03F - hinge[1]) * t,
                        hinge[2] + (ear[2] - hinge[2]) * t});
    }
    temple.push_back({side * wide, ear[1] - 0.12F, ear[2] - 0.12F});
    add_tube(out.frame, temple, 0.018F, false);
  }
  std::vector<Vec3> arch;
  for (int i = 0; i <= 8; ++i) {
    const float t = static_cast<float>(i) / 4 - 1, from = apart / 2 - width - 0.005F;
    arch.push_back({t * from, left[1] + 0.03F + 0.035F * (1 - t * t), z + 0.02F * (1 - t * t)});
  }
  add_tube(out.frame, arch, 0.02F, false);
  return out;
}

}  // namespace ptah
