#include <algorithm>
#include <bit>
#include <cstring>

#include "media/glb_scene.h"
#include "media/mesh/format_readers.h"
#include "media/mesh/scan.h"
#include "media/mesh/scene_builder.h"

namespace ptah {

namespace {

[[noreturn]] void broken_ply(const std::string& why) { throw Failure({ErrorCode::corrupt, "PLY: " + why}); }

enum class Kind { i8, u8, i16, u16, i32, u32, f32, f64 };

Kind kind_of(std::string_view name) {
  constexpr std::pair<std::string_view, Kind> kNames[] = {{"char", Kind::i8},   {"int8", Kind::i8},     {"uchar", Kind::u8},   {"uint8", Kind::u8},
                                                          {"short", Kind::i16}, {"int16", Kind::i16},   {"ushort", Kind::u16}, {"uint16", Kind::u16},
                                                          {"int", Kind::i32},   {"int32", Kind::i32},   {"uint", Kind::u32},   {"uint32", Kind::u32},
                                                          {"float", Kind::f32}, {"float32", Kind::f32}, {"double", Kind::f64}, {"float64", Kind::f64}};
  for (const auto& [known, kind] : kNames)
    if (name == known) return kind;
  broken_ply(fmt::format("a property of type '{}'", name.substr(0, 20)));
}

size_t bytes_of_kind(Kind kind) { return kind == Kind::i8 || kind == Kind::u8 ? 1 : kind == Kind::i16 || kind == Kind::u16 ? 2 : kind == Kind::f64 ? 8 : 4; }

struct Property {
  std::string name;
  Kind kind = Kind::f32, count_kind = Kind::u8;
  bool list = false;
};
struct Element {
  std::string name;
  size_t count = 0;
  std::vector<Property> properties;
};
enum class Form { text, little, big };
struct Header {
  Form form = Form::text;
  std::vector<Element> elements;
  std::vector<std::string> textures;
  size_t bytes = 0;
};

Header read_ply_header(std::string_view text) {
  constexpr size_t kMaxLines = 10000;
  Header out;
  bool formed = false;
  size_t at = 0;
  for (size_t number = 0; number < kMaxLines && at < text.size(); ++number) {
    std::string_view line = next_line(text, at);
    const std::string_view word = next_word(line);
    if (word == "format") {
      const std::string_view form = next_word(line);
      out.form = form == "ascii" ? Form::text : form == "binary_little_endian" ? Form::little : Form::big;
      if (out.form == Form::big && form != "binary_big_endian") broken_ply(fmt::format("format '{}'", form.substr(0, 40)));
      formed = true;
    } else if (word == "comment") {
      if (next_word(line) == "TextureFile" && !line.empty()) out.textures.emplace_back(line.substr(1));
    } else if (word == "element") {
      Element element{std::string(next_word(line)), 0, {}};
      const auto count = integer_of(next_word(line));
      if (!count || *count < 0) broken_ply(fmt::format("element '{}' without a count", element.name.substr(0, 40)));
      element.count = static_cast<size_t>(*count);
      out.elements.push_back(element);
    } else if (word == "property") {
      if (out.elements.empty()) broken_ply("a property before any element");
      Property p;
      std::string_view type = next_word(line);
      if ((p.list = type == "list")) {
        p.count_kind = kind_of(next_word(line));
        type = next_word(line);
      }
      p.kind = kind_of(type);
      p.name = std::string(next_word(line));
      out.elements.back().properties.push_back(p);
    } else if (word == "end_header") {
      if (!formed) broken_ply("no format");
      out.bytes = at;
      return out;
    }
  }
  broken_ply("a header without end");
}

/// The values behind the header, one after the other.
class Values {
 public:
  Values(std::string_view rest, Form form) : rest_(rest), form_(form) {}

  /// Errors end the reading: a count that is more than what is left can hold.
  void check(const Element& element) const {
    size_t min_bytes = 0;
    for (const Property& p : element.properties) min_bytes += form_ == Form::text ? 2 : bytes_of_kind(p.list ? p.count_kind : p.kind);
    if (element.properties.empty() || element.count > (rest_.size() + 1) / min_bytes)
      broken_ply(fmt::format("{} elements '{}', more than the file holds", element.count, element.name.substr(0, 40)));
  }
  double next(Kind kind) {
    if (form_ == Form::text) {
      const std::string_view word = next_word(rest_);
      if (word.empty()) broken_ply("the file is cut off");
      const auto value = kind == Kind::f32 || kind == Kind::f64 ? std::optional<double>() : exact(word);
      if (value) return *value;
      const auto number = float_of(word);
      if (!number) broken_ply(fmt::format("'{}' is no number", word.substr(0, 40)));
      return static_cast<double>(*number);
    }
    switch (kind) {
      case Kind::i8:
        return static_cast<double>(raw<int8_t>());
      case Kind::u8:
        return static_cast<double>(raw<uint8_t>());
      case Kind::i16:
        return static_cast<double>(raw<int16_t>());
      case Kind::u16:
        return static_cast<double>(raw<uint16_t>());
      case Kind::i32:
        return static_cast<double>(raw<int32_t>());
      case Kind::u32:
        return static_cast<double>(raw<uint32_t>());
      case Kind::f32:
        return finite(static_cast<double>(raw<float>()));
      case Kind::f64:
        return finite(raw<double>());
    }
    return 0;
  }
  size_t count(Kind kind) {
    const double n = next(kind);
    if (!(n >= 0) || n > static_cast<double>(rest_.size() + 1)) broken_ply("a list longer than the file");
    return static_cast<size_t>(n);
  }
  void skip(const Property& p) {
    for (size_t n = p.list ? count(p.count_kind) : 1; n > 0; --n) next(p.kind);
  }

