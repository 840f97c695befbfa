#include "shape/program/primitive.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/philox.h"
#include "base/text.h"
#include "geometry/field/formula.h"

namespace ptah {

namespace {

using Vec4 = std::array<float, 4>;

constexpr double kNeeded = std::numeric_limits<double>::quiet_NaN();
constexpr double kMaxMetres = 10000, kMinMetres = 1e-5;

/// What was given for one primitive.
class Arguments {
 public:
  Arguments(const PrimitiveKind& kind, const std::vector<GivenArgument>& given, int line) : kind_(kind), line_(line) {
    size_t place = 0;
    for (const GivenArgument& arg : given) {
      if (arg.value.kind == ShapeValue::Kind::list) {
        if (!kind.points) wrong(fmt::format("{} takes no lists", kind.name));
        points_.push_back(arg.value.list);
        continue;
      }
      if (arg.value.kind == ShapeValue::Kind::text && kind.text && arg.name.empty() && text_.empty()) {
        text_ = arg.value.word;
        continue;
      }
      if (arg.value.kind == ShapeValue::Kind::text || arg.value.kind == ShapeValue::Kind::word)
        wrong(fmt::format("{} takes numbers, not '{}'", kind.name, arg.value.word));
      std::string name = arg.name;
      if (name.empty()) {
        if (place >= kind.arguments.size()) wrong(fmt::format("{} takes at most {} values", kind.name, kind.arguments.size()));
        name = kind.arguments[place++].name;
      }
      const auto known = std::find_if(kind.arguments.begin(), kind.arguments.end(), [&](const PrimitiveArgument& a) { return name == a.name; });
      if (known == kind.arguments.end()) {
        std::vector<std::string> names;
        for (const PrimitiveArgument& a : kind.arguments) names.emplace_back(a.name);
        wrong(unknown_name(fmt::format("argument of {}", kind.name), name, names).value().message);
      }
      if (!values_.emplace(name, arg.value.number).second) wrong(fmt::format("{} has {} twice", kind.name, name));
    }
    if (points_.size() > 1024) wrong("more than 1024 points");
  }

  [[noreturn]] void wrong(const std::string& message) const { shape_error(line_, message); }
  bool has(const char* name) const { return values_.contains(name); }
  const std::string& text() const {
    if (text_.empty()) wrong(fmt::format("{} needs {}", kind_.name, kind_.text));
    return text_;
  }
  double number(const char* name) const {
    const auto found = values_.find(name);
    if (found != values_.end()) return found->second;
    for (const PrimitiveArgument& a : kind_.arguments)
      if (std::string_view(a.name) == name && !std::isnan(a.usual)) return a.usual;
    wrong(fmt::format("{} needs {}: {}", kind_.name, name, help_of(name)));
  }
  /// A length above 0 (or from 0 on).
  float metres(const char* name, bool zero = false) const {
    const double value = number(name);
    if (!(value >= (zero ? 0 : kMinMetres)) || value > kMaxMetres)
      wrong(fmt::format("{} of {} is {} m; {} to {} m are possible", name, kind_.name, shape_number(value), zero ? "0" : shape_number(kMinMetres), kMaxMetres));
    return static_cast<float>(value);
  }
  int count(const char* name, int low, int high) const {
    const double value = number(name);
    if (value != std::floor(value) || value < low || value > high)
      wrong(fmt::format("{} of {} is {}; whole numbers from {} to {} are possible", name, kind_.name, shape_number(value), low, high));
    return static_cast<int>(value);
  }
  float between(const char* name, double low, double high) const {
    const double value = number(name);
    if (!(value >= low && value <= high)) wrong(fmt::format("{} of {} is {}; {} to {} are possible", name, kind_.name, shape_number(value), low, high));
    return static_cast<float>(value);
  }
  template <class Vector>
  std::vector<Vector> points(size_t min_points) const {
    std::vector<Vector> out;
    for (const std::vector<double>& p : points_) {
      if (p.size() != Vector().size()) wrong(fmt::format("a point of {} has {} numbers: {}", kind_.name, Vector().size(), kind_.points));
      Vector v;
      for (size_t i = 0; i < v.size(); ++i) {
        if (!(std::abs(p[i]) <= kMaxMetres)) wrong(fmt::format("{} is too far away", shape_number(p[i])));
        v[i] = static_cast<float>(p[i]);
      }
      out.push_back(v);
    }
    if (out.size() < min_points) wrong(fmt::format("{} needs at least {} points {}", kind_.name, min_points, kind_.points));
    return out;
  }

