// USDZ, after "Universal Scene Description" (crate-less: one layer as text), the USDZ specification 1.3 and UsdPreviewSurface 2.5.
#include <algorithm>

#include "media/mesh/write/writers.h"
#include "media/zip.h"

namespace ptah {

namespace {

/// What USD takes as the name of a prim: letters, digits and _.
std::string identifier(const std::string& name) {
  std::string out;
  for (const char c : name) out += std::isalnum(static_cast<unsigned char>(c)) != 0 && static_cast<unsigned char>(c) < 0x80 ? c : '_';
  if (out.empty() || std::isdigit(static_cast<unsigned char>(out[0])) != 0) out.insert(0, 1, '_');
  return out;
}

std::string usd_text(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out + '"';
}

/// Nodes of the paths, in the order in which they come.
struct Node {
  std::string name, prim;
  std::vector<Node> children;
  std::vector<const SceneMesh*> meshes;
  std::set<std::string> taken;

  std::string unique(const std::string& wanted) {
    std::string prim_name = identifier(wanted);
    for (int i = 2; !taken.insert(prim_name).second; ++i) prim_name = fmt::format("{}_{}", identifier(wanted), i);
    return prim_name;
  }
  Node& child(const std::string& wanted) {
    for (Node& c : children)
      if (c.name == wanted) return c;
    children.push_back({wanted, unique(wanted), {}, {}, {}});
    return children.back();
  }
};

class UsdWriter {
 public:
  UsdWriter(const MeshScene& scene, std::string name, NoteList& notes) : scene_(scene), name_(std::move(name)), notes_(notes) {}

  Result<MeshFiles> write() {
    Node root{name_, identifier(name_), {}, {}, {"Materials"}};
    root_ = root.prim;
    std::vector<bool> coloured(scene_.materials.size());
    for (const SceneMesh& m : scene_.meshes) {
      if (!m.colours.empty()) coloured[m.material] = true;
      Node* at = &root;
      for (size_t begin = 0; begin <= m.path.size();) {
        const size_t end = std::min(m.path.find('/', begin), m.path.size());
        at = &at->child(m.path.substr(begin, end - begin));
        begin = end + 1;
      }
      at->meshes.push_back(&m);
    }
    coloured_ = std::move(coloured);
    out_ = fmt::format(
        "#usda 1.0\n(\n    customLayerData = {{\n        string creator = \"Ptah\"\n    }}\n    defaultPrim = \"{}\"\n    metersPerUnit = 1\n    upAxis = "
        "\"Y\"\n)\n\n"
        "def Xform \"{}\" (\n    kind = \"component\"\n)\n{{\n",
        root_, root_);
    name_materials();
    out_ += "    def Scope \"Materials\"\n    {\n";
    for (size_t i = 0; i < scene_.materials.size(); ++i) PTAH_TRY_VOID(put_material(i));
    out_ += "    }\n";
    for (Node& child : root.children) put_node(child, 1);
    out_ += "}\n";
    std::vector<ZipEntry> entries{{"scene.usda", Bytes(out_.begin(), out_.end())}};
    for (auto& [image, file] : textures_) entries.push_back({file.first, std::move(file.second)});
    PTAH_TRY(Bytes archive, zip_archive(entries, 64));
    return MeshFiles{{name_ + ".usdz", std::move(archive)}};
  }

 private:
  void name_materials() {
    std::set<std::string> seen;
    for (const SceneMaterial& m : scene_.materials) {
      const std::string wanted = identifier(m.name.empty() ? "material" : m.name);
      std::string name = wanted;
      for (int i = 2; !seen.insert(name).second; ++i) name = fmt::format("{}_{}", wanted, i);
      materials_.push_back(name);
    }
  }

  std::string path_of(size_t material) const { return fmt::format("/{}/Materials/{}", root_, materials_[material]); }

  Result<std::string> texture_file(int32_t image) {
    const auto found = textures_.find(image);
    if (found != textures_.end()) return found->second.first;
    PTAH_TRY(PlainPicture picture, png_or_jpeg(scene_.images.at(static_cast<size_t>(image))));
    std::string file = fmt::format("textures/{}.{}", textures_.size() + 1, picture.ending);
    textures_[image] = {file, std::move(picture.bytes)};
    return file;
  }

  static const char* wrap(TextureWrap how) { return how == TextureWrap::clamp ? "clamp" : how == TextureWrap::mirror ? "mirror" : "repeat"; }

