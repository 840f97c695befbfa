#include "shape/uv_unwrap.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/parallel.h"
#include "geometry/bilinear.h"
#include "geometry/conjugate_gradients.h"

namespace ptah {

namespace {

/// Steep faces belong to the side they stand on, so that walls are not cut into shreds by the noise of their normals.
size_t side_of(const Mesh& mesh, const Triangle& t) {
  const Vec3 face = cross(mesh.positions[t[1]] - mesh.positions[t[0]], mesh.positions[t[2]] - mesh.positions[t[0]]);
  if (std::abs(face[2]) > 0.2F * length(face)) return face[2] > 0 ? 0 : 1;
  return mesh.positions[t[0]][2] + mesh.positions[t[1]][2] + mesh.positions[t[2]][2] >= 0 ? 0 : 1;
}

/// Calls f(x, y, weights of the corners) for every cell of a grid whose centre is in the triangle.
template <class F>
void rasterise(const std::array<Vec2, 3>& p, int64_t width, int64_t height, const F& f) {
  const float det = (p[1][0] - p[0][0]) * (p[2][1] - p[0][1]) - (p[2][0] - p[0][0]) * (p[1][1] - p[0][1]);
  if (std::abs(det) < 1e-9F) return;
  const auto low = [&](size_t axis) { return std::max<int64_t>(0, static_cast<int64_t>(std::floor(std::min({p[0][axis], p[1][axis], p[2][axis]}) - 0.5F))); };
  const auto high = [&](size_t axis, int64_t count) {
    return std::min(count - 1, static_cast<int64_t>(std::ceil(std::max({p[0][axis], p[1][axis], p[2][axis]}) - 0.5F)));
  };
  const int64_t x1 = high(0, width), y1 = high(1, height);
  for (int64_t y = low(1); y <= y1; ++y)
    for (int64_t x = low(0); x <= x1; ++x) {
      const float px = static_cast<float>(x) + 0.5F - p[0][0], py = static_cast<float>(y) + 0.5F - p[0][1];
      const float b = (px * (p[2][1] - p[0][1]) - (p[2][0] - p[0][0]) * py) / det, c = ((p[1][0] - p[0][0]) * py - px * (p[1][1] - p[0][1])) / det;
      if (b >= -1e-4F && c >= -1e-4F && b + c <= 1 + 1e-4F) f(x, y, std::array<float, 3>{1 - b - c, b, c});
    }
}

/// The flow that spreads a density evenly over the cells where there is any, without crossing their border (Moser 1965; Dacorogna and Moser 1990):
/// Δφ = ρ − mean, velocity ∇φ / ((1 − t) ρ + t mean) for t from 0 to 1.
class EveningFlow {
 public:
  EveningFlow(int64_t n, std::vector<float> density) : n_(n), density_(std::move(density)) {
    double sum = 0;
    int64_t count = 0;
    for (const float d : density_)
      if (d > 0) sum += static_cast<double>(d), ++count;
    const float mean = count ? static_cast<float>(sum / static_cast<double>(count)) : 1.0F;
    for (float& d : density_)
      if (d > 0) d = std::clamp(d, 0.1F * mean, 40 * mean);
    solve();
  }

  /// Where a point (cells) ends.
  Vec2 carry(Vec2 p) const {
    constexpr int kSteps = 24;
    constexpr float kStep = 1.0F / kSteps;
    for (int i = 0; i < kSteps; ++i) {
      const float t = static_cast<float>(i) * kStep;
      const Vec2 first = velocity(p, t);
      const Vec2 second = velocity({p[0] + first[0] * kStep / 2, p[1] + first[1] * kStep / 2}, t + kStep / 2);
      p = {p[0] + second[0] * kStep, p[1] + second[1] * kStep};
    }
    return p;
  }

 private:
  bool in(int64_t x, int64_t y) const { return x >= 0 && y >= 0 && x < n_ && y < n_ && density_[static_cast<size_t>(y * n_ + x)] > 0; }