 private:
  static std::optional<double> exact(std::string_view word) {
    const auto value = integer_of(word);
    return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
  }
  static double finite(double value) {
    if (!(std::abs(value) <= 1e30)) broken_ply("a number that is not finite");
    return value;
  }
  template <class T>
  T raw() {
    if (rest_.size() < sizeof(T)) broken_ply("the file is cut off");
    std::array<char, sizeof(T)> bytes;
    std::memcpy(bytes.data(), rest_.data(), sizeof(T));
    if (form_ == Form::big) std::reverse(bytes.begin(), bytes.end());
    rest_.remove_prefix(sizeof(T));
    return std::bit_cast<T>(bytes);
  }
  std::string_view rest_;
  Form form_;
};

/// Which number of a vertex a property is; -1 for one that is not read.
int slot_of(const std::string& name) {
  constexpr std::pair<std::string_view, int> kSlots[] = {{"x", 0},
                                                         {"y", 1},
                                                         {"z", 2},
                                                         {"nx", 3},
                                                         {"ny", 4},
                                                         {"nz", 5},
                                                         {"s", 6},
                                                         {"t", 7},
                                                         {"u", 6},
                                                         {"v", 7},
                                                         {"texture_u", 6},
                                                         {"texture_v", 7},
                                                         {"red", 8},
                                                         {"green", 9},
                                                         {"blue", 10},
                                                         {"alpha", 11},
                                                         {"diffuse_red", 8},
                                                         {"diffuse_green", 9},
                                                         {"diffuse_blue", 10},
                                                         {"r", 8},
                                                         {"g", 9},
                                                         {"b", 10}};
  for (const auto& [known, slot] : kSlots)
    if (name == known) return slot;
  return -1;
}

struct Vertices {
  std::vector<Vec3> positions, normals;
  std::vector<Vec2> uvs;
  std::vector<std::array<float, 4>> colours;
};

Vertices read_vertices(const Element& element, Values& values, NoteList& notes) {
  Vertices out;
  std::array<bool, 12> has{};
  std::vector<int> slots;
  bool bytes = false;
  for (const Property& p : element.properties) {
    const int slot = p.list ? -1 : slot_of(p.name);
    slots.push_back(slot);
    if (slot < 0) {
      notes.add(fmt::format("the property '{}' of vertices is left out", path_level(p.name, "").substr(0, 40)));
      continue;
    }
    has[static_cast<size_t>(slot)] = true;
    if (slot >= 8 && slot < 11) bytes = p.kind == Kind::u8;
  }
  if (!has[0] || !has[1] || !has[2]) broken_ply("vertices without x, y and z");
  const bool normals = has[3] && has[4] && has[5], uvs = has[6] && has[7], colours = has[8] && has[9] && has[10];
  check_scene_size(element.count, 0);
  std::array<float, 12> v{};
  for (size_t i = 0; i < element.count; ++i) {
    v[11] = bytes ? 255 : 1;
    for (size_t p = 0; p < slots.size(); ++p) {
      if (slots[p] < 0)
        values.skip(element.properties[p]);
      else
        v[static_cast<size_t>(slots[p])] = static_cast<float>(values.next(element.properties[p].kind));
    }
    out.positions.push_back({v[0], v[1], v[2]});
    if (normals) out.normals.push_back(normalized({v[3], v[4], v[5]}));
    if (uvs) out.uvs.push_back({v[6], 1 - v[7]});
    if (!colours) continue;
    std::array<float, 4> colour{};
    for (size_t c = 0; c < 4; ++c) colour[c] = std::clamp(v[8 + c] / (bytes ? 255.0F : 1.0F), 0.0F, 1.0F);
    if (bytes)
      for (size_t c = 0; c < 3; ++c) colour[c] = linear_of(colour[c]);
    out.colours.push_back(colour);
  }
  return out;
}

class FaceReader {
 public:
  FaceReader(const Vertices& vertices, NoteList& notes) : vertices_(vertices), notes_(notes) {}

