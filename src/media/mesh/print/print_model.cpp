#include "media/mesh/print/print_model.h"

#include <map>

#include "media/mesh/write/scene_colours.h"

namespace ptah {

namespace {

/// Finds each place of a body once.
class Welder {
 public:
  Mesh mesh;
  uint32_t vertex(const Vec3& p) {
    const auto [at, added] = seen_.emplace(p, static_cast<uint32_t>(mesh.positions.size()));
    if (added) mesh.positions.push_back(p);
    return at->second;
  }

 private:
  std::map<Vec3, uint32_t> seen_;
};

std::string last_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

PrintModel print_model(const MeshScene& scene, NoteList& notes) {
  const SceneColours colours(scene, notes);
  PrintModel out{scene.name, {}, {}};
  std::map<Colour8, uint32_t> index;
  std::vector<ThreeMfBody> bodies;
  std::vector<Welder> welders;
  std::map<std::string, size_t> body_of;
  for (const SceneMesh& m : scene.meshes) {
    const auto [found, added] = body_of.emplace(m.path, bodies.size());
    if (added) bodies.push_back({last_name(m.path), {}, {}}), welders.emplace_back();
    ThreeMfBody& body = bodies[found->second];
    Welder& welder = welders[found->second];
    for (const Triangle& t : m.mesh.triangles) {
      const Triangle here{welder.vertex(m.mesh.positions[t[0]]), welder.vertex(m.mesh.positions[t[1]]), welder.vertex(m.mesh.positions[t[2]])};
      if (here[0] == here[1] || here[1] == here[2] || here[2] == here[0]) continue;
      const Colour8 colour = srgb8(colours.at(m, t, {1.0F / 3, 1.0F / 3, 1.0F / 3}));
      const auto [at, first] = index.emplace(colour, static_cast<uint32_t>(out.colours.size()));
      if (first) out.colours.push_back(colour);
      welder.mesh.triangles.push_back(here);
      body.colour.push_back(at->second);
    }
  }
  for (size_t i = 0; i < bodies.size(); ++i) {
    bodies[i].mesh = std::move(welders[i].mesh);
    if (!bodies[i].mesh.triangles.empty()) out.bodies.push_back(std::move(bodies[i]));
  }
  return out;
}

}  // namespace ptah