  /// A texture's shader; its values are texel × scale + bias.
  Result<void> put_texture(size_t material, const char* name, const SceneTexture& texture, bool colour, const std::array<float, 4>& scale,
                           const std::array<float, 4>& bias, const std::vector<const char*>& outputs) {
    PTAH_TRY(const std::string file, texture_file(texture.image));
    out_ += fmt::format(
        "            def Shader \"{}\"\n            {{\n                uniform token info:id = \"UsdUVTexture\"\n                asset inputs:file = @{}@\n"
        "                float2 inputs:st.connect = <{}/st.outputs:result>\n                token inputs:sourceColorSpace = \"{}\"\n"
        "                token inputs:wrapS = \"{}\"\n                token inputs:wrapT = \"{}\"\n                float4 inputs:scale = ({}, {}, {}, {})\n"
        "                float4 inputs:bias = ({}, {}, {}, {})\n",
        name, file, path_of(material), colour ? "sRGB" : "raw", wrap(texture.wrap_u), wrap(texture.wrap_v), scale[0], scale[1], scale[2], scale[3], bias[0],
        bias[1], bias[2], bias[3]);
    for (const char* output : outputs) out_ += fmt::format("                {} outputs:{}\n", std::string_view(output) == "rgb" ? "float3" : "float", output);
    out_ += "            }\n";
    return {};
  }

  static std::string connection(const std::string& path, const char* type, const char* input, const char* shader, const char* output) {
    return fmt::format("                {} inputs:{}.connect = <{}/{}.outputs:{}>\n", type, input, path, shader, output);
  }

  Result<void> put_material(size_t i) {
    const SceneMaterial& m = scene_.materials[i];
    const std::string path = path_of(i);
    const bool base = m.base_color_texture.image >= 0, rough = m.metallic_roughness_texture.image >= 0, glow = m.emissive_texture.image >= 0;
    const std::array<float, 4> c{m.base_color[0], m.base_color[1], m.base_color[2], m.opacity()};
    const bool transparent = m.alpha_mode != AlphaMode::opaque || c[3] < 1;
    out_ +=
        fmt::format("        def Material \"{}\"\n        {{\n            token outputs:surface.connect = <{}/surface.outputs:surface>\n", materials_[i], path);
    out_ += "            def Shader \"surface\"\n            {\n                uniform token info:id = \"UsdPreviewSurface\"\n";
    if (base)
      out_ += connection(path, "color3f", "diffuseColor", "base", "rgb");
    else if (coloured_[i])
      out_ += connection(path, "color3f", "diffuseColor", "colours", "result");
    else
      out_ += fmt::format("                color3f inputs:diffuseColor = ({}, {}, {})\n", c[0], c[1], c[2]);
    if (base && transparent)
      out_ += connection(path, "float", "opacity", "base", "a");
    else
      out_ += fmt::format("                float inputs:opacity = {}\n", transparent ? c[3] : 1);
    if (m.alpha_mode == AlphaMode::mask && c[3] >= 1) out_ += fmt::format("                float inputs:opacityThreshold = {}\n", m.alpha_cutoff);
    if (rough) {
      out_ += connection(path, "float", "roughness", "rough", "g") + connection(path, "float", "metallic", "rough", "b");
    } else {
      out_ += fmt::format("                float inputs:roughness = {}\n                float inputs:metallic = {}\n", m.roughness, m.metallic);
    }
    const float strength = m.emission_strength;
    if (glow)
      out_ += connection(path, "color3f", "emissiveColor", "glow", "rgb");
    else if (m.emission != std::array<float, 3>{0, 0, 0})
      out_ += fmt::format("                color3f inputs:emissiveColor = ({}, {}, {})\n", m.emission[0] * strength, m.emission[1] * strength,
                          m.emission[2] * strength);
    if (m.normal_texture.image >= 0) out_ += connection(path, "normal3f", "normal", "bumps", "rgb");
    if (m.occlusion_texture.image >= 0) out_ += connection(path, "float", "occlusion", "occlusion", "r");
    out_ += "                token outputs:surface\n            }\n";
    PTAH_TRY_VOID(put_textures(i, m, transparent));
    if (!base && coloured_[i])
      out_ +=
          "            def Shader \"colours\"\n            {\n                uniform token info:id = \"UsdPrimvarReader_float3\"\n"
          "                string inputs:varname = \"displayColor\"\n                float3 outputs:result\n            }\n";
    out_ += "        }\n";
    return {};
  }

  Result<void> put_textures(size_t i, const SceneMaterial& m, bool transparent) {
    const std::array<float, 4> c{m.base_color[0], m.base_color[1], m.base_color[2], m.opacity()};
    const float strength = m.emission_strength, bump = m.normal_scale;
    const std::array<float, 4> none{0, 0, 0, 0};
    bool any = false;
    const auto put = [&](const char* name, const SceneTexture& texture, bool colour, const std::array<float, 4>& scale, const std::array<float, 4>& bias,
                         const std::vector<const char*>& outputs) -> Result<void> {
      if (texture.image < 0) return {};
      any = true;
      return put_texture(i, name, texture, colour, scale, bias, outputs);
    };
    PTAH_TRY_VOID(put("base", m.base_color_texture, true, c, none, transparent ? std::vector{"rgb", "a"} : std::vector{"rgb"}));
    PTAH_TRY_VOID(put("rough", m.metallic_roughness_texture, false, {1, m.roughness, m.metallic, 1}, none, {"g", "b"}));
    PTAH_TRY_VOID(put("glow", m.emissive_texture, true, {m.emission[0] * strength, m.emission[1] * strength, m.emission[2] * strength, 1}, none, {"rgb"}));
    PTAH_TRY_VOID(put("bumps", m.normal_texture, false, {2 * bump, 2 * bump, 2, 2}, {-bump, -bump, -1, -1}, {"rgb"}));
    PTAH_TRY_VOID(put("occlusion", m.occlusion_texture, false, {1, 1, 1, 1}, none, {"r"}));
    if (any)
      out_ +=
          "            def Shader \"st\"\n            {\n                uniform token info:id = \"UsdPrimvarReader_float2\"\n"
          "                string inputs:varname = \"st\"\n                float2 outputs:result\n            }\n";
    return {};
  }

