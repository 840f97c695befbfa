#include "shape/program/placement.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "base/text.h"
#include "shape/program/lexer.h"
#include "shape/program/roughen.h"

namespace ptah {

namespace {

constexpr float kDegree = std::numbers::pi_v<float> / 180;

/// The arguments of one modifier, by place or name.
class Given {
 public:
  Given(const KnownModifier& m, std::vector<const char*> names, int line) : m_(m), names_(std::move(names)), line_(line) {
    size_t place = 0;
    for (const GivenArgument& arg : m.args) {
      std::string name = arg.name;
      if (name.empty()) {
        if (place >= names_.size()) shape_error(line, fmt::format("{} takes at most {} values", m.word, names_.size()));
        name = names_[place++];
      } else if (std::find(names_.begin(), names_.end(), name) == names_.end()) {
        shape_error(line, unknown_name(fmt::format("argument of {}", m.word), name, {names_.begin(), names_.end()}).value().message);
      }
      values_[name] = &arg.value;
    }
  }
  bool has(const char* name) const { return values_.contains(name); }
  float number(const char* name, double usual) const {
    const auto found = values_.find(name);
    const double value = found == values_.end() ? usual : shape_number_of(*found->second, name, line_);
    if (std::isnan(value)) shape_error(line_, fmt::format("{} needs {}", m_.word, name));
    if (std::abs(value) > 10000) shape_error(line_, fmt::format("{} of {} is {}; at most 10000 are possible", name, m_.word, shape_number(value)));
    return static_cast<float>(value);
  }
  int count(const char* name, int high, int low = 1, double usual = std::numeric_limits<double>::quiet_NaN()) const {
    const double value = number(name, usual);
    if (value != std::floor(value) || value < low || value > high)
      shape_error(line_, fmt::format("{} of {} is {}; {} to {} are possible", name, m_.word, shape_number(value), low, high));
    return static_cast<int>(value);
  }
  /// 0, 1 or 2 for x, y or z.
  size_t axis(const char* name, size_t usual) const {
    const auto found = values_.find(name);
    if (found == values_.end()) return usual;
    const std::string& word = found->second->word;
    if (word != "x" && word != "y" && word != "z") shape_error(line_, fmt::format("{} of {} is x, y or z", name, m_.word));
    return static_cast<size_t>(word[0] - 'x');
  }