 private:
  const char* help_of(const char* name) const {
    for (const PrimitiveArgument& a : kind_.arguments)
      if (std::string_view(a.name) == name) return a.help;
    return "";
  }
  const PrimitiveKind& kind_;
  int line_;
  std::map<std::string, double> values_;
  std::vector<std::vector<double>> points_;
  std::string text_;
};

constexpr PrimitiveArgument kSides{"n", 0, "segments of a full turn; 0: by its size"};

/// Segments of a turn for something so wide.
Fineness fineness_of(const Arguments& args, float radius, float detail, int along, bool with_n = true) {
  Fineness out;
  out.along = along;
  const int asked = with_n ? args.count("n", 0, 256) : 0;
  if (asked > 0) {
    out.around = std::max(3, asked);
  } else {
    const float usual = radius < 0.01F ? 8 : radius < 0.03F ? 12 : radius < 0.1F ? 16 : radius < 0.5F ? 24 : 32;
    out.around = std::clamp(static_cast<int>(usual * detail / 4 + 0.5F) * 4, 8, 256);
  }
  return out;
}

PolygonMesh open_box(float w, float h, float d, float wall, const Arguments& args) {
  if (2 * wall >= std::min(w, d) || wall >= h) args.wrong("the wall is thicker than the box");
  PolygonMesh mesh = box_mesh(w, h, d);
  mesh.faces.erase(std::remove_if(mesh.faces.begin(), mesh.faces.end(),
                                  [&](const auto& f) { return std::all_of(f.begin(), f.end(), [&](uint32_t v) { return mesh.positions[v][1] > h / 2; }); }),
                   mesh.faces.end());
  // Outer rim 3 2 6 7 (front left, front right, back right, back left), inner rim, floor.
  const std::array<uint32_t, 4> outer{3, 2, 6, 7};
  std::array<uint32_t, 4> rim{}, floor{};
  for (size_t i = 0; i < 4; ++i) {
    const Vec3 p = mesh.positions[outer[i]];
    const Vec3 inner{p[0] - std::copysign(wall, p[0]), h, p[2] - std::copysign(wall, p[2])};
    mesh.positions.push_back(inner);
    rim[i] = static_cast<uint32_t>(mesh.positions.size() - 1);
    mesh.positions.push_back({inner[0], wall, inner[2]});
    floor[i] = static_cast<uint32_t>(mesh.positions.size() - 1);
  }
  for (size_t i = 0; i < 4; ++i) {
    const size_t j = (i + 1) % 4;
    mesh.quad(outer[i], outer[j], rim[j], rim[i]);
    mesh.quad(rim[i], rim[j], floor[j], floor[i]);
  }
  mesh.quad(floor[0], floor[1], floor[2], floor[3]);
  return mesh;
}

PolygonMesh make_box(const Arguments& a, float, int along) {
  const float w = a.metres("w"), h = a.metres("h"), d = a.metres("d"), r = a.metres("r", true), wall = a.metres("wall", true);
  if (wall > 0) return open_box(w, h, d, wall, a);
  Fineness fineness{24, along};
  if (r <= 0) return box_mesh(w, h, d, fineness);
  if (2 * r > std::min({w, h, d}) * 1.0001F) a.wrong(fmt::format("r of box is {} m, more than half of its shortest edge", r));
  fineness.around = r < 0.02F ? 16 : 24;
  return rounded_box_mesh(w, h, d, r, fineness);
}

PolygonMesh make_cylinder(const Arguments& a, float detail, int along) {
  const float r = a.metres("r", true), h = a.metres("h"), top = a.has("top") ? a.metres("top", true) : r, wall = a.metres("wall", true);
  if (std::max(r, top) < static_cast<float>(kMinMetres)) a.wrong("both radii of the cylinder are 0");
  const Fineness fineness = fineness_of(a, std::max(r, top), detail, along);
  if (wall <= 0) return cylinder_mesh(r, top, h, fineness);
  if (wall >= std::min({r, top, h})) a.wrong("the wall is thicker than the cylinder");
  const std::array<Vec2, 5> cup{{{r, 0}, {top, h}, {top - wall, h}, {r - wall + (top - r) * (wall / h), wall}, {0, wall}}};
  return lathe_mesh(cup, fineness);
}

PolygonMesh make_pipe(const Arguments& a, float detail, int along) {
  const float r = a.metres("r"), inner = a.metres("inner"), h = a.metres("h");
  if (inner >= r) a.wrong("inner of pipe is not below r");
  const Fineness fineness = fineness_of(a, r, detail, along);
  // A cup without its floor: the profile of the wall, closed upon itself.
  const std::array<Vec2, 4> profile{{{r, 0}, {r, h}, {inner, h}, {inner, 0}}};
  PolygonMesh mesh;
  const int n = fineness.around;
  for (int i = 0; i < n; ++i) {
    const double angle = 2 * std::numbers::pi * i / n;
    for (const Vec2& p : profile) mesh.positions.push_back({p[0] * static_cast<float>(std::sin(angle)), p[1], p[0] * static_cast<float>(std::cos(angle))});
  }
  const auto at = [n](int i, int j) { return static_cast<uint32_t>(i % n * 4 + j % 4); };
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < 4; ++j) mesh.quad(at(i, j), at(i + 1, j), at(i + 1, j + 1), at(i, j + 1));
  return mesh;
}

PolygonMesh make_lathe(const Arguments& a, float detail, int along) {
  const auto profile = a.points<Vec2>(2);
  float widest = 0;
  for (size_t i = 0; i < profile.size(); ++i) {
    widest = std::max(widest, profile[i][0]);
    if (profile[i][0] < 0 || (profile[i][0] < kMinMetres && i > 0 && i + 1 < profile.size()))
      a.wrong("radii of a lathe are above 0; only the first and the last may be 0");
    if (i > 0 && profile[i] == profile[i - 1]) a.wrong("two points of a lathe are the same");
  }
  if (widest < kMinMetres) a.wrong("every radius of the lathe is 0");
  return lathe_mesh(profile, fineness_of(a, widest, detail, along));
}

PolygonMesh make_sweep(const Arguments& a, float detail, int) {
  auto path = a.points<Vec3>(2);
  const float r = a.metres("r"), end = a.has("end") ? a.metres("end") : r;
  const bool closed = a.number("closed") != 0, smooth = a.number("smooth") != 0;
  if (closed && path.size() < 3) a.wrong("a closed sweep needs at least 3 points");
  for (size_t i = 0; i + (closed ? 0 : 1) < path.size(); ++i)
    if (length(path[(i + 1) % path.size()] - path[i]) < kMinMetres) a.wrong("two points of a sweep are the same");
  if (smooth && path.size() > 2) path = smooth_path(path, closed, std::clamp(static_cast<int>(6 * detail), 2, 32));
  Fineness fineness = fineness_of(a, r, detail, 1);
  fineness.around *= a.count("n", 0, 256) > 0 ? 2 : 1;  // a tube has half as many segments around as other round things, unless it is told
  return sweep_mesh(path, r, end, closed, fineness);
}

PolygonMesh make_terrain(const Arguments& a, float, int) {
  const float w = a.metres("w"), d = a.metres("d"), h = a.metres("h"), base = a.metres("base");
  const int n = a.count("n", 2, 128);
  const auto seed = static_cast<uint64_t>(a.count("seed", 0, 1000000));
  std::vector<float> heights;
  // Value noise of four octaves, smooth between the points of each lattice.
  const auto lattice = [&](int octave, int x, int z) {
    return Random(seed, static_cast<uint64_t>(octave), (static_cast<uint64_t>(x + 4096) << 20) + static_cast<uint64_t>(z + 4096)).uniform();
  };
  for (int z = 0; z <= n; ++z)
    for (int x = 0; x <= n; ++x) {
      float value = 0, weight = 0.5F;
      for (int octave = 0; octave < 4; ++octave, weight /= 2) {
        const float cells = 3.0F * static_cast<float>(1 << octave), fx = cells * static_cast<float>(x) / static_cast<float>(n),
                    fz = cells * static_cast<float>(z) / static_cast<float>(n);
        const int ix = static_cast<int>(fx), iz = static_cast<int>(fz);
        const auto ease = [](float t) { return t * t * (3 - 2 * t); };
        const float u = ease(fx - static_cast<float>(ix)), v = ease(fz - static_cast<float>(iz));
        value += weight * ((lattice(octave, ix, iz) * (1 - u) + lattice(octave, ix + 1, iz) * u) * (1 - v) +
                           (lattice(octave, ix, iz + 1) * (1 - u) + lattice(octave, ix + 1, iz + 1) * u) * v);
      }
      heights.push_back(base + h * value);
    }
  return terrain_mesh(w, d, heights, n, n);
}

/// Cells along the longest edge of what is contoured.
int cells_of(const Arguments& a, float detail) {
  const int asked = a.count("n", 0, 128);
  return asked > 0 ? std::max(8, asked) : std::clamp(static_cast<int>(std::lround(32 * detail)), 8, 128);
}

/// A contoured mesh, its lowest point on y = 0.
PolygonMesh standing(Result<Mesh> made, const Arguments& a, const char* name) {
  if (!made) a.wrong(made.error().message);
  if (made->triangles.empty()) a.wrong(fmt::format("{}: nothing is inside", name));
  const float low = Box::of(made->positions).low[1];
  PolygonMesh mesh;
  for (const Vec3& p : made->positions) mesh.positions.push_back({p[0], p[1] - low, p[2]});
  for (const auto& [i, j, k] : made->triangles) mesh.triangle(i, j, k);
  return mesh;
}

PolygonMesh make_metaballs(const Arguments& a, float detail, int) {
  std::vector<Metaball> balls;
  if (a.points<Vec4>(1).size() > 256) a.wrong("more than 256 metaballs");
  Box box = Box::empty();
  for (const Vec4& p : a.points<Vec4>(1)) {
    if (!(p[3] >= static_cast<float>(kMinMetres))) a.wrong(fmt::format("the radius of a metaball is above 0, not {}", p[3]));
    balls.push_back({{p[0], p[1], p[2]}, p[3]});
  }
  float largest = 0;
  for (const Metaball& ball : balls) largest = std::max(largest, ball.radius);
  // Many balls in one place swell; none of them reaches farther than 2.21 of its radii.
  for (const Metaball& ball : balls)
    for (const float side : {-1.0F, 1.0F}) {
      const float reach = side * std::max(2.21F * ball.radius, 1e-3F * largest);
      box.add(ball.centre + Vec3{reach, reach, reach});
    }
  return standing(field_mesh(metaball_field(std::move(balls)), box, cells_of(a, detail)), a, "metaballs");
}

PolygonMesh make_algebraic(const Arguments& a, float detail, int) {
  const float w = a.metres("w"), h = a.has("h") ? a.metres("h") : w, d = a.has("d") ? a.metres("d") : w;
  const float range = a.between("range", 1e-6, 1e6), unit = 2 * range / std::max({w, h, d});
  auto formula = Formula::parse(a.text());
  if (!formula) a.wrong(formula.error().message);
  const Field field = [&formula, unit](const Vec3& p) {
    FieldSample out = formula->at(p * unit);
    out.gradient = out.gradient * unit;
    return out;
  };
  return standing(field_mesh(field, {{-w / 2, -h / 2, -d / 2}, {w / 2, h / 2, d / 2}}, cells_of(a, detail)), a, "algebraic");
}

using Maker = PolygonMesh (*)(const Arguments&, float detail, int along);

const std::map<std::string, Maker>& makers() {
  static const std::map<std::string, Maker> out{
      {"box", &make_box},
      {"cylinder", &make_cylinder},
      {"pipe", &make_pipe},
      {"lathe", &make_lathe},
      {"sweep", &make_sweep},
      {"terrain", &make_terrain},
      {"metaballs", &make_metaballs},
      {"algebraic", &make_algebraic},
      {"cone", [](const Arguments& a, float detail,
                  int along) { return cylinder_mesh(a.metres("r"), 0, a.metres("h"), fineness_of(a, a.metres("r"), detail, along)); }},
      {"sphere", [](const Arguments& a, float detail,
                    int) { return ellipsoid_mesh(2 * a.metres("r"), 2 * a.metres("r"), 2 * a.metres("r"), fineness_of(a, a.metres("r"), detail, 1)); }},
      {"ellipsoid",
       [](const Arguments& a, float detail, int) {
         const float w = a.metres("w"), h = a.metres("h"), d = a.metres("d");
         return ellipsoid_mesh(w, h, d, fineness_of(a, std::max({w, h, d}) / 2, detail, 1));
       }},
      {"torus",
       [](const Arguments& a, float detail, int) {
         const float r = a.metres("r"), tube = a.metres("tube");
         if (tube >= r) a.wrong("tube of torus is not below r");
         return torus_mesh(r, tube, fineness_of(a, r, detail, 1));
       }},
      {"capsule",
       [](const Arguments& a, float detail, int) {
         const float r = a.metres("r"), h = a.metres("h");
         if (h < 2 * r * 0.9999F) a.wrong("h of capsule is below twice its r");
         return capsule_mesh(r, h, fineness_of(a, r, detail, 1));
       }},
      {"wedge",
       [](const Arguments& a, float, int) {
         const float d = a.metres("d"), top = a.metres("top", true);
         if (top >= d) a.wrong("top of wedge is not below d");
         return wedge_mesh(a.metres("w"), a.metres("h"), d, top);
       }},
      {"gable", [](const Arguments& a, float, int) { return gable_mesh(a.metres("w"), a.metres("h"), a.metres("d")); }},
      {"prism",
       [](const Arguments& a, float, int along) {
         const float r = a.metres("r");
         return prism_mesh(a.count("n", 3, 64), r, a.has("top") ? a.metres("top", true) : r, a.metres("h"), {24, along});
       }},
      {"pyramid",
       [](const Arguments& a, float, int along) {
         const float w = a.metres("w"), d = a.has("d") ? a.metres("d") : w;
         PolygonMesh mesh = prism_mesh(4, w / std::numbers::sqrt2_v<float>, 0, a.metres("h"), {24, along});
         for (Vec3& p : mesh.positions) p[2] *= d / w;
         return mesh;
       }},
      {"extrude",
       [](const Arguments& a, float, int along) {
         PolygonMesh mesh;
         if (auto made = extrude_mesh(a.points<Vec2>(3), a.metres("d"), {24, along}))
           mesh = std::move(*made);
         else
           a.wrong(made.error().message);
         return mesh;
       }},
      {"superquadric",
       [](const Arguments& a, float detail, int) {
         const float w = a.metres("w"), h = a.metres("h"), d = a.metres("d");
         return superquadric_mesh(w, h, d, a.between("e1", 0.1, 2), a.between("e2", 0.1, 2), fineness_of(a, std::max({w, h, d}) / 2, detail, 1));
       }},
  };
  return out;
}

}  // namespace

