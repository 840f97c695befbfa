// The path tracer on fixed scenes: ptah_bench_render FOLDER SIZE SAMPLES SEEDS. Writes what another renderer needs to draw the same (scene.json, meshes, the
// table of energies) and what was seen (light.SEED.f32: rows from the top, linear RGB) into FOLDER/SCENE; prints a line of JSON a scene (seconds are of the
// fastest seed).
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "base/file.h"
#include "base/json.h"
#include "base/parallel.h"
#include "geometry/primitives.h"
#include "render/trace/path_tracer.h"

using namespace ptah;
namespace fs = std::filesystem;

namespace {

struct BenchScene {
  std::string name;
  RenderScene scene;
  std::string map;  ///< of those that come along; "white": the same from everywhere; empty: none
  Direction from = {0, 0, 40};
  bool compensate = true;
};

void add(RenderScene& scene, ShadedMesh mesh, const Vec3& at, const RenderMaterial& material) {
  for (Vec3& p : mesh.positions) p = p + at;
  scene.meshes.push_back({std::move(mesh), static_cast<uint32_t>(scene.materials.size())});
  scene.materials.push_back(material);
}
ShadedMesh box(float width, float height, float depth) { return shaded(triangulated(box_mesh(width, height, depth))); }
/// A ball with exact normals.
ShadedMesh ball(float size) {
  ShadedMesh out = shaded(triangulated(ellipsoid_mesh(size, size, size, {.around = 160})));
  for (size_t i = 0; i < out.positions.size(); ++i) out.normals[i] = normalized(out.positions[i] - Vec3{0, size / 2, 0});
  return out;
}

/// A room of diffuse walls, open in front, with a lamp below its ceiling and two boxes.
BenchScene cornell() {
  RenderScene scene;
  const auto matt = [](float r, float g, float b) { return RenderMaterial{.albedo = {r, g, b}, .roughness = 1, .specular = 0}; };
  constexpr float kWall = 0.05F;
  add(scene, box(2, kWall, 2), {0, -kWall, 0}, matt(0.73F, 0.73F, 0.73F));
  add(scene, box(2, kWall, 2), {0, 2, 0}, matt(0.73F, 0.73F, 0.73F));
  add(scene, box(2, 2, kWall), {0, 0, -1 - kWall / 2}, matt(0.73F, 0.73F, 0.73F));
  add(scene, box(kWall, 2, 2), {-1 - kWall / 2, 0, 0}, matt(0.63F, 0.065F, 0.05F));
  add(scene, box(kWall, 2, 2), {1 + kWall / 2, 0, 0}, matt(0.14F, 0.45F, 0.09F));
  add(scene, box(0.6F, 1.2F, 0.6F), {-0.35F, 0, -0.35F}, matt(0.73F, 0.73F, 0.73F));
  add(scene, box(0.6F, 0.6F, 0.6F), {0.35F, 0, 0.35F}, matt(0.73F, 0.73F, 0.73F));
  RenderMaterial lamp = matt(0, 0, 0);
  lamp.emission = {17, 12, 4};
  add(scene, box(0.5F, 0.02F, 0.5F), {0, 1.95F, 0}, lamp);
  return {"cornell", std::move(scene), ""};
}

/// White metal in white light, scattered once, which loses light as Mitsuba's does.
BenchScene furnace() {
  RenderScene scene;
  add(scene, ball(2), {0, 0, 0}, {.albedo = {1, 1, 1}, .roughness = 0.5F, .metallic = 1});
  return {"furnace", std::move(scene), "white", {0, 0, 40}, false};
}

/// Five roughnesses of gold and of red plastic.
BenchScene spheres(const char* map) {
  RenderScene scene;
  for (int i = 0; i < 5; ++i)
    for (const bool metal : {true, false}) {
      const RenderMaterial gold{.albedo = {1, 0.77F, 0.34F}, .metallic = 1}, plastic{.albedo = {0.7F, 0.08F, 0.06F}};
      RenderMaterial material = metal ? gold : plastic;
      material.roughness = 0.2F + 0.2F * static_cast<float>(i);
      add(scene, ball(0.9F), {static_cast<float>(i) - 2, metal ? 1.0F : 0.0F, 0}, material);
    }
  return {std::string("spheres-") + map, std::move(scene), map, {15, 10, 40}};
}

template <class T>
void write_numbers(const fs::path& file, const std::vector<T>& numbers) {
  value_or_throw(write_file(file, std::span<const uint8_t>(reinterpret_cast<const uint8_t*>(numbers.data()), numbers.size() * sizeof(T))));
}

/// What is asked of the other renderer.
void write_scene(const BenchScene& bench, const Camera& camera, const TraceSettings& settings, const fs::path& folder) {
  Json out{{"map", bench.map}, {"bounces", settings.bounces}, {"compensate", bench.compensate}, {"size", settings.frame.width}, {"samples", settings.samples}};
  out["camera"] = {{"eye", camera.eye}, {"forward", camera.forward}, {"up", camera.up}, {"field", bench.from.field}};
  out["meshes"] = Json::array();
  for (size_t i = 0; i < bench.scene.meshes.size(); ++i) {
    const RenderMesh& mesh = bench.scene.meshes[i];
    const RenderMaterial& m = bench.scene.materials[mesh.material];
    out["meshes"].push_back({{"albedo", m.albedo}, {"roughness", m.roughness}, {"metallic", m.metallic}, {"specular", m.specular}, {"emission", m.emission}});
    const std::string name = "mesh" + std::to_string(i);
    write_numbers(folder / (name + ".positions.f32"), mesh.mesh.positions);
    write_numbers(folder / (name + ".normals.f32"), mesh.mesh.normals);
    write_numbers(folder / (name + ".triangles.u32"), mesh.mesh.triangles);
  }
  constexpr int kTable = 64;
  std::vector<float> table;  // by roughness, then by the cosine: scale, bias
  for (int r = 0; r < kTable; ++r)
    for (int f = 0; f < kTable; ++f) {
      const float root = static_cast<float>(f) / (kTable - 1);
      const SplitSum sum = split_sum(std::max(1e-4F, root * root), static_cast<float>(r) / (kTable - 1));
      table.insert(table.end(), {sum.scale, sum.bias});
    }
  write_numbers(folder / "table.f32", table);
  if (!bench.map.empty() && bench.map != "white") {
    const HdrImage map = with_mean(value_or_throw(shipped_environment(bench.map)), 0.85F);
    out["map_size"] = {map.width, map.height};
    write_numbers(folder / "map.f32", map.pixels);
  }
  value_or_throw(write_file(folder / "scene.json", out.dump()));
}

void run(const BenchScene& bench, const fs::path& root, int64_t size, int64_t samples, int64_t seeds) {
  const fs::path folder = root / bench.name;
  fs::create_directories(folder);
  TraceSettings settings{.frame = {.width = size, .height = size, .ground = false}, .samples = samples, .compensate = bench.compensate};
  const Camera camera = Camera::looking_at(bench.scene, bench.from, size, size);
  write_scene(bench, camera, settings, folder);
  std::shared_ptr<const Environment> light;
  if (bench.map == "white") {
    light = Environment::constant({1, 1, 1});
  } else if (!bench.map.empty()) {
    light = value_or_throw(Environment::of(with_mean(value_or_throw(shipped_environment(bench.map)), 0.85F)));
  }
  double best = 1e9, prepare = 1e9, processor = 1e9;
  const auto since = [](std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  for (int64_t seed = 0; seed < seeds; ++seed) {
    settings.seed = static_cast<uint64_t>(seed);
    const auto begin = std::chrono::steady_clock::now();
    const std::clock_t worked = std::clock();
    const auto ready = value_or_throw(TracedScene::prepare(bench.scene, light));
    prepare = std::min(prepare, since(begin));
    const Radiance seen = value_or_throw(ready->trace(camera, settings));
    best = std::min(best, since(begin));
    processor = std::min(processor, static_cast<double>(std::clock() - worked) / CLOCKS_PER_SEC);
    write_numbers(folder / ("light." + std::to_string(seed) + ".f32"), seen.light);
  }
  std::printf(
      "%s\n",
      Json{{"case", bench.name}, {"seconds", best}, {"processor_seconds", processor}, {"prepare_seconds", prepare}, {"threads", threads()}}.dump().c_str());
  std::fflush(stdout);
}

}  // namespace

int main(int count, char** words) {
  if (count < 5) {
    std::fprintf(stderr, "ptah_bench_render FOLDER SIZE SAMPLES SEEDS [SCENE]\n");
    return 2;
  }
  const int64_t size = std::atoll(words[2]), samples = std::atoll(words[3]), seeds = std::atoll(words[4]);
  for (const BenchScene& scene : {cornell(), furnace(), spheres("studio"), spheres("city"), spheres("sunset")})
    if (count < 6 || scene.name == words[5]) run(scene, words[1], size, samples, seeds);
  return 0;
}