  void put_node(Node& node, size_t depth) {
    const std::string indent(depth * 4, ' ');
    // What is one mesh and nothing else is that mesh.
    if (node.children.empty() && node.meshes.size() == 1) return put_mesh(*node.meshes[0], node.prim, node.name, indent);
    out_ += fmt::format("{0}def Xform \"{1}\" (\n{0}    customData = {{\n{0}        string name = {2}\n{0}    }}\n{0})\n{0}{{\n", indent, node.prim,
                        usd_text(node.name));
    for (const SceneMesh* mesh : node.meshes) put_mesh(*mesh, node.unique(scene_.materials[mesh->material].name), node.name, indent + "    ");
    for (Node& child : node.children) put_node(child, depth + 1);
    out_ += indent + "}\n";
  }

  template <class List, class Format>
  void put_list(const std::string& indent, const std::string& head, const List& list, const Format& format, const std::string& tail = "") {
    out_ += indent + head + " = [";
    bool first = true;
    for (const auto& value : list) {
      if (!std::exchange(first, false)) out_ += ", ";
      out_ += format(value);
    }
    out_ += "]" + tail + "\n";
  }

  void put_mesh(const SceneMesh& m, const std::string& prim, const std::string& shown, const std::string& indent) {
    const auto vector = [](const Vec3& p) { return fmt::format("({}, {}, {})", p[0], p[1], p[2]); };
    const std::string inside = indent + "    ";
    std::vector<size_t> sizes;
    std::vector<uint32_t> corners;
    each_face(m, [&](std::span<const uint32_t> face) {
      sizes.push_back(face.size());
      corners.insert(corners.end(), face.begin(), face.end());
    });
    Vec3 low = m.mesh.positions[0], high = low;
    for (const Vec3& p : m.mesh.positions)
      for (size_t k = 0; k < 3; ++k) low[k] = std::min(low[k], p[k]), high[k] = std::max(high[k], p[k]);
    out_ += fmt::format("{0}def Mesh \"{1}\" (\n{0}    prepend apiSchemas = [\"MaterialBindingAPI\"]\n{0}    customData = {{\n{0}        string name = {2}\n",
                        indent, prim, usd_text(shown));
    out_ += fmt::format("{0}    }}\n{0})\n{0}{{\n", indent);
    put_list(inside, "float3[] extent", std::array{low, high}, vector);
    put_list(inside, "int[] faceVertexCounts", sizes, [](size_t n) { return fmt::format("{}", n); });
    put_list(inside, "int[] faceVertexIndices", corners, [](uint32_t v) { return fmt::format("{}", v); });
    put_list(inside, "point3f[] points", m.mesh.positions, vector);
    const std::string varying = fmt::format(" (\n{0}    interpolation = \"vertex\"\n{0})", inside);
    put_list(inside, "normal3f[] normals", m.mesh.normals, vector, varying);
    if (!m.uvs.empty())
      put_list(
          inside, "texCoord2f[] primvars:st", m.uvs, [](const Vec2& t) { return fmt::format("({}, {})", t[0], 1 - t[1]); }, varying);
    if (!m.colours.empty()) {
      const auto& base = scene_.materials[m.material].base_color;
      put_list(
          inside, "color3f[] primvars:displayColor", m.colours,
          [&](const auto& c) { return fmt::format("({:.6g}, {:.6g}, {:.6g})", c[0] * base[0], c[1] * base[1], c[2] * base[2]); }, varying);
      if (scene_.materials[m.material].base_color_texture.image >= 0)
        notes_.add("colours of vertices under a texture are kept, and not shown by USD's surface");
    } else if (coloured_[m.material]) {
      const auto& base = scene_.materials[m.material].base_color;
      out_ += fmt::format("{}color3f[] primvars:displayColor = [({}, {}, {})]\n", inside, base[0], base[1], base[2]);
    }
    out_ += fmt::format("{0}uniform token subdivisionScheme = \"none\"\n{0}uniform bool doubleSided = {1}\n{0}rel material:binding = <{2}>\n{3}}}\n", inside,
                        scene_.materials[m.material].double_sided ? 1 : 0, path_of(m.material), indent);
  }

  const MeshScene& scene_;
  std::string name_, root_, out_;
  NoteList& notes_;
  std::vector<std::string> materials_;
  std::vector<bool> coloured_;
  std::map<int32_t, std::pair<std::string, Bytes>> textures_;
};

}  // namespace

Result<MeshFiles> write_usdz(const MeshScene& scene, const std::string& name, NoteList& notes) { return UsdWriter(scene, name, notes).write(); }

}  // namespace ptah