const std::vector<PrimitiveKind>& primitive_kinds() {
  static const PrimitiveArgument w{"w", kNeeded, "width along x"}, h{"h", kNeeded, "height along y"}, d{"d", kNeeded, "depth along z"},
      r{"r", kNeeded, "radius"};
  static const std::vector<PrimitiveKind> kinds{
      {"box", {w, h, d, {"r", 0, "radius of its edges"}, {"wall", 0, "above 0: open above, with walls so thick"}}, nullptr, "a box"},
      {"cylinder",
       {r, h, {"top", 0, "radius above; as below where it is not given"}, kSides, {"wall", 0, "above 0: open above, with walls so thick"}},
       nullptr,
       "a cylinder, or a cone cut off"},
      {"pipe", {r, {"inner", kNeeded, "radius of the hole"}, h, kSides}, nullptr, "a cylinder with a hole through it"},
      {"cone", {r, h, kSides}, nullptr, "a cone"},
      {"sphere", {r, kSides}, nullptr, "a ball"},
      {"ellipsoid", {w, h, d, kSides}, nullptr, "a ball with three diameters"},
      {"torus", {r, {"tube", kNeeded, "radius of the tube"}, kSides}, nullptr, "a ring, lying; r reaches to the middle of its tube"},
      {"capsule", {r, h, kSides}, nullptr, "a cylinder with round ends, h high over all"},
      {"wedge", {w, h, d, {"top", 0, "depth of the face above"}}, nullptr, "a ramp that rises to the back"},
      {"gable", {w, h, d}, nullptr, "a roof: a triangle, d long"},
      {"prism",
       {{"n", kNeeded, "corners"}, r, h, {"top", 0, "radius above; as below where it is not given"}},
       nullptr,
       "a regular prism, or pyramid with top = 0"},
      {"pyramid", {w, h, {"d", 0, "depth; as w where it is not given"}}, nullptr, "a pyramid on a rectangle"},
      {"lathe", {kSides}, "(radius, height)", "a profile turned about the axis, from below to above"},
      {"extrude", {d}, "(x, y)", "an outline in the plane of x and y, d thick"},
      {"sweep",
       {r,
        {"end", 0, "radius at the end; as at the beginning where it is not given"},
        {"closed", 0, "true: a ring"},
        {"smooth", 1, "false: straight between its points"},
        kSides},
       "(x, y, z)",
       "a tube along a path"},
      {"superquadric",
       {w, h, d, {"e1", 0.5, "0.1 flat above and below, 1 round, 2 pointed"}, {"e2", 0.5, "the same around"}, kSides},
       nullptr,
       "between a box and an ellipsoid"},
      {"terrain",
       {w, d, h, {"base", 0.1, "least height"}, {"n", 24, "cells along each edge"}, {"seed", 1, "another number: other hills"}},
       nullptr,
       "a block with hills"},
      {"metaballs", {{"n", 0, "cells along the longest edge; 0: by the detail"}}, "(x, y, z, radius)", "balls that melt together"},
      {"algebraic",
       {w,
        {"h", 0, "height of its box; as w where it is not given"},
        {"d", 0, "depth of its box; as w where it is not given"},
        {"range", 1, "x, y and z go from -range to range along the longest edge"},
        {"n", 0, "cells along the longest edge; 0: by the detail"}},
       nullptr,
       "where a formula in x, y and z is below 0, cut off at its box",
       "a formula in quotation marks"},
  };
  return kinds;
}

PolygonMesh make_primitive(const std::string& name, const std::vector<GivenArgument>& given, float detail, int along, int line) {
  const auto& kinds = primitive_kinds();
  const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const PrimitiveKind& k) { return name == k.name; });
  if (kind == kinds.end()) {
    std::vector<std::string> names;
    for (const PrimitiveKind& k : kinds) names.emplace_back(k.name);
    shape_error(line, unknown_name("primitive", name, names).value().message);
  }
  return makers().at(name)(Arguments(*kind, given, line), detail, along);
}

}  // namespace ptah