  void read(const Element& element, Values& values) {
    const auto is_corners = [](const Property& p) { return p.list && (p.name == "vertex_indices" || p.name == "vertex_index"); };
    for (const Property& p : element.properties)
      if (!is_corners(p)) notes_.add(fmt::format("the property '{}' of faces is left out", path_level(p.name, "").substr(0, 40)));
    const bool strip = element.name == "tristrips";
    std::vector<CornerKey> corners;
    for (size_t f = 0; f < element.count; ++f)
      for (const Property& p : element.properties) {
        if (!is_corners(p)) {
          values.skip(p);
          continue;
        }
        const size_t n = values.count(p.count_kind);
        corners.clear();
        for (size_t i = 0; i < n; ++i) {
          const double v = values.next(p.kind);
          if (strip && v < 0) {
            add_strip(corners);
            corners.clear();
          } else {
            corners.push_back(corner(v));
          }
        }
        if (strip)
          add_strip(corners);
        else if (n >= 3)
          add(corners);
      }
  }
  bool empty() const { return builder_.empty(); }
  SceneMesh finish() { return builder_.finish("mesh", 0, kReadCrease); }

 private:
  CornerKey corner(double v) const {
    if (!(v >= 0 && v < static_cast<double>(vertices_.positions.size()))) broken_ply(fmt::format("a face has vertex {} of {}", v, vertices_.positions.size()));
    const auto i = static_cast<uint32_t>(v);
    return {i, i, i, i};
  }
  void add(std::span<const CornerKey> corners) {
    const auto list = [](const auto& values) { return values.empty() ? nullptr : &values; };
    builder_.face({&vertices_.positions, list(vertices_.uvs), list(vertices_.normals), list(vertices_.colours)}, corners);
  }
  void add_strip(const std::vector<CornerKey>& c) {
    for (size_t i = 0; i + 2 < c.size(); ++i) {
      const std::array<CornerKey, 3> t{c[i + i % 2], c[i + 1 - i % 2], c[i + 2]};
      if (!(t[0] == t[1]) && !(t[1] == t[2]) && !(t[2] == t[0])) add(t);
    }
  }
  const Vertices& vertices_;
  NoteList& notes_;
  size_t clip_steps_ = kMaxClipSteps;
  MeshBuilder builder_{clip_steps_};
};

void add_texture(MeshScene& scene, const Header& header, const NeighbourFiles& files, NoteList& notes) {
  if (header.textures.empty() || scene.meshes[0].uvs.empty()) return;
  auto bytes = files ? files(header.textures[0]) : fail(ErrorCode::not_found, "no folder");
  const std::string mime = bytes ? picture_mime(*bytes) : "";
  if (mime.empty()) {
    notes.add(fmt::format("the texture '{}' cannot be read", path_level(header.textures[0], "")));
    return;
  }
  scene.images.push_back({"", mime, std::move(*bytes)});
  scene.materials[0].base_color_texture.image = 0;
}

}  // namespace

Result<MeshScene> decode_ply(std::span<const uint8_t> bytes, const NeighbourFiles& files, SceneNotes* notes) {
  return guard([&]() -> Result<MeshScene> {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const Header header = read_ply_header(text);
    NoteList list(notes);
    Values values(text.substr(header.bytes), header.form);
    Vertices vertices;
    FaceReader faces(vertices, list);
    for (const Element& element : header.elements) {
      if (element.count == 0) continue;
      values.check(element);
      if (element.name == "vertex") {
        vertices = read_vertices(element, values, list);
      } else if (element.name == "face" || element.name == "tristrips") {
        faces.read(element, values);
      } else {
        list.add(fmt::format("the element '{}' is left out", path_level(element.name, "").substr(0, 40)));
        for (size_t i = 0; i < element.count; ++i)
          for (const Property& p : element.properties) values.skip(p);
      }
    }
    if (faces.empty()) return fail(ErrorCode::unsupported, "PLY: a point cloud of {} points, without faces", vertices.positions.size());
    MeshScene scene;
    scene.materials.push_back({.name = "default"});
    scene.meshes.push_back(faces.finish());
    add_texture(scene, header, files, list);
    return scene;
  });
}

Result<PointCloud> decode_ply_points(std::span<const uint8_t> bytes) {
  return guard([&]() -> Result<PointCloud> {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const Header header = read_ply_header(text);
    NoteList none(nullptr);
    Values values(text.substr(header.bytes), header.form);
    for (const Element& element : header.elements) {
      if (element.count == 0) continue;
      values.check(element);
      if (element.name == "vertex") {
        Vertices vertices = read_vertices(element, values, none);
        return PointCloud{std::move(vertices.positions), std::move(vertices.normals), std::move(vertices.colours)};
      }
      for (size_t i = 0; i < element.count; ++i)
        for (const Property& p : element.properties) values.skip(p);
    }
    return fail(ErrorCode::corrupt, "PLY: no vertices");
  });
}

double stated_unit(std::string_view head) {
  for (const auto& [words, unit] : {std::pair<std::string_view, double>{"units: millimetres", 0.001}, {"units: metres", 1}})
    if (head.find(words) != std::string_view::npos) return unit;
  return 0;
}

}  // namespace ptah
