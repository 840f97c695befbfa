// Assemblies as solids: cuts, all parts in one, and programs that nobody wrote.
#include <gtest/gtest.h>

#include <cstdlib>

#include "geometry/primitives.h"
#include "shape/scene.h"
#include "tests/shape/dump.h"
#include "tests/sanitized.h"
#include "tests/shape/random_program.h"

namespace ptah {
namespace {

using namespace testing_shapes;

Assembly made(const std::string& text) { return value_or_throw(run_shape(value_or_throw(parse_shape(text)))); }

void expect_solid(const Mesh& mesh, const std::string& what) {
  const MeshReport report = inspect(mesh);
  EXPECT_TRUE(report.closed && report.manifold && report.oriented) << what;
  EXPECT_EQ(report.degenerate, 0) << what;
  EXPECT_GT(report.volume, 0) << what;
}

TEST(Solids, CutsTakeOffWhatTheySayAndNothingElse) {
  const Assembly a = made(R"(shape a
part plate = box(2, 0.5, 2)
part post = box(0.2, 1, 0.2) on plate
cut part hole = cylinder(0.25, 2) at (0.6, -0.1, 0.6) from plate
cut part slot = box(0.1, 3, 0.1)
part later = box(0.5, 0.5, 0.5) at (0, 2, 0)
)");
  const auto solids = value_or_throw(solids_of(a));
  ASSERT_EQ(solids.size(), 3U);
  EXPECT_EQ(inspect(solids[0].mesh).euler, -2) << "two holes";
  EXPECT_NEAR(inspect(solids[0].mesh).volume, 2 - 0.5 * 0.01 - inspect(triangulated(cylinder_mesh(0.25F, 0.25F, 0.5F))).volume, 2e-3);
  EXPECT_NEAR(inspect(solids[1].mesh).volume, 0.04 - 0.01, 1e-5) << "the slot, not the hole";
  EXPECT_NEAR(inspect(solids[2].mesh).volume, 0.125, 1e-6) << "what comes behind a cut stays";
  for (const Solid& solid : solids) expect_solid(solid.mesh, solid.label);
  const WholeSolid whole = value_or_throw(whole_solid(a));
  expect_solid(whole.mesh, "all");
  EXPECT_EQ(whole.part.size(), whole.mesh.triangles.size());
  double sum = 0;
  for (const Solid& solid : solids) sum += inspect(solid.mesh).volume;
  EXPECT_NEAR(inspect(whole.mesh).volume, sum, 1e-4) << "they touch, but do not overlap";
  for (const uint32_t part : whole.part) EXPECT_NE(a.parts[part].op, PartOp::cut) << "what a cut lays bare belongs to the part that was cut";
}

TEST(Solids, NothingLeftIsSaid) {
  const Assembly a = made("shape a\npart b = box(1, 1, 1)\ncut part c = box(2, 2, 2) at (0, -0.5, 0)");
  EXPECT_TRUE(value_or_throw(solids_of(a)).empty());
  EXPECT_FALSE(whole_solid(a));
}

TEST(Solids, AChairHasFewTriangles) {
  const Assembly a = made(R"(shape chair
part seat = box(0.45, 0.03, 0.45) at (0, 0.42, 0)
part leg = box(0.04, 0.42, 0.04) under seat corners(0.01)
part post = box(0.04, 0.45, 0.04) on seat at (0.19, 0, -0.19) mirror(x)
part slat = box(0.36, 0.06, 0.02) on seat at (0, 0.1, -0.19) repeat(3, 0, 0.13)
)");
  const WholeSolid whole = value_or_throw(whole_solid(a));
  expect_solid(whole.mesh, "chair");
  EXPECT_EQ(inspect(whole.mesh).bodies, 1);
  EXPECT_LE(whole.mesh.triangles.size(), 300U);
}

TEST(Solids, ScenesNameTheirNodes) {
  const Assembly a = made(
      "shape a\npart seat = box(1, 0.1, 1) at (0, 1, 0) is oak\ngroup base { part leg = cylinder(0.1, 1) at (0.4, 0, 0) mirror(x) is oak }\npart gem = "
      "sphere(0.1) on seat is glass");
  const auto solids = value_or_throw(solids_of(a));
  const GlbScene scene = glb_scene(a, solids);
  ASSERT_EQ(scene.meshes.size(), 4U);
  EXPECT_EQ(scene.meshes[0].path, "seat");
  EXPECT_EQ(scene.meshes[1].path, "base/leg 1");
  EXPECT_EQ(scene.meshes[2].path, "base/leg 2");
  EXPECT_EQ(scene.materials.size(), 2U);
  EXPECT_LT(scene.materials[1].base_color[3], 1);
  const Bytes glb = value_or_throw(encode_glb(scene));
  const Json gltf = value_or_throw(parse_json(value_or_throw(glb_json(glb))));
  EXPECT_EQ(gltf["nodes"][0]["name"], "a");
  EXPECT_EQ(gltf["nodes"].size(), 6U) << "the object, its four parts, and the group";
  EXPECT_EQ(gltf["materials"][1]["alphaMode"], "BLEND");
  EXPECT_EQ(encode_glb(scene).value(), glb) << "the same scene gives the same bytes";
}

TEST(Solids, EveryNumberOfAMaterialArrivesInPictures) {
  Material m;
  m.albedo = {1, 0, 0};
  m.emission = {0, 1, 0};
  m.roughness = 0.25F, m.metallic = 0.5F, m.opacity = 0.125F;
  const std::vector<Solid> solids{{"a", 0, m, triangulated(box_mesh(1, 1, 1))}};
  const RenderMaterial drawn = render_scene(solids).materials.at(0);
  EXPECT_EQ(drawn.albedo, (std::array<float, 3>{1, 0, 0}));
  EXPECT_EQ(drawn.emission, (std::array<float, 3>{0, 1, 0}));
  EXPECT_EQ(drawn.roughness, 0.25F);
  EXPECT_EQ(drawn.metallic, 0.5F);
  EXPECT_EQ(drawn.opacity, 0.125F);
  EXPECT_EQ(drawn.specular, RenderMaterial().specular);
}

/// The operands of each part that is added, for a second opinion: what it is made of, then what cuts it.
void dump_parts(std::ofstream& out, uint32_t seed, const Assembly& assembly, const Mesh& whole) {
  std::vector<std::array<std::vector<size_t>, 2>> parts;
  for (size_t i = 0; i < assembly.parts.size(); ++i) {
    if (assembly.parts[i].op == PartOp::cut) continue;
    parts.push_back({{{i}, {}}});
    for (size_t c = i + 1; c < assembly.parts.size(); ++c) {
      const Part& cutter = assembly.parts[c];
      const bool meant = cutter.targets.empty() || std::find(cutter.targets.begin(), cutter.targets.end(), i) != cutter.targets.end();
      if (cutter.op == PartOp::cut && cutter.first <= i && meant) parts.back()[1].push_back(c);
    }
  }
  const auto fillets = value_or_throw(fillets_of(assembly));
  dump(out, seed);
  dump(out, static_cast<uint32_t>(parts.size()));
  for (const auto& part : parts)
    for (const auto& operands : part) {
      std::vector<Mesh> meshes;
      for (const size_t i : operands) {
        meshes.push_back(triangulated(assembly.parts[i].mesh));
        for (const Fillet& fillet : fillets)
          if (fillet.part == i) meshes.push_back(fillet.mesh);
      }
      dump(out, static_cast<uint32_t>(meshes.size()));
      for (const Mesh& mesh : meshes) dump(out, mesh);
    }
  dump(out, whole);
}

/// PTAH_PROGRAMS=first:end says which, PTAH_PROGRAMS_DUMP where their solids go; tools/check/shapes runs 10,000.
TEST(Solids, RandomProgramsAreSolids) {
  const auto [first, end] = cases_of("PTAH_PROGRAMS", kSanitized ? 15 : 150);
  std::ofstream dumped;
  if (const char* path = std::getenv("PTAH_PROGRAMS_DUMP")) dumped.open(path, std::ios::binary);
  uint64_t solid = 0;
  for (uint64_t seed = first; seed < end; ++seed) {
    const std::string text = RandomPrograms(seed).program();
    const std::string what = fmt::format("program {}\n{}", seed, text);
    const auto program = parse_shape(text);
    ASSERT_TRUE(program) << program.error().message << "\n" << what;
    ASSERT_EQ(value_or_throw(parse_shape(shape_text(*program))), *program) << what;
    ASSERT_EQ(value_or_throw(shape_from_json(shape_json(*program))), *program) << what;
    const auto assembly = run_shape(*program);
    if (!assembly) {
      ASSERT_EQ(assembly.error().code, ErrorCode::invalid_argument) << assembly.error().message << "\n" << what;
      continue;
    }
    const auto whole = whole_solid(*assembly);
    if (!whole) {
      ASSERT_NE(whole.error().message.find("leave nothing"), std::string::npos) << whole.error().message << "\n" << what;
      continue;
    }
    expect_solid(whole->mesh, what);
    const auto solids = solids_of(*assembly);
    ASSERT_TRUE(solids) << what;
    for (const Solid& one : *solids) expect_solid(one.mesh, one.label + " of " + what);
    if (dumped.is_open()) dump_parts(dumped, static_cast<uint32_t>(seed), *assembly, whole->mesh);
    ++solid;
  }
  EXPECT_GT(solid, (end - first) * 8 / 10) << "most programs make something";
}

}  // namespace
}  // namespace ptah
