#include "media/obj_scene.h"

#include <cmath>

namespace ptah {

namespace {

void put_part(std::string& out, const ObjPart& part, float scale, size_t& vertices, size_t& normals) {
  for (const Vec3& p : part.mesh.positions) out += fmt::format("v {:.6g} {:.6g} {:.6g}\n", p[0] * scale, p[1] * scale, p[2] * scale);
  const ShadedMesh shades = shaded(triangulated(part.mesh));
  for (const Vec3& n : shades.normals) out += fmt::format("vn {:.4g} {:.4g} {:.4g}\n", n[0], n[1], n[2]);
  size_t t = 0;
  for (const auto& face : part.mesh.faces) {
    const bool quad = face[2] != face[3];
    out += 'f';
    for (size_t corner = 0; corner < (quad ? 4U : 3U); ++corner) {
      // The shaded triangles of a face have the face's vertices in another numbering: by position.
      uint32_t normal = ~0U;
      for (size_t u = t; u < t + (quad ? 2U : 1U); ++u)
        for (const uint32_t v : shades.triangles[u])
          if (shades.positions[v] == part.mesh.positions[face[corner]]) normal = v;
      out += fmt::format(" {}//{}", vertices + face[corner] + 1, normals + normal + 1);
    }
    out += '\n';
    t += quad ? 2 : 1;
  }
  vertices += part.mesh.positions.size();
  normals += shades.normals.size();
}

}  // namespace

std::string obj_name(const std::string& name) {
  std::string out;
  for (const char c : name) out += static_cast<unsigned char>(c) <= ' ' || c == '#' || c == '/' || c == '\\' || c == 0x7F ? '_' : c;
  return out.empty() ? "part" : out;
}

Result<ObjFiles> encode_obj(const std::vector<ObjPart>& parts, const std::vector<SceneMaterial>& materials, const std::string& name, bool millimetres) {
  ObjFiles out;
  out.obj = fmt::format("# Ptah; units: {}, +Y up\nmtllib {}.mtl\n", millimetres ? "millimetres" : "metres", name);
  size_t vertices = 0, normals = 0;
  for (const ObjPart& part : parts) {
    if (part.mesh.faces.empty() || part.material >= materials.size()) return fail(ErrorCode::invalid_argument, "obj: the part '{}' is not complete", part.name);
    out.obj += fmt::format("o {}\nusemtl {}\n", obj_name(part.name), obj_name(materials[part.material].name));
    put_part(out.obj, part, millimetres ? 1000 : 1, vertices, normals);
  }
  for (const SceneMaterial& m : materials)
    out.mtl += fmt::format("newmtl {}\nKd {:.4g} {:.4g} {:.4g}\nd {:.4g}\nPr {:.4g}\nPm {:.4g}\nKe {:.4g} {:.4g} {:.4g}\n\n", obj_name(m.name),
                           srgb_of(m.base_color[0]), srgb_of(m.base_color[1]), srgb_of(m.base_color[2]), m.base_color[3], m.roughness, m.metallic,
                           m.emission[0], m.emission[1], m.emission[2]);
  return out;
}

}  // namespace ptah