  static constexpr std::array<std::pair<int64_t, int64_t>, 4> kAround{{{-1, 0}, {1, 0}, {0, -1}, {0, 1}}};

  /// Δφ = ρ − mean with no flow through the border; each connected part has its own mean.
  void solve() {
    set_goals();
    std::vector<int64_t> cells;
    std::vector<int32_t> place(density_.size(), -1);  // in that list
    for (size_t i = 0; i < density_.size(); ++i)
      if (density_[i] > 0) {
        place[i] = static_cast<int32_t>(cells.size());
        cells.push_back(static_cast<int64_t>(i));
      }
    GridSystem system{std::vector<std::array<int32_t, 4>>(cells.size()), std::vector<float>(cells.size())};
    std::vector<float> excess(cells.size());
    for (size_t i = 0; i < cells.size(); ++i) {
      const int64_t x = cells[i] % n_, y = cells[i] / n_;
      for (size_t k = 0; k < 4; ++k) {
        const auto& [dx, dy] = kAround[k];
        system.links[i][k] = in(x + dx, y + dy) ? place[static_cast<size_t>((y + dy) * n_ + x + dx)] : -1;
        system.diagonal[i] += system.links[i][k] >= 0 ? 1.0F : 0.0F;
      }
      excess[i] = goal_[static_cast<size_t>(cells[i])] - density_[static_cast<size_t>(cells[i])];
    }
    const std::vector<float> potential =
        conjugate_gradients(system, std::move(excess), {.steps = 1500, .relative = 1e-5, .absolute = 1e-20, .short_products = true});
    around_ = density_;
    for (int ring = 0; ring < 2; ++ring) {
      widen(around_);
      widen(goal_);
    }
    // Flow through the faces between cells: right_[y][x] between (x, y) and (x + 1, y), down_ likewise.
    right_.assign(density_.size(), 0);
    down_.assign(density_.size(), 0);
    for (size_t i = 0; i < cells.size(); ++i) {
      const std::array<int32_t, 4>& links = system.links[i];
      if (links[1] >= 0) right_[static_cast<size_t>(cells[i])] = potential[static_cast<size_t>(links[1])] - potential[i];
      if (links[3] >= 0) down_[static_cast<size_t>(cells[i])] = potential[static_cast<size_t>(links[3])] - potential[i];
    }
  }

  /// The mean density of each connected part, at its cells.
  void set_goals() {
    goal_.assign(density_.size(), 0);
    std::vector<char> seen(density_.size(), 0);
    std::vector<int64_t> part;
    for (int64_t start = 0; start < n_ * n_; ++start) {
      if (density_[static_cast<size_t>(start)] <= 0 || seen[static_cast<size_t>(start)]) continue;
      double sum = 0;
      part.clear();
      std::vector<int64_t> stack{start};
      seen[static_cast<size_t>(start)] = 1;
      while (!stack.empty()) {
        const int64_t i = stack.back(), x = i % n_, y = i / n_;
        stack.pop_back();
        part.push_back(i);
        sum += static_cast<double>(density_[static_cast<size_t>(i)]);
        for (const auto& [dx, dy] : kAround) {
          const int64_t j = (y + dy) * n_ + x + dx;
          if (!in(x + dx, y + dy) || seen[static_cast<size_t>(j)]) continue;
          seen[static_cast<size_t>(j)] = 1;
          stack.push_back(j);
        }
      }
      const auto mean = static_cast<float>(sum / static_cast<double>(part.size()));
      for (const int64_t i : part) goal_[static_cast<size_t>(i)] = mean;
    }
  }

