// ptah field: radiance fields of posed pictures.
#include "cli/input_file.h"
#include "cli/work_command.h"
#include "media/animation/animation.h"
#include "media/glb_scene.h"
#include "media/mesh/write/mesh_writer.h"
#include "pipelines/field/field_views.h"
#include "pipelines/field/field_work.h"
#include "render/field/field_file.h"
#include "render/field/surface.h"
#include "render/lit.h"

namespace ptah::cli {

namespace fs = std::filesystem;

namespace {

constexpr const char* kFieldHelp = "the folder of a work of ptah field fit, or its field.safetensors";

struct FieldOptionsLine {
  std::string field, out;
  int64_t threads = 0, size = 512, frames = 24, triangles = 60000, splats = 100000;
  double azimuth = 30, elevation = 20, angle = 40;
  FieldViews views;
  std::string object, pictures;
  bool quiet = false, json = false;
};

/// A camera that looks at the middle of a field's box from as near as all of it is seen.
PosedCamera camera_round(const RadianceField& field, double azimuth, double elevation, double angle, int64_t size) {
  const FieldGrid& grid = field.grid();
  RenderScene box(RenderScene{});
  ShadedMesh corners;
  for (int k = 0; k < 8; ++k)
    corners.positions.push_back(grid.at(k & 1 ? static_cast<float>(grid.points[0] - 1) : 0, k & 2 ? static_cast<float>(grid.points[1] - 1) : 0,
                                        k & 4 ? static_cast<float>(grid.points[2] - 1) : 0));
  box.meshes.push_back({.mesh = corners});
  return PosedCamera::of(Camera::looking_at(box, {static_cast<float>(azimuth), static_cast<float>(elevation), static_cast<float>(angle)}, size, size), size);
}

Result<void> run_field_render(const FieldOptionsLine& o) {
  PTAH_TRY_VOID(take_threads(o.threads));
  if (o.size < 16 || o.size > 4096) return fail(ErrorCode::invalid_argument, "--size {}; 16 to 4096 pixels are possible", o.size);
  if (o.frames < 2 || o.frames > 360) return fail(ErrorCode::invalid_argument, "--frames {}; 2 to 360 are possible", o.frames);
  if (!(o.angle >= 2 && o.angle <= 120)) return fail(ErrorCode::invalid_argument, "--field-of-view {}; 2 to 120 degrees are possible", o.angle);
  const std::string ending = fs::path(o.out).extension().string();
  if (ending != ".png" && ending != ".webp" && ending != ".gif")
    return fail(ErrorCode::invalid_argument, "{}: a picture ends in .png, what turns round in .webp or .gif", o.out);
  PTAH_TRY_VOID(must_be_new(o.out));
  PTAH_TRY(const RadianceField field, read_field(o.field));
  const int64_t frames = ending == ".png" ? 1 : o.frames;
  Animation animation;
  const auto progress = make_progress(o.json, o.quiet);
  for (int64_t i = 0; i < frames; ++i) {
    const double turn = o.azimuth + 360 * static_cast<double>(i) / static_cast<double>(frames);
    PTAH_TRY(const auto seen, draw_field(field, camera_round(field, turn, o.elevation, o.angle, o.size), &interrupted()));
    animation.frames.push_back(picture_of_field(seen, o.size, o.size));
    if (progress) progress({"render", static_cast<double>(i + 1) / static_cast<double>(frames), -1});
  }
  PTAH_TRY(const Bytes bytes, ending == ".png" ? encode_png(animation.frames.front()) : ending == ".gif" ? encode_gif(animation) : encode_webp(animation));
  PTAH_TRY_VOID(write_new_file(o.out, std::span<const uint8_t>(bytes)));
  say_made({{}, {o.out}}, o.json, o.quiet);
  return {};
}

Result<void> run_field_mesh(const FieldOptionsLine& o) {
  PTAH_TRY_VOID(take_threads(o.threads));
  if (o.triangles < 0 || o.triangles > 10000000) return fail(ErrorCode::invalid_argument, "--triangles {}; 0 (all) to 10000000 are possible", o.triangles);
  const fs::path out = o.out;
  if (!out.has_extension()) return fail(ErrorCode::invalid_argument, "{} has no ending that names a format", o.out);
  PTAH_TRY(const MeshFormat* format, find_mesh_format(out.extension().string()));
  PTAH_TRY_VOID(must_be_new(out));
  PTAH_TRY(const RadianceField field, read_field(o.field));
  PTAH_TRY(const MeshScene scene, field_mesh(field, o.triangles, &interrupted()));
  SceneNotes notes;
  const std::string stem = out.stem().string(), main = fmt::format("{}.{}", stem, format->name);
  PTAH_TRY(const auto files, encode_mesh_scene(scene, *format, stem, &notes));
  Made made{{}, {}, {{"triangles", scene.meshes[0].mesh.triangles.size()}}};
  for (const auto& [name, bytes] : files) {
    made.files.push_back(name == main ? out : out.parent_path() / name);
    PTAH_TRY_VOID(write_new_file(made.files.back(), std::span<const uint8_t>(bytes)));
  }
  if (!o.quiet && !o.json)
    for (const std::string& note : notes) print_error("note: {}\n", note);
  say_made(made, o.json, o.quiet);
  return {};
}

Result<void> run_field_splats(const FieldOptionsLine& o) {
  PTAH_TRY_VOID(take_threads(o.threads));
  if (o.splats < 100 || o.splats > 5000000) return fail(ErrorCode::invalid_argument, "--count {}; 100 to 5000000 are possible", o.splats);
  const std::string ending = fs::path(o.out).extension().string();
  if (ending != ".ply" && ending != ".glb" && ending != ".spz") return fail(ErrorCode::invalid_argument, "{}: splats are written as .ply, .glb or .spz", o.out);
  PTAH_TRY_VOID(must_be_new(o.out));
  PTAH_TRY(const RadianceField field, read_field(o.field));
  PTAH_TRY(const auto splats, field_splats(field, o.splats, &interrupted()));
  PTAH_TRY(const Bytes bytes, ending == ".ply" ? encode_splat_ply(splats) : ending == ".glb" ? encode_splat_glb(splats) : encode_splat_spz(splats));
  PTAH_TRY_VOID(write_new_file(o.out, std::span<const uint8_t>(bytes)));
  say_made({{}, {o.out}, {{"splats", splats.size()}}}, o.json, o.quiet);
  return {};
}

Result<void> run_field_views(FieldOptionsLine o) {
  PTAH_TRY_VOID(take_threads(o.threads));
  PTAH_TRY_VOID(can_write_work(o.out));
  o.views.object = o.object;
  PTAH_TRY(const auto files, field_views(o.views, make_progress(o.json, o.quiet), &interrupted()));
  PTAH_TRY(StagedFolder folder, StagedFolder::create(o.out));
  Made made;
  for (const auto& [name, bytes] : files) {
    PTAH_TRY_VOID(make_folders((folder.path() / name).parent_path()));
    PTAH_TRY_VOID(write_file(folder.path() / name, std::span<const uint8_t>(bytes)));
  }
  PTAH_TRY_VOID(folder.commit());
  made.files.push_back(fs::path(o.out) / "transforms.json");
  made.details["pictures"] = files.size() - 1;
  say_made(made, o.json, o.quiet);
  return {};
}

Result<void> run_field_measure(const FieldOptionsLine& o) {
  PTAH_TRY_VOID(take_threads(o.threads));
  PTAH_TRY(const RadianceField field, read_field(o.field));
  PTAH_TRY(const Sources sources, field_sources({.folder = o.pictures}));
  PTAH_TRY(const PosedPictures pictures, unpack_posed_pictures(sources.files.begin()->second, kMaxImageEdge, 0));
  PTAH_TRY(const double fitted, field_psnr(field, pictures.fitted, &interrupted()));
  Json out{{"fitted", fitted}};
  if (!pictures.held_out.empty()) {
    PTAH_TRY(const double held_out, field_psnr(field, pictures.held_out, &interrupted()));
    out["held_out"] = held_out;
  }
  if (o.json)
    print_json(out);
  else
    for (const auto& [name, value] : out.items()) print("{:10} {:.2f} dB\n", name, value.get<double>());
  return {};
}

void add_field_fit(CLI::App& field, Action& action) { add_recipe_command(field, "fit", "field", field_schema(), action); }

}  // namespace

void add_field(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("field", "Radiance fields of posed pictures: fit, draw, mesh, splats");
  command->require_subcommand(1);
  add_field_fit(*command, action);
  auto o = std::make_shared<FieldOptionsLine>();
  const auto add = [&](const char* name, const char* what, auto run) {
    CLI::App* sub = command->add_subcommand(name, what);
    sub->add_option("--threads", o->threads, kThreadsHelp);
    sub->add_flag("--quiet", o->quiet, "print nothing but errors");
    sub->add_flag("--json", o->json, "print JSON lines");
    sub->callback([o, run, &action] { action = [o, run] { return finish(guard([&]() -> Result<void> { return run(*o); })); }; });
    return sub;
  };
  CLI::App* drawn = add("render", "Draw a field from any side, still (.png) or turning round (.webp, .gif)", run_field_render);
  drawn->add_option("field", o->field, kFieldHelp)->required()->type_name("FIELD");
  drawn->add_option("out", o->out, "the file to write; never overwrites")->required()->type_name("FILE");
  drawn->add_option("--size", o->size, "edge of the picture in pixels, 16 to 4096");
  drawn->add_option("--azimuth", o->azimuth, "from where it is seen, degrees from the front to the right")->type_name("DEGREES");
  drawn->add_option("--elevation", o->elevation, "from how far above, degrees")->type_name("DEGREES");
  drawn->add_option("--field-of-view", o->angle, "how wide the camera sees, 2 to 120 degrees")->type_name("DEGREES");
  drawn->add_option("--frames", o->frames, "of what turns round, 2 to 360");
  CLI::App* mesh = add("mesh", "The surface of a field as a mesh with colours", run_field_mesh);
  mesh->add_option("field", o->field, kFieldHelp)->required()->type_name("FIELD");
  mesh->add_option("out", o->out, "the file to write (.glb, .ply, .obj …); never overwrites")->required()->type_name("FILE");
  mesh->add_option("--triangles", o->triangles, "at most about so many; 0: all");
  CLI::App* splats = add("splats", "The surface of a field as Gaussian splats", run_field_splats);
  splats->add_option("field", o->field, kFieldHelp)->required()->type_name("FIELD");
  splats->add_option("out", o->out, "the file to write (.ply, .spz, or .glb with KHR_gaussian_splatting)")->required()->type_name("FILE");
  splats->add_option("--count", o->splats, "at most about so many, 100 to 5000000");
  CLI::App* views = add("views", "Pictures of an object with transforms.json, to try fields on", run_field_views);
  views->add_option("object", o->object, "what ptah render takes: a shape, a work, a mesh")->required()->type_name("FILE");
  views->add_option("out", o->out, "the folder to make")->required()->type_name("FOLDER");
  views->add_option("--views", o->views.views, "pictures to fit, 2 to 2000");
  views->add_option("--held-out", o->views.held_out, "pictures to measure by, 0 to 2000");
  views->add_option("--size", o->views.size, "edge of the pictures in pixels, 16 to 4096");
  views->add_option("--samples", o->views.samples, "light paths a pixel; 0: rasterised, without noise");
  views->add_option("--texture", o->views.texture, "texels on the edge of a program's texture; 0: plain colours");
  views->add_option("--environment", o->views.environment, "studio, city, interior or sunset");
  views->add_option("--seed", o->views.seed, "of the held-out directions and of light paths")->type_name("SEED");
  CLI::App* measured = add("measure", "How far a field's pictures are from true ones (PSNR)", run_field_measure);
  measured->add_option("field", o->field, kFieldHelp)->required()->type_name("FIELD");
  measured->add_option("pictures", o->pictures, "a folder with transforms.json")->required()->type_name("FOLDER");
}

}  // namespace ptah::cli
