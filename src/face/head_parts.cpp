#include "face/head_parts.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <tuple>

#include "face/head_map.h"

namespace ptah {

namespace {

/// Positive where a face is kept.
using Keep = std::function<float(const Vec3& place)>;

/// A corner of a polygon that is cut: between two vertices of the data.
struct CutCorner {
  uint32_t a = 0, b = 0, uv_a = 0, uv_b = 0;
  float t = 0;  ///< 0: a
  float kept = 0;
};

/// Builds a part of the data's faces, each cut where `keep` becomes negative.
class PartCutter {
 public:
  PartCutter(const PeopleData& data, const char* name, Keep keep) : data_(data), keep_(std::move(keep)) { part_.name = name; }

  using Uv = std::function<Vec2(const Vec3& place, const Vec2& source)>;

  /// `seam`: u of 0 and 1 are one place.
  void add(const PeopleFace& face, const Uv& uv, bool seam) {
    std::vector<CutCorner> corners;
    for (size_t i = 0; i < 4; ++i) {
      if (i > 0 && face.vertices[i] == face.vertices[i - 1]) continue;
      const uint32_t v = face.vertices[i];
      corners.push_back({v, v, face.uvs[i], face.uvs[i], 0, keep_(data_.base[v])});
    }
    std::vector<CutCorner> cut;
    for (size_t i = 0; i < corners.size(); ++i) {
      const CutCorner &from = corners[i], &to = corners[(i + 1) % corners.size()];
      if (from.kept >= 0) cut.push_back(from);
      if ((from.kept >= 0) != (to.kept >= 0)) {
        // From the lower vertex on, so that both faces of an edge have the same corner.
        const CutCorner &low = from.a < to.a ? from : to, &high = from.a < to.a ? to : from;
        cut.push_back({low.a, high.a, low.uv_a, high.uv_a, low.kept / (low.kept - high.kept), 0});
      }
    }
    if (cut.size() < 3) return;
    std::vector<Vec3> places;
    std::vector<Vec2> uvs, sources;
    float low = 1, high = 0;
    for (const CutCorner& c : cut) {
      places.push_back(data_.base[c.a] * (1 - c.t) + data_.base[c.b] * c.t);
      const Vec2 &ua = data_.uvs[c.uv_a], &ub = data_.uvs[c.uv_b];
      sources.push_back({ua[0] * (1 - c.t) + ub[0] * c.t, ua[1] * (1 - c.t) + ub[1] * c.t});
      uvs.push_back(uv(places.back(), sources.back()));
      low = std::min(low, uvs.back()[0]), high = std::max(high, uvs.back()[0]);
    }
    std::vector<uint32_t> made;
    for (size_t i = 0; i < cut.size(); ++i) {
      const bool beyond = seam && high - low > 0.5F && uvs[i][0] < 0.5F;
      if (beyond) uvs[i][0] += 1;
      made.push_back(vertex(cut[i], uvs[i], sources[i], beyond));
    }
    for (size_t i = 1; i + 1 < made.size(); ++i)
      if (made[0] != made[i] && made[i] != made[i + 1] && made[0] != made[i + 1]) part_.triangles.push_back({made[0], made[i], made[i + 1]});
  }

  HeadPart finish() { return std::move(part_); }

 private:
  uint32_t vertex(const CutCorner& c, const Vec2& uv, const Vec2& source, bool beyond) {
    const auto place = std::make_tuple(c.a, c.b, std::lround(c.t * 1e5F));
    const auto surface = static_cast<uint32_t>(surfaces_.emplace(place, surfaces_.size()).first->second);
    const auto key = std::make_tuple(surface, c.uv_a, c.uv_b, beyond);
    const auto [found, fresh] = made_.emplace(key, part_.vertices.size());
    if (fresh) {
      part_.vertices.push_back({{c.a, c.b, 0, 0}, {1 - c.t, c.t, 0, 0}, {}});
      part_.surface.push_back(surface);
      part_.uvs.push_back(uv);
      part_.source_uvs.push_back(source);
    }
    return static_cast<uint32_t>(found->second);
  }