  /// Cells without a value beside ones that have it take the mean of those.
  void widen(std::vector<float>& field) const {
    const std::vector<float> before = field;
    for (int64_t y = 0; y < n_; ++y)
      for (int64_t x = 0; x < n_; ++x) {
        if (before[static_cast<size_t>(y * n_ + x)] > 0) continue;
        float sum = 0, known = 0;
        for (const auto& [dx, dy] : kAround) {
          if (x + dx < 0 || y + dy < 0 || x + dx >= n_ || y + dy >= n_) continue;
          const float value = before[static_cast<size_t>((y + dy) * n_ + x + dx)];
          if (value > 0) sum += value, known += 1;
        }
        if (known > 0) field[static_cast<size_t>(y * n_ + x)] = sum / known;
      }
  }

  /// Bilinear between the points (x0 + column, y0 + row) at which a field lies.
  float sample(const std::vector<float>& field, float x, float y) const { return bilinear(field, n_, x, y); }

  Vec2 velocity(const Vec2& p, float t) const {
    const float now = (1 - t) * sample(around_, p[0] - 0.5F, p[1] - 0.5F) + t * sample(goal_, p[0] - 0.5F, p[1] - 0.5F);
    if (now <= 0) return {0, 0};
    return {sample(right_, p[0] - 1, p[1] - 0.5F) / now, sample(down_, p[0] - 0.5F, p[1] - 1) / now};
  }

  int64_t n_;
  std::vector<float> density_, around_, goal_, right_, down_;  ///< around_ and goal_ go on beyond the border
};

/// Unknown pixels take the mean of their known neighbours, ring by ring, until all are known.
void spread(std::vector<std::array<float, 3>>& colour, std::vector<char>& known, int64_t w, int64_t h) {
  const auto neighbours = [&](int64_t i, const auto& visit) {
    const int64_t x = i % w, y = i / w;
    for (int64_t dy = -1; dy <= 1; ++dy)
      for (int64_t dx = -1; dx <= 1; ++dx)
        if ((dx || dy) && x + dx >= 0 && x + dx < w && y + dy >= 0 && y + dy < h) visit(static_cast<size_t>((y + dy) * w + x + dx), dx && dy ? 0.7F : 1.0F);
  };
  std::vector<char> queued(known);
  std::vector<int64_t> ring, next;
  const auto queue_around = [&](int64_t i, std::vector<int64_t>& to) {
    neighbours(i, [&](size_t j, float) {
      if (queued[j]) return;
      queued[j] = 1;
      to.push_back(static_cast<int64_t>(j));
    });
  };
  for (int64_t i = 0; i < w * h; ++i)
    if (known[static_cast<size_t>(i)]) queue_around(i, ring);
  while (!ring.empty()) {
    for (const int64_t i : ring) {
      std::array<float, 3> sum{};
      float total = 0;
      neighbours(i, [&](size_t j, float share) {
        if (!known[j]) return;
        total += share;
        for (size_t c = 0; c < 3; ++c) sum[c] += share * colour[j][c];
      });
      for (size_t c = 0; c < 3; ++c) colour[static_cast<size_t>(i)][c] = sum[c] / total;
    }
    for (const int64_t i : ring) known[static_cast<size_t>(i)] = 1;
    next.clear();
    for (const int64_t i : ring) queue_around(i, next);
    std::swap(ring, next);
  }
}

struct Canvas {
  int64_t width, height;
  std::vector<std::array<float, 3>> colour;
  std::vector<char> known;

  Canvas(int64_t w, int64_t h) : width(w), height(h), colour(static_cast<size_t>(w * h)), known(static_cast<size_t>(w * h)) {}

