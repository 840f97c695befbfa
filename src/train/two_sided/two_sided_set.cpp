#include "train/two_sided/two_sided_set.h"

#include <algorithm>

#include "base/sha256.h"
#include "base/text.h"
#include "media/glb_scene.h"
#include "media/mesh/mesh_reader.h"
#include "render/mesh_scene.h"
#include "shape/scene.h"
#include "shape/two_sided/two_sided_network.h"
#include "shape/words/writing.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr size_t kMaxModelTriangles = 200000;
constexpr float kLightOfViews = 0.85F;  ///< mean radiance, as `render` has it
constexpr std::array<const char*, 6> kMeshEndings{".glb", ".gltf", ".obj", ".ply", ".stl", ".3mf"};

Result<Bytes> shape_variant(const std::string& kind, const std::shared_ptr<const ShapeKinds>& kinds, uint64_t seed, const CancelToken* cancel) {
  const Writing writing{{{.kind = kind, .count = 1, .given = {}, .relation = {}}}};
  const ShapeOptions options{.set = {}, .detail = 1, .library = ShapeKinds::library(kinds)};
  PTAH_TRY(const Assembly assembly, run_shape(program_of(writing, *kinds, kind, seed), options, cancel));
  PTAH_TRY(const std::vector<Solid> solids, solids_of(assembly, cancel));
  return encode_glb(glb_scene(assembly, solids));
}

}  // namespace

Result<std::vector<MeshModel>> mesh_models(const fs::path& folder) {
  std::error_code problem;
  std::vector<MeshModel> out;
  for (fs::recursive_directory_iterator at(folder, problem), end; !problem && at != end; at.increment(problem)) {
    const std::string ending = lower_case(at->path().extension().string());
    if (std::find(kMeshEndings.begin(), kMeshEndings.end(), ending) == kMeshEndings.end()) continue;
    out.push_back({at->path().lexically_relative(folder).replace_extension().generic_string(), at->path()});
  }
  if (problem) return fail(ErrorCode::not_found, "{}: {}", folder.string(), problem.message());
  if (out.empty()) return fail(ErrorCode::not_found, "{}: no model lies there (glb, gltf, obj, ply, stl, 3mf)", folder.string());
  std::sort(out.begin(), out.end(), [](const MeshModel& a, const MeshModel& b) { return std::tie(a.name, a.file) < std::tie(b.name, b.file); });
  return out;
}

Result<std::set<std::string>> read_names(const fs::path& file) {
  PTAH_TRY(const std::string text, read_text(file, size_t{8} << 20));
  std::set<std::string> out;
  for (const std::string& line : lines_of(text))
    if (const std::string name(trimmed(line.substr(0, line.find('#')))); !name.empty()) out.insert(name);
  return out;
}

std::vector<MeshModel> listed_models(const std::vector<MeshModel>& models, const std::set<std::string>& names, bool listed) {
  std::vector<MeshModel> out;
  for (const MeshModel& model : models)
    if (names.contains(model.name) == listed) out.push_back(model);
  return out;
}

Result<void> make_shape_variants(const fs::path& folder, const std::shared_ptr<const ShapeKinds>& kinds, int64_t variants, uint64_t seed,
                                 const TrainCallbacks& callbacks) {
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (problem) return fail(ErrorCode::io, "cannot create {}: {}", folder.string(), problem.message());
  if (callbacks.say) callbacks.say(fmt::format("making {} variants of {} kinds of shapes", variants, kinds->kinds().size()));
  for (const auto& [name, kind] : kinds->kinds())
    for (int64_t variant = 1; variant <= variants; ++variant) {
      if (callbacks.cancel) PTAH_TRY_VOID(callbacks.cancel->check());
      const fs::path file = folder / fmt::format("{}-{}.glb", name, variant);
      if (fs::exists(file)) continue;
      const auto made = shape_variant(name, kinds, seed + static_cast<uint64_t>(variant), callbacks.cancel);
      if (!made) return fail(made.error().code, "{}: {}", name, made.error().message);
      PTAH_TRY_VOID(write_file(file, std::span<const uint8_t>(*made)));
    }
  return {};
}

bool is_held_out_kind(const std::string& name) { return sha256(as_bytes(name.substr(0, name.rfind('-'))))[0] < 26; }

Result<std::shared_ptr<const SurfaceScene>> read_model(const MeshModel& model) {
  return guard([&]() -> Result<std::shared_ptr<const SurfaceScene>> {
    PTAH_TRY(const MeshScene scene, read_mesh_scene(model.file));
    PTAH_TRY(const RenderScene rendered, render_scene(scene));
    PTAH_TRY_VOID(check(rendered));
    auto surface = std::make_shared<const SurfaceScene>(rendered);
    if (surface->size() > kMaxModelTriangles)
      return fail(ErrorCode::unsupported, "{}: {} triangles; up to {} are taken", model.file.string(), surface->size(), kMaxModelTriangles);
    return surface;
  });
}

Result<std::vector<std::shared_ptr<const Environment>>> view_lights() {
  std::vector<std::shared_ptr<const Environment>> out;
  for (const std::string& name : environment_names()) {
    PTAH_TRY(HdrImage map, shipped_environment(name));
    PTAH_TRY(auto light, Environment::of(with_mean(std::move(map), kLightOfViews)));
    out.push_back(std::move(light));
  }
  return out;
}

ViewChoice random_choice(const std::vector<std::shared_ptr<const Environment>>& lights, Random& random) {
  ViewChoice out;
  out.turn = 360 * random.uniform();
  const float level = random.uniform(), above = random.uniform(), much = random.uniform();
  out.tilt = level < 0.3F ? 0.0F : -5 + 40 * above * much;
  out.roll = 3 * random.normal();
  out.light = lights[random.below(static_cast<uint32_t>(lights.size()))];
  out.light_turn = 360 * random.uniform();
  out.exposure = 0.7F + 0.6F * random.uniform();
  for (float& c : out.tint) c = 0.9F + 0.2F * random.uniform();
  return out;
}

TwoSidedView random_two_sided_view(const TwoSidedPool& pool, int64_t size, Random& random) {
  constexpr int kTries = 50;
  for (int i = 0; i < kTries; ++i) {
    const bool shape = !pool.shapes.empty() && (random.uniform() < pool.shape_share || pool.models.empty());
    const std::vector<MeshModel>& from = shape ? pool.shapes : pool.models;
    if (from.empty()) break;
    const MeshModel& model = from[random.below(static_cast<uint32_t>(from.size()))];
    const ViewChoice choice = random_choice(pool.lights, random);
    const auto surface = read_model(model);
    if (!surface) continue;
    TwoSidedView view = two_sided_view(**surface, choice, size, two_sided_margin(size));
    if (is_telling(view)) return view;
  }
  throw Failure({ErrorCode::invalid_argument, "no model gives a view that shows something from both sides"});
}

}  // namespace ptah