  const PeopleData& data_;
  Keep keep_;
  HeadPart part_;
  std::map<std::tuple<uint32_t, uint32_t, long>, size_t> surfaces_;
  std::map<std::tuple<uint32_t, uint32_t, uint32_t, bool>, size_t> made_;
};

/// A mask of the data at a place of its own uvs, 0 to 1.
float mask_at(const Image& mask, const Vec2& uv) {
  if (mask.width < 1) return 0;
  const auto x = std::clamp<int64_t>(static_cast<int64_t>(uv[0] * static_cast<float>(mask.width)), 0, mask.width - 1);
  const auto y = std::clamp<int64_t>(static_cast<int64_t>((1 - uv[1]) * static_cast<float>(mask.height)), 0, mask.height - 1);
  return static_cast<float>(*mask.at(x, y)) / 255;
}

bool is_inside_mouth(const PeopleData& data, const PeopleFace& face) {
  Vec2 middle{};
  for (const uint32_t uv : face.uvs)
    for (size_t i = 0; i < 2; ++i) middle[i] += data.uvs[uv][i] / 4;
  return mask_at(data.mouth, middle) > 0.5F;
}

bool is_near_head(const PeopleData& data, const PeopleFace& face) {
  for (const uint32_t v : face.vertices)
    if (data.base[v][1] > 4.2F && std::abs(data.base[v][0]) < 2.8F) return true;
  return false;
}

/// How far a vertex is from the nearest one of the body.
float distance_to_body(const PeopleData& data, const std::vector<uint32_t>& body, uint32_t vertex) {
  float out = 1e9F;
  for (const uint32_t v : body) out = std::min(out, length(data.base[v] - data.base[vertex]));
  return out;
}

/// Vertices of a group, each once.
std::vector<uint32_t> vertices_of(const PeopleData& data, const std::string& group) {
  std::vector<uint32_t> out;
  const auto found = data.groups.find(group);
  if (found == data.groups.end()) return out;
  for (const PeopleFace& face : found->second) out.insert(out.end(), face.vertices.begin(), face.vertices.end());
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

constexpr auto kEverything = [](const Vec3&) { return 1.0F; };

/// Four vertices that span the space: what they do, a ball does.
std::array<uint32_t, 4> spanning(const PeopleData& data, const std::vector<uint32_t>& vertices) {
  std::array<uint32_t, 4> out{};
  const auto farthest = [&](const std::function<float(const Vec3&)>& measure) {
    return *std::max_element(vertices.begin(), vertices.end(), [&](uint32_t a, uint32_t b) { return measure(data.base[a]) < measure(data.base[b]); });
  };
  out[0] = farthest([](const Vec3& p) { return p[2]; });
  out[1] = farthest([](const Vec3& p) { return p[0] - p[2]; });
  out[2] = farthest([](const Vec3& p) { return -p[0] - p[2]; });
  out[3] = farthest([](const Vec3& p) { return p[1] - 0.3F * p[2]; });
  return out;
}

float determinant(const Vec3& a, const Vec3& b, const Vec3& c) { return dot(a, cross(b, c)); }

}  // namespace

std::vector<Vec3> placed(const HeadPart& part, const std::vector<Vec3>& positions) {
  std::vector<Vec3> out(part.vertices.size());
  for (size_t i = 0; i < out.size(); ++i) out[i] = part.vertices[i].at(positions);
  return out;
}

std::vector<Vec3> part_normals(const HeadPart& part, const std::vector<Vec3>& at) {
  if (!part.fixed_normals.empty()) return part.fixed_normals;
  const uint32_t places = part.surface.empty() ? 0 : *std::max_element(part.surface.begin(), part.surface.end()) + 1;
  std::vector<Vec3> sums(places, Vec3{});
  for (const Triangle& t : part.triangles) {
    const Vec3 normal = cross(at[t[1]] - at[t[0]], at[t[2]] - at[t[0]]);
    for (const uint32_t v : t) sums[part.surface[v]] = sums[part.surface[v]] + normal;
  }
  std::vector<Vec3> out(at.size());
  for (size_t i = 0; i < out.size(); ++i) {
    const Vec3& sum = sums[part.surface[i]];
    out[i] = length(sum) > 1e-20F ? normalized(sum) : Vec3{0, 0, 1};
  }
  return out;
}

HeadPart skin_part(const PeopleData& data) {
  PartCutter cutter(data, "skin", [](const Vec3& p) { return std::min({above_collar(p) + 0.2F, 1.0F - std::abs(p[0]), inside_bust(p)}); });
  for (const PeopleFace& face : data.groups.at("body"))
    if (is_near_head(data, face) && !is_inside_mouth(data, face))
      cutter.add(
          face, [](const Vec3& p, const Vec2&) { return skin_uv(p); }, true);
  return cutter.finish();
}

HeadPart mouth_part(const PeopleData& data) {
  PartCutter cutter(data, "mouth", kEverything);
  for (const PeopleFace& face : data.groups.at("body"))
    if (is_near_head(data, face) && is_inside_mouth(data, face))
      cutter.add(
          face, [](const Vec3&, const Vec2& source) { return source; }, false);
  return cutter.finish();
}

HeadPart shirt_part(const PeopleData& data) {
  PartCutter cutter(data, "shirt", [](const Vec3& p) { return std::min(std::max(-above_collar(p), std::abs(p[0]) - 0.82F), inside_bust(p)); });
  for (const PeopleFace& face : data.groups.at("helper-tights"))
    if (is_near_head(data, face))
      cutter.add(
          face,
          [](const Vec3& p, const Vec2&) {
            return Vec2{p[0], -p[1]};
          },
          false);
  HeadPart out = cutter.finish();
  // Off the skin, which it would cut through on some people.
  const auto normals = part_normals(out, placed(out, data.base));
  for (size_t i = 0; i < out.vertices.size(); ++i) out.vertices[i].offset = normals[i] * 0.05F;
  return out;
}

HeadPart teeth_part(const PeopleData& data) {
  PartCutter cutter(data, "teeth", kEverything);
  for (const bool upper : {true, false}) {
    const std::string group = upper ? "helper-upper-teeth" : "helper-lower-teeth";
    float low = 1e9F, high = -1e9F;
    for (const uint32_t v : vertices_of(data, group)) low = std::min(low, data.base[v][1]), high = std::max(high, data.base[v][1]);
    for (const PeopleFace& face : data.groups.at(group))
      cutter.add(
          face,
          [&](const Vec3& p, const Vec2&) {
            const float along = 0.25F + 0.1F * std::atan2(p[0], p[2] - 0.95F), height = (p[1] - low) / (high - low);
            return Vec2{upper ? along : along + 0.5F, upper ? height : 1 - height};
          },
          false);
  }
  return cutter.finish();
}

HeadPart tongue_part(const PeopleData& data) {
  PartCutter cutter(data, "tongue", kEverything);
  for (const PeopleFace& face : data.groups.at("helper-tongue"))
    cutter.add(
        face, [](const Vec3&, const Vec2& source) { return source; }, false);
  return cutter.finish();
}

HeadPart lashes_part(const PeopleData& data) {
  std::vector<uint32_t> near_eyes;
  for (const uint32_t v : vertices_of(data, "body"))
    if (data.base[v][2] > 1 && std::abs(data.base[v][1] - 7.28F) < 0.3F) near_eyes.push_back(v);
  PartCutter cutter(data, "lashes", kEverything);
  for (const char* side : {"l", "r"})
    for (const bool upper : {true, false}) {
      const std::string group = std::string("helper-") + side + "-eyelashes-" + (upper ? "2" : "1");
      std::map<std::pair<float, float>, float> distances;  // of places
      for (const uint32_t v : vertices_of(data, group)) distances[{data.base[v][0], data.base[v][1]}] = distance_to_body(data, near_eyes, v);
      for (const PeopleFace& face : data.groups.at(group))
        cutter.add(
            face,
            [&](const Vec3& p, const Vec2&) {
              const float out = distances[{p[0], p[1]}] / (upper ? 0.042F : 0.026F);
              return Vec2{std::abs(p[0]) * 3, std::min(1.0F, out)};
            },
            false);
    }
  return cutter.finish();
}

HeadPart eye_part(const PeopleData& data, bool left) {
  const auto vertices = vertices_of(data, left ? "helper-l-eye" : "helper-r-eye");
  const auto frame = spanning(data, vertices);
  // The ball through the group's vertices: its middle is theirs, for they lie all over it.
  Vec3 low{1e9F, 1e9F, 1e9F}, high{-1e9F, -1e9F, -1e9F};
  for (const uint32_t v : vertices)
    for (size_t i = 0; i < 3; ++i) low[i] = std::min(low[i], data.base[v][i]), high[i] = std::max(high[i], data.base[v][i]);
  const Vec3 middle = (low + high) * 0.5F;
  float radius = 0;
  for (const uint32_t v : vertices) radius = std::max(radius, length(data.base[v] - middle));
  const Vec3 origin = data.base[frame[0]];
  const std::array<Vec3, 3> axes{data.base[frame[1]] - origin, data.base[frame[2]] - origin, data.base[frame[3]] - origin};
  const float whole = determinant(axes[0], axes[1], axes[2]);
  HeadPart out;
  out.name = left ? "eye left" : "eye right";
  constexpr int kRings = 22, kSpokes = 32;
  const auto add = [&](float theta, float phi) {
    const Vec3 p = middle + Vec3{std::sin(theta) * std::cos(phi), std::sin(theta) * std::sin(phi), std::cos(theta)} * radius, d = p - origin;
    const float a = determinant(d, axes[1], axes[2]) / whole, b = determinant(axes[0], d, axes[2]) / whole, c = determinant(axes[0], axes[1], d) / whole;
    out.vertices.push_back({frame, {1 - a - b - c, a, b, c}, {}});
    out.surface.push_back(static_cast<uint32_t>(out.surface.size()));
    const float r = theta * 180 / std::numbers::pi_v<float> / kEyeEdge * 0.5F;
    out.uvs.push_back({0.5F + r * std::cos(phi), 0.5F - r * std::sin(phi)});
  };
  add(0, 0);
  for (int ring = 1; ring <= kRings; ++ring)
    for (int spoke = 0; spoke < kSpokes; ++spoke)
      add(static_cast<float>(ring) / kRings * kEyeEdge * std::numbers::pi_v<float> / 180, 2 * std::numbers::pi_v<float> * static_cast<float>(spoke) / kSpokes);
  const auto number = [&](int ring, int spoke) { return static_cast<uint32_t>(ring == 0 ? 0 : 1 + (ring - 1) * kSpokes + spoke % kSpokes); };
  for (int ring = 0; ring < kRings; ++ring)
    for (int spoke = 0; spoke < kSpokes; ++spoke) {
      const uint32_t a = number(ring, spoke), b = number(ring, spoke + 1), c = number(ring + 1, spoke), d = number(ring + 1, spoke + 1);
      out.triangles.push_back({a, c, d});
      if (ring > 0) out.triangles.push_back({a, d, b});
    }
  return out;
}

}  // namespace ptah