 private:
  const KnownModifier& m_;
  std::vector<const char*> names_;
  int line_;
  std::map<std::string, const ShapeValue*> values_;
};

Bounds bounds_of(const std::vector<Vec3>& positions) {
  Bounds out;
  for (const Vec3& p : positions) out.take(p);
  return out;
}

/// Turned about an axis through the origin: from y to z about x, from z to x about y, from x to y about z.
Affine rotation(size_t axis, float degrees) {
  const float quarter = degrees / 90;
  float c = std::cos(degrees * kDegree), s = std::sin(degrees * kDegree);
  if (quarter == std::floor(quarter)) c = std::round(c), s = std::round(s);
  const size_t a = (axis + 1) % 3, b = (axis + 2) % 3;
  Affine out;
  out.rows[a][a] = c, out.rows[a][b] = -s;
  out.rows[b][a] = s, out.rows[b][b] = c;
  return out;
}

Affine moved(const Vec3& by) {
  Affine out;
  out.move = by;
  return out;
}

/// Mirrored at the plane through `at` across an axis.
Affine mirrored(size_t axis, const Vec3& at) {
  Affine out;
  out.rows[axis][axis] = -1;
  out.move[axis] = 2 * at[axis];
  return out;
}

/// Cuts the faces of a mesh at planes across an axis, so that what is straight can follow a curve. The surface stays the same and stays closed.
void slice(PolygonMesh& mesh, size_t axis, int parts) {
  const Bounds box = bounds_of(mesh.positions);
  const float extent = box.size()[axis];
  std::vector<std::vector<uint32_t>> faces;
  for (const auto& [a, b, c, d] : mesh.faces) {
    if (c == d) {
      faces.push_back({a, b, c});
      continue;
    }
    // A quad that is not flat could be crossed twice by one plane.
    const Vec3 normal = cross(mesh.positions[b] - mesh.positions[a], mesh.positions[c] - mesh.positions[a]);
    if (std::abs(dot(normal, mesh.positions[d] - mesh.positions[a])) <= 1e-5F * length(normal) * length(mesh.positions[c] - mesh.positions[a])) {
      faces.push_back({a, b, c, d});
    } else {
      faces.push_back({a, b, c});
      faces.push_back({a, c, d});
    }
  }
  for (int part = 1; part < parts; ++part) {
    const float plane = box.low[axis] + extent * static_cast<float>(part) / static_cast<float>(parts), near = extent * 1e-4F;
    const auto side = [&](uint32_t v) {
      const float at = mesh.positions[v][axis] - plane;
      return at > near ? 1 : at < -near ? -1 : 0;
    };
    std::map<std::pair<uint32_t, uint32_t>, uint32_t> cuts;  // both faces at an edge get the same vertex
    const auto cut = [&](uint32_t a, uint32_t b) {
      const auto [slot, fresh] = cuts.try_emplace(std::minmax(a, b), 0);
      if (fresh) {
        const auto [low, high] = slot->first;
        const Vec3 from = mesh.positions[low], to = mesh.positions[high];
        Vec3 p = from + (to - from) * ((plane - from[axis]) / (to[axis] - from[axis]));
        p[axis] = plane;
        mesh.positions.push_back(p);
        slot->second = static_cast<uint32_t>(mesh.positions.size() - 1);
      }
      return slot->second;
    };
    std::vector<std::vector<uint32_t>> next;
    const auto split = [&](const std::vector<uint32_t>& face) {
      const auto on = [&](int which) { return std::any_of(face.begin(), face.end(), [&](uint32_t v) { return side(v) == which; }); };
      if (!on(1) || !on(-1)) {
        next.push_back(face);
        return;
      }
      std::vector<uint32_t> low, high;
      for (size_t i = 0; i < face.size(); ++i) {
        const uint32_t v = face[i], w = face[(i + 1) % face.size()];
        if (side(v) <= 0) low.push_back(v);
        if (side(v) >= 0) high.push_back(v);
        if (side(v) * side(w) < 0) low.push_back(cut(v, w)), high.push_back(low.back());
      }
      next.push_back(std::move(low));
      next.push_back(std::move(high));
    };
    for (const auto& face : faces) {
      // A face that is not flat may cross the plane more than once: it is cut as triangles.
      int turns = 0;
      for (size_t i = 0, last = 0; i < 2 * face.size(); ++i) {
        const int here = side(face[i % face.size()]), before = side(face[last % face.size()]);
        if (here == 0) continue;
        if (before * here < 0 && i >= face.size()) ++turns;
        last = i;
      }
      if (turns <= 2)
        split(face);
      else
        for (size_t i = 1; i + 1 < face.size(); ++i) split({face[0], face[i], face[i + 1]});
    }
    faces.swap(next);
  }
  mesh.faces.clear();
  for (const auto& face : faces)
    for (size_t i = 1; i + 1 < face.size(); i += 2) {
      if (i + 2 < face.size())
        mesh.quad(face[0], face[i], face[i + 1], face[i + 2]);
      else
        mesh.triangle(face[0], face[i], face[i + 1]);
    }
}
int slices_of(float degrees, float detail) { return std::clamp(static_cast<int>(std::ceil(std::abs(degrees) * detail / 8)), 4, 48); }

void bend(PolygonMesh& mesh, size_t axis, float degrees, int line) {
  if (std::abs(degrees) < 0.01F) return;
  const Bounds box = bounds_of(mesh.positions);
  // What stands bends forward (about x) or sideways (about z); what lies along x bends forward (about y), its middle in place.
  const size_t along = axis == 1 ? 0 : 1, to = axis == 2 ? 0 : 2;
  const float extent = std::max(1e-6F, box.size()[along]), angle = degrees * kDegree, radius = extent / angle;
  if (radius > 0 ? box.high[to] > 0.95F * radius : box.low[to] < 0.95F * radius)
    shape_error(line, fmt::format("bend: the part is too thick for {} degrees: it would fold into itself", shape_number(static_cast<double>(degrees))));
  const float origin = axis == 1 ? box.centre()[along] : box.low[along];
  for (Vec3& p : mesh.positions) {
    const float a = angle * (p[along] - origin) / extent, r = radius - p[to];
    p[along] = r * std::sin(a) + origin;
    p[to] = radius - r * std::cos(a);
  }
}

void twist(PolygonMesh& mesh, float degrees) {
  const Bounds box = bounds_of(mesh.positions);
  const float height = std::max(1e-6F, box.size()[1]);
  for (Vec3& p : mesh.positions) {
    const float a = degrees * kDegree * (p[1] - box.low[1]) / height, c = std::cos(a), s = std::sin(a);
    p = {p[0] * c + p[2] * s, p[1], p[2] * c - p[0] * s};
  }
}

void taper(PolygonMesh& mesh, float factor_x, float factor_z) {
  const Bounds box = bounds_of(mesh.positions);
  const float height = std::max(1e-6F, box.size()[1]);
  for (Vec3& p : mesh.positions) {
    const float t = (p[1] - box.low[1]) / height;
    p[0] *= 1 + (factor_x - 1) * t;
    p[2] *= 1 + (factor_z - 1) * t;
  }
}

/// A hollow inside: the surface once more, smaller and turned inside out.
void hollow(PolygonMesh& mesh, float wall, int line) {
  const Bounds box = bounds_of(mesh.positions);
  const Vec3 size = box.size(), centre = box.centre();
  Vec3 factor;
  for (size_t i = 0; i < 3; ++i) {
    factor[i] = (size[i] - 2 * wall) / size[i];
    if (!(factor[i] > 0)) shape_error(line, "shell: the wall is thicker than the part");
  }
  const auto n = static_cast<uint32_t>(mesh.positions.size());
  const size_t faces = mesh.faces.size();
  for (uint32_t i = 0; i < n; ++i) {
    const Vec3 p = mesh.positions[i];
    mesh.positions.push_back(
        {centre[0] + (p[0] - centre[0]) * factor[0], centre[1] + (p[1] - centre[1]) * factor[1], centre[2] + (p[2] - centre[2]) * factor[2]});
  }
  for (size_t f = 0; f < faces; ++f) {
    const auto [a, b, c, d] = mesh.faces[f];
    if (c == d)
      mesh.triangle(a + n, c + n, b + n);
    else
      mesh.quad(a + n, d + n, c + n, b + n);
  }
}

constexpr double kMinOverlap = std::numeric_limits<double>::quiet_NaN();

/// The point that an anchor means for something of this size, by the centre of its base.
Vec3 anchored(const std::string& word, const Bounds& anchor, const Vec3& size) {
  const Vec3 centre = anchor.centre();
  Vec3 at{centre[0], anchor.low[1], centre[2]};
  if (word == "on") at[1] = anchor.high[1];
  if (word == "under") at[1] = anchor.low[1] - size[1];
  if (word == "in") at[1] = centre[1] - size[1] / 2;
  if (word == "right") at[0] = anchor.high[0] + size[0] / 2;
  if (word == "left") at[0] = anchor.low[0] - size[0] / 2;
  if (word == "front") at[2] = anchor.high[2] + size[2] / 2;
  if (word == "behind") at[2] = anchor.low[2] - size[2] / 2;
  return at;
}

bool is_anchor(const std::string& word) { return word != "from" && word != "is" && is_naming_modifier(word); }

}  // namespace

void deform(PolygonMesh& mesh, const std::vector<KnownModifier>& modifiers, float detail, int line) {
  for (const KnownModifier& m : modifiers) {
    if (m.word == "bend") {
      const Given g(m, {"degrees", "about"}, line);
      const float degrees = g.number("degrees", kMinOverlap);
      if (std::abs(degrees) > 340) shape_error(line, "bend: -340 to 340 degrees are possible");
      const size_t axis = g.axis("about", 0);
      slice(mesh, axis == 1 ? 0 : 1, slices_of(degrees, detail));
      bend(mesh, axis, degrees, line);
    } else if (m.word == "twist") {
      const float degrees = Given(m, {"degrees"}, line).number("degrees", kMinOverlap);
      slice(mesh, 1, slices_of(degrees, detail));
      twist(mesh, degrees);
    } else if (m.word == "taper") {
      const Given g(m, {"x", "z"}, line);
      const float x = g.number("x", kMinOverlap), z = g.number("z", x);
      if (!(std::min(x, z) >= 0.02F) || std::max(x, z) > 50) shape_error(line, "taper: factors from 0.02 to 50 are possible");
      taper(mesh, x, z);
    } else if (m.word == "shell") {
      const float wall = Given(m, {"wall"}, line).number("wall", kMinOverlap);
      if (!(wall > 0)) shape_error(line, "shell: the wall has to be above 0");
      hollow(mesh, wall, line);
    } else if (m.word == "noise") {
      const Given g(m, {"height", "scale", "seed", "n"}, line);
      SurfaceNoise noise{.height = g.number("height", kMinOverlap), .scale = g.number("scale", kMinOverlap)};
      noise.seed = static_cast<uint32_t>(g.count("seed", 10000, 0, 1));
      if (g.has("n")) noise.cells = g.count("n", kMaxNoiseCells, 8);
      roughen(mesh, noise, detail, line);
    } else if (m.word == "scale") {
      const Given g(m, {"x", "y", "z"}, line);
      const float x = g.number("x", kMinOverlap), y = g.number("y", x), z = g.number("z", x);
      if (!(std::min({x, y, z}) >= 0.001F) || std::max({x, y, z}) > 1000) shape_error(line, "scale: factors from 0.001 to 1000 are possible");
      for (Vec3& p : mesh.positions) p = {p[0] * x, p[1] * y, p[2] * z};
    }
  }
}

namespace {

/// The copies that one modifier makes of the copies so far. `centre` is the point that rings and mirrors go round; `size` is of one copy.
void copy(std::vector<Affine>& out, const KnownModifier& m, const Vec3& centre, const Vec3& size, const Bounds* anchor, int line) {
  std::vector<Affine> before;
  before.swap(out);
  const auto each = [&](const Affine& map) {
    for (const Affine& one : before) out.push_back(map.after(one));
  };
  if (m.word == "repeat") {
    const Given g(m, {"n", "x", "y", "z"}, line);
    const int n = g.count("n", 1000);
    const Vec3 step{g.number("x", 0), g.number("y", 0), g.number("z", 0)};
    for (int i = 0; i < n; ++i) each(moved(step * (static_cast<float>(i) - static_cast<float>(n - 1) / 2)));
  } else if (m.word == "grid") {
    const Given g(m, {"nx", "nz", "x", "z"}, line);
    const int nx = g.count("nx", 1000), nz = g.count("nz", 1000);
    for (int i = 0; i < nx; ++i)
      for (int k = 0; k < nz; ++k)
        each(moved({g.number("x", kMinOverlap) * (static_cast<float>(i) - static_cast<float>(nx - 1) / 2), 0,
                    g.number("z", kMinOverlap) * (static_cast<float>(k) - static_cast<float>(nz - 1) / 2)}));
  } else if (m.word == "ring") {
    const Given g(m, {"n", "r", "start"}, line);
    const int n = g.count("n", 1000);
    const float r = g.number("r", 0), start = g.number("start", 0);
    for (int i = 0; i < n; ++i)
      each(moved(centre).after(rotation(1, start + 360 * static_cast<float>(i) / static_cast<float>(n))).after(moved(Vec3{0, 0, r} - centre)));
  } else if (m.word == "mirror") {
    const Given g(m, {"axis"}, line);
    const size_t axis = g.axis("axis", 0);
    each({});
    each(mirrored(axis, centre));
  } else if (m.word == "corners") {
    if (!anchor) shape_error(line, "corners: needs on, under, in or another anchor that says of what");
    const Given g(m, {"inset", "depth"}, line);
    const float inset = g.number("inset", 0), inset_z = g.number("depth", inset);
    const Vec3 extent = anchor->size(), middle = anchor->centre();
    const Vec3 corner{extent[0] / 2 - inset - size[0] / 2, 0, extent[2] / 2 - inset_z - size[2] / 2};
    if (corner[0] < 0 || corner[2] < 0) shape_error(line, "corners: the inset is more than half of what it stands at");
    each(moved(corner));
    std::vector<Affine> one;
    one.swap(out);
    for (const Affine& map : {Affine{}, mirrored(0, middle), mirrored(0, middle).after(mirrored(2, middle)), mirrored(2, middle)})
      for (const Affine& here : one) out.push_back(map.after(here));
  } else {
    out.swap(before);
  }
  if (out.size() > kMaxParts) shape_error(line, fmt::format("more than {} copies", kMaxParts));
}

}  // namespace

Affine turning(const std::vector<KnownModifier>& turns, const Vec3& centre, int line) {
  Affine out = moved(centre * -1);
  for (const KnownModifier& m : turns) {
    const Given g(m, {"axis", "degrees"}, line);
    out = rotation(g.axis("axis", 1), g.number("degrees", kMinOverlap)).after(out);
  }
  return moved(centre).after(out);
}

std::vector<Affine> placements(const Bounds& bounds, const std::vector<KnownModifier>& modifiers, const ShapeScope& scope, int line) {
  const Bounds* anchor = nullptr;
  Vec3 at{}, offset{};
  for (const KnownModifier& m : modifiers) {
    if (is_anchor(m.word)) {
      const Bounds* place = scope.place_of(m.target);
      if (!place) shape_error(line, unknown_name("part", m.target, scope.places()).value().message);
      const Vec3 here = anchored(m.word, *place, bounds.size());
      // A second anchor says what it is about: "on seat behind back" is the height of the first and the depth of the second.
      if (!anchor) at = here;
      if (m.word == "on" || m.word == "under") at[1] = here[1];
      if (m.word == "left" || m.word == "right") at[0] = here[0];
      if (m.word == "front" || m.word == "behind") at[2] = here[2];
      if (!anchor) anchor = place;
    } else if (m.word == "at") {
      const Given g(m, {"x", "y", "z"}, line);
      offset = offset + Vec3{g.number("x", 0), g.number("y", 0), g.number("z", 0)};
    } else if (m.word == "sink") {
      offset[1] -= Given(m, {"by"}, line).number("by", kMinOverlap);
    }
  }
  Affine base;
  if (anchor) {
    const Vec3 centre = bounds.centre();
    base = moved(Vec3{-centre[0], -bounds.low[1], -centre[2]});
  }
  std::vector<Affine> out{moved(at + offset).after(base)};
  const Vec3 middle = anchor ? anchor->centre() : Vec3{};
  for (const KnownModifier& m : modifiers) copy(out, m, middle, bounds.size(), anchor, line);
  return out;
}

}  // namespace ptah
