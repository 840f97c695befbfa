#include "pipelines/texturing/texture_work.h"

#include "base/json.h"
#include "media/glb_scene.h"
#include "media/mesh/mesh_reader.h"
#include "pipelines/mesh/convert.h"
#include "pipelines/mesh/object_file.h"
#include "shape/texture/textured_scene.h"
#include "shape/texture/words.h"

namespace ptah {

Result<MeshScene> mesh_of(const Sources& sources, std::vector<std::string>* notes) {
  if (sources.files.size() != 1) return fail(ErrorCode::corrupt, "a textured object is made of one mesh, not of {}", sources.files.size());
  SceneNotes said;
  PTAH_TRY(MeshScene scene, decode_mesh_scene(sources.files.begin()->second, {}, {}, &said));
  if (notes) notes->insert(notes->end(), said.begin(), said.end());
  return scene;
}

namespace {

size_t triangles_of(const MeshScene& scene) {
  size_t sum = 0;
  for (const SceneMesh& m : scene.meshes) sum += m.mesh.triangles.size();
  return sum;
}

}  // namespace

template <class T, class Visit>
requires std::same_as<std::remove_const_t<T>, TextureTask>
void fields(T& t, const Visit& visit) {
  visit(Field{.name = "mesh",
              .help = "a mesh (GLB, glTF, OBJ, PLY, STL, 3MF), a shape program (.shape), a work's folder, or a shape of the library",
              .unit = "FILE",
              .kept = Kept::elsewhere,
              .positional = true,
              .required = true},
        t.mesh);
  visit(Field{.name = "material",
              .help = "words for a material: a kind, colours, what lies on it; with `model`, a prompt",
              .unit = "WORDS",
              .max_bytes = 400,
              .positional = true,
              .required = true,
              .one_line = true},
        t.material);
  visit(Field{.name = "texels", .help = "edge of the texture", .unit = "texels", .range = {64, 8192}}, t.texels);
  visit(Field{.name = "unwrap", .help = "make new texture coordinates, though the mesh has some"}, t.unwrap);
  visit(Field{.name = "scale", .help = "how coarse the pattern is; at 1 the mesh's longest edge counts as a metre", .range = {0.01, 100}}, t.scale);
  visit(Field{.name = "maps", .help = "write the maps as pictures of their own, too"}, t.maps);
  visit(Field{.name = "model",
              .help = "a Stable Diffusion checkpoint: the words are a prompt, and the mesh is painted from several sides; needs `control`",
              .unit = "FILE"},
        t.model);
  visit(Field{.name = "control", .help = "a ControlNet for depth, which the painting follows", .unit = "FILE", .needs = "model"}, t.control);
  visit(Field{.name = "views", .help = "from how many sides it is painted", .range = {6, 10}, .needs = "model"}, t.views);
  visit(Field{.name = "view_size",
              .help = "edge of what is painted of each side",
              .unit = "pixels",
              .range = {.min = 64, .max = 2048, .multiple_of = 64},
              .needs = "model"},
        t.view_size);
  visit(Field{.name = "seed", .help = "of the painting", .needs = "model"}, t.seed);
  visit(Field{.name = "steps", .help = "steps of the sampler", .range = {1, 1000}, .needs = "model"}, t.steps);
  visit(Field{.name = "guidance", .help = "how closely to follow the prompt", .range = {0, 100}, .needs = "model"}, t.guidance);
  visit(Field{.name = "negative", .help = "what not to paint", .needs = "model"}, t.negative);
}

const SchemaOf<TextureTask>& texture_schema() {
  static const auto schema = SchemaOf<TextureTask>::describe("texture", "A mesh in a material by words: wood, marble, rusty bronze …");
  return schema;
}

Result<Sources> texture_sources(const TextureTask& task, std::vector<std::string>* notes) {
  PTAH_TRY(const std::filesystem::path file, object_file(task.mesh));
  if (file.extension() == ".shape") {
    PTAH_TRY(const MeshInput shape, read_mesh_input(file));
    Sources out;
    PTAH_TRY(out.files["mesh.glb"], encode_glb(shape.scene));
    return out;
  }
  PTAH_TRY(Bytes bytes, read_file(file, kMaxSourceBytes));
  const MeshFormat* format = mesh_format_of(bytes);
  if (!format) return fail(ErrorCode::unsupported, "{}: no mesh that can be read", file.filename().string());
  Sources out;
  if (std::string_view(format->name) == "glb") {
    out.files["mesh.glb"] = std::move(bytes);
    return out;
  }
  SceneNotes said;  // what it refers to may lie in other files
  PTAH_TRY(const MeshScene scene, read_mesh_scene(file, {}, &said));
  if (notes) notes->insert(notes->end(), said.begin(), said.end());
  PTAH_TRY(out.files["mesh.glb"], encode_glb(scene));
  return out;
}

Result<Work> work_of_scene(Json core, const MeshScene& scene, const Sources& sources, bool maps) {
  core["sources"] = source_ids(sources);
  Work work;
  const auto extras = [&](std::span<const uint8_t> body, const std::string& document) {
    Json inside = core;
    inside["body"] = file_id(body);
    inside["document"] = file_id(as_bytes(document));
    return canonical_json(Json{{"ptah", inside}});
  };
  PTAH_TRY(work.files["object.glb"], encode_glb(scene, extras));
  if (maps) {
    for (const SceneImage& image : scene.images) {
      std::string name = image.name + ".png";
      std::replace(name.begin(), name.end(), ' ', '-');
      work.files[name] = image.bytes;
    }
  }
  PTAH_TRY_VOID(add_sources(work, sources));
  PTAH_TRY_VOID(seal(work, core));
  return work;
}

Result<Work> texture_work(const TextureTask& task, const Sources& sources, std::vector<std::string>* notes, const ProgressCallback& progress,
                          const CancelToken* cancel) {
  return guard([&]() -> Result<Work> {
    if (progress) progress({"read", 0, -1});
    PTAH_TRY(const LayeredMaterial material, material_by_words(task.material));
    PTAH_TRY(const MeshScene mesh, mesh_of(sources, notes));
    PTAH_TRY(const TexturedScene made,
             textured_mesh(mesh, material, {.texels = task.texels, .unwrap = task.unwrap, .scale = task.scale}, notes, progress, cancel));
    Json core = begun_receipt(kTextureKind, texture_schema().to_receipt(task));
    PTAH_TRY(Work work, work_of_scene(std::move(core), made.scene, sources, task.maps));
    if (progress) progress({"done", 1, 0});
    return work;
  });
}

Result<Work> replay_texture(const Json& receipt, const Sources& sources, const ProgressCallback& progress, const CancelToken* cancel) {
  PTAH_TRY_VOID(check_sources(receipt, sources));
  PTAH_TRY(const TextureTask task, texture_schema().from_receipt(receipt.value("request", Json())));
  return texture_work(task, sources, nullptr, progress, cancel);
}

Result<Plan> plan_texture(const TextureTask& task, const Sources& sources) {
  PTAH_TRY(const MeshScene mesh, mesh_of(sources, nullptr));
  const auto triangles = static_cast<int64_t>(triangles_of(mesh)), texels = task.texels * task.texels;
  Plan plan;
  plan.program_bytes = int64_t{40} << 20;
  // The mesh in several forms, four maps, who owns each texel, and the PNGs.
  plan.shape_bytes = triangles * 2500 + texels * 40;
  plan.peak_bytes = plan.program_bytes + plan.shape_bytes;
  plan.seconds = 0.1 + static_cast<double>(triangles) * 3e-5 + static_cast<double>(texels) * 2e-6;
  return plan;
}

}  // namespace ptah