  std::array<float, 3> sample(float x, float y) const {
    const float cx = std::clamp(x - 0.5F, 0.0F, static_cast<float>(width - 1)), cy = std::clamp(y - 0.5F, 0.0F, static_cast<float>(height - 1));
    const auto x0 = static_cast<int64_t>(cx), y0 = static_cast<int64_t>(cy), x1 = std::min(x0 + 1, width - 1), y1 = std::min(y0 + 1, height - 1);
    const float fx = cx - static_cast<float>(x0), fy = cy - static_cast<float>(y0);
    std::array<float, 3> out{};
    for (size_t c = 0; c < 3; ++c) {
      const auto at = [&](int64_t px, int64_t py) { return colour[static_cast<size_t>(py * width + px)][c]; };
      out[c] = (at(x0, y0) * (1 - fx) + at(x1, y0) * fx) * (1 - fy) + (at(x0, y1) * (1 - fx) + at(x1, y1) * fx) * fy;
    }
    return out;
  }
};

/// The colours of a picture where they are known to be the object's, and spread from there.
Canvas texture_source(const Image& picture, const std::vector<char>& inside) {
  Canvas source(picture.width, picture.height);
  source.known = inside;
  if (std::none_of(inside.begin(), inside.end(), [](char c) { return c != 0; })) source.known.assign(inside.size(), 1);
  for (size_t i = 0; i < inside.size(); ++i)
    for (size_t c = 0; c < 3; ++c) source.colour[i][c] = static_cast<float>(picture.rgba[i * 4 + c]);
  spread(source.colour, source.known, picture.width, picture.height);
  return source;
}

constexpr int64_t kCells = 192;  ///< an edge of the flow's grid, one of them air on each side
constexpr int kPasses = 2;       ///< the second sees the rim finer than the first

/// Surface (cells of `cell` pixels square) that lies on each cell when the mesh's vertices lie at `flat`.
std::vector<float> surface_density(const TexturedMesh& mesh, const std::vector<Vec2>& flat, float cell) {
  std::vector<float> density(static_cast<size_t>(kCells * kCells), 0.0F);
  std::vector<size_t> hit;
  for (const Triangle& t : mesh.triangles) {
    const Vec3 &a = mesh.positions[t[0]], &b = mesh.positions[t[1]], &c = mesh.positions[t[2]];
    const float surface = 0.5F * length(cross(b - a, c - a)) / (cell * cell);
    constexpr int kFine = 4;  // samples a cell and axis
    std::array<Vec2, 3> corners{};
    for (size_t i = 0; i < 3; ++i) corners[i] = {flat[t[i]][0] * kFine, flat[t[i]][1] * kFine};
    hit.clear();
    rasterise(corners, kCells * kFine, kCells * kFine,
              [&](int64_t x, int64_t y, const auto&) { hit.push_back(static_cast<size_t>(y / kFine * kCells + x / kFine)); });
    if (hit.empty()) {
      const auto at = [&](size_t axis) {
        return std::clamp<int64_t>(static_cast<int64_t>((flat[t[0]][axis] + flat[t[1]][axis] + flat[t[2]][axis]) / 3), 0, kCells - 1);
      };
      hit.push_back(static_cast<size_t>(at(1) * kCells + at(0)));
    }
    for (const size_t i : hit) density[i] += surface / static_cast<float>(hit.size());
  }
  return density;
}

}  // namespace

UvUnwrap unwrap_uv(const Mesh& mesh, int64_t size, int64_t margin, float wall, std::span<const uint32_t> given_sides) {
  PTAH_CHECK(given_sides.empty() || given_sides.size() == mesh.triangles.size(), "unwrap: {} sides of {} triangles", given_sides.size(), mesh.triangles.size());
  const std::vector<Vec3> normals = vertex_normals(mesh);
  const float cell = static_cast<float>(size) / static_cast<float>(kCells - 2);
  // Walls are peeled outwards by up to a cell, so that they cover some of the plane; the flow gives them the room they need.
  const auto peeled = [&](uint32_t v) {
    const Vec3 &p = mesh.positions[v], &n = normals[v];
    const float steep = n[0] * n[0] + n[1] * n[1], shift = cell * steep * steep * std::max(0.0F, 1 - std::abs(p[2]) / std::max(wall, 1e-6F));
    const float across = std::max(std::sqrt(steep), 1e-6F);
    return Vec2{(p[0] + n[0] / across * shift) / cell + 1, (static_cast<float>(size) - p[1] - n[1] / across * shift) / cell + 1};
  };
  const auto inner = static_cast<float>(size - 2 * margin);
  std::array<std::vector<Triangle>, 2> sides;
  for (size_t i = 0; i < mesh.triangles.size(); ++i) {
    const Triangle& t = mesh.triangles[i];
    sides[given_sides.empty() ? side_of(mesh, t) : given_sides[i]].push_back(t);
  }
  std::array<UvUnwrap, 2> islands;
  parallel_for(2, 1 << 24, [&](int64_t begin, int64_t end) {
    for (int64_t side = begin; side < end; ++side) {
      UvUnwrap& island = islands[static_cast<size_t>(side)];
      std::vector<uint32_t> index(mesh.positions.size(), 0xFFFFFFFFU);
      std::vector<Vec2> flat;
      for (const Triangle& t : sides[static_cast<size_t>(side)]) {
        Triangle made{};
        for (size_t i = 0; i < 3; ++i) {
          uint32_t& slot = index[t[i]];
          if (slot == 0xFFFFFFFFU) {
            slot = static_cast<uint32_t>(flat.size());
            const Vec3& p = mesh.positions[t[i]];
            island.mesh.positions.push_back(p);
            island.mesh.normals.push_back(normals[t[i]]);
            island.planar.push_back({(p[0] - static_cast<float>(margin)) / inner, (static_cast<float>(size - margin) - p[1]) / inner});
            flat.push_back(peeled(t[i]));
          }
          made[i] = slot;
        }
        island.mesh.triangles.push_back(made);
      }
      for (int pass = 0; pass < kPasses; ++pass) {
        const EveningFlow flow(kCells, surface_density(island.mesh, flat, cell));
        for (Vec2& p : flat) p = flow.carry(p);
      }
      const auto place = [](float v) { return std::clamp(v / static_cast<float>(kCells), 0.0F, 1.0F); };
      for (const Vec2& p : flat) island.mesh.uvs.push_back({(place(p[0]) + static_cast<float>(side)) / 2, place(p[1])});
    }
  });
  UvUnwrap out = std::move(islands[0]);
  const auto first = static_cast<uint32_t>(out.planar.size());
  const auto join = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  join(out.planar, islands[1].planar);
  join(out.mesh.positions, islands[1].mesh.positions);
  join(out.mesh.normals, islands[1].mesh.normals);
  join(out.mesh.uvs, islands[1].mesh.uvs);
  for (const Triangle& t : islands[1].mesh.triangles) out.mesh.triangles.push_back({first + t[0], first + t[1], first + t[2]});
  return out;
}

Result<Bytes> bake_texture(const UvUnwrap& unwrapped, const Image& picture, const std::vector<char>& inside, int64_t edge, const Image* back) {
  const int64_t w = picture.width, h = picture.height, longest = std::max(w, h);
  PTAH_CHECK(static_cast<int64_t>(inside.size()) == w * h && edge > 0, "bake_texture: {} marks for a picture of {} × {}", inside.size(), w, h);
  PTAH_CHECK(!back || (back->width == w && back->height == h), "bake_texture: a back of {} × {} for a picture of {} × {}", back->width, back->height, w, h);
  const Canvas front_source = texture_source(picture, inside);
  std::optional<Canvas> back_source;
  if (back) back_source = texture_source(*back, inside);

  Image atlas = make_image(2 * edge, edge);
  const auto half_triangles = [&](size_t side, const auto& visit) {
    for (const Triangle& t : unwrapped.mesh.triangles)
      if ((unwrapped.mesh.uvs[t[0]][0] + unwrapped.mesh.uvs[t[1]][0] + unwrapped.mesh.uvs[t[2]][0] > 1.5F) == (side == 1)) visit(t);
  };
  parallel_for(2, 1 << 22, [&](int64_t begin, int64_t end) {
    for (int64_t side = begin; side < end; ++side) {
      Canvas island(edge, edge);
      const Canvas& source = side == 1 && back_source ? *back_source : front_source;
      half_triangles(static_cast<size_t>(side), [&](const Triangle& t) {
        std::array<Vec2, 3> at{}, from{};
        for (size_t i = 0; i < 3; ++i) {
          const Vec2 uv = unwrapped.mesh.uvs[t[i]], planar = unwrapped.planar[t[i]];
          at[i] = {(uv[0] * 2 - static_cast<float>(side)) * static_cast<float>(edge), uv[1] * static_cast<float>(edge)};
          from[i] = {planar[0] * static_cast<float>(longest) - static_cast<float>(longest - w) / 2,
                     planar[1] * static_cast<float>(longest) - static_cast<float>(longest - h) / 2};
        }
        rasterise(at, edge, edge, [&](int64_t x, int64_t y, const std::array<float, 3>& share) {
          const auto i = static_cast<size_t>(y * edge + x);
          island.colour[i] = source.sample(share[0] * from[0][0] + share[1] * from[1][0] + share[2] * from[2][0],
                                           share[0] * from[0][1] + share[1] * from[1][1] + share[2] * from[2][1]);
          island.known[i] = 1;
        });
      });
      if (std::none_of(island.known.begin(), island.known.end(), [](char c) { return c != 0; })) island.known[0] = 1;
      spread(island.colour, island.known, edge, edge);
      for (int64_t y = 0; y < edge; ++y)
        for (int64_t x = 0; x < edge; ++x) {
          uint8_t* to = atlas.at(x + side * edge, y);
          for (size_t c = 0; c < 3; ++c)
            to[c] = static_cast<uint8_t>(std::lround(std::clamp(island.colour[static_cast<size_t>(y * edge + x)][c], 0.0F, 255.0F)));
          to[3] = 255;
        }
    }
  });
  return encode_png(atlas);
}

std::vector<Stretch> texture_stretch(const TexturedMesh& mesh) {
  std::vector<Stretch> out;
  double surface = 0, texture = 0;
  for (const Triangle& t : mesh.triangles) {
    const Vec3 e1 = mesh.positions[t[1]] - mesh.positions[t[0]], e2 = mesh.positions[t[2]] - mesh.positions[t[0]];
    // The atlas is twice as wide as it is high.
    const auto uv = [&](size_t i) { return Vec2{mesh.uvs[t[i]][0] * 2, mesh.uvs[t[i]][1]}; };
    const Vec2 a = uv(0), b = uv(1), c = uv(2);
    const float s1 = b[0] - a[0], t1 = b[1] - a[1], s2 = c[0] - a[0], t2 = c[1] - a[1], det = s1 * t2 - s2 * t1;
    const float area3 = 0.5F * length(cross(e1, e2));
    surface += static_cast<double>(area3);
    texture += 0.5 * static_cast<double>(std::abs(det));
    Stretch stretch{1e9F, area3};
    if (std::abs(det) > 1e-12F) {  // larger singular value of the map from texture to surface
      const Vec3 ds = (e1 * t2 - e2 * t1) * (1 / det), dt = (e2 * s1 - e1 * s2) * (1 / det);
      const float p = dot(ds, ds), q = dot(ds, dt), r = dot(dt, dt);
      stretch.worst = std::sqrt(0.5F * (p + r + std::sqrt((p - r) * (p - r) + 4 * q * q)));
    }
    out.push_back(stretch);
  }
  const auto mean = static_cast<float>(std::sqrt(surface / std::max(texture, 1e-30)));
  for (Stretch& s : out) {
    s.worst /= mean;
    s.area_share /= static_cast<float>(surface);
  }
  return out;
}

}  // namespace ptah
