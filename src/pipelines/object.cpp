#include "pipelines/object.h"

#include <algorithm>

#include "base/text.h"
#include "media/mesh_files.h"
#include "pipelines/mesh/textured_output.h"
#include "shape/fit.h"
#include "shape/inflate.h"

namespace ptah {

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, ObjectTask>
void fields(C& c, const Visit& visit) {
  visit(Field{.name = "picture",
              .help = "name a PNG, JPEG or WebP; an opaque picture is cut out of its background",
              .unit = "FILE",
              .kept = Kept::elsewhere,
              .positional = true,
              .required = true},
        c.picture);
  object_fields(c.request, visit);
  game_fields(c.request.output, visit);
  visit(cut_by_field(), c.cut_by);
  visit(Field{.name = "route",
              .help =
                  "what makes the body: two-sided (a network says how deep the object is and what its back looks like), inflate, or auto: two-sided where the "
                  "network is installed and the body is round",
              .choices = {"auto", "two-sided", "inflate"},
              .since = "0.3.0",
              .absent = "inflate"},
        c.route);
  visit(Field{.name = "model",
              .help = "a TripoSR checkpoint of yours (its file or folder): it makes a whole object of the picture, with sides that are not seen",
              .unit = "FILE",
              .kept = Kept::elsewhere},
        c.model);
  visit(Field{.name = "resolution",
              .help = "points of the grid, an edge, on which the surface is looked for",
              .range = {64, 512},
              .since = "0.3.0",
              .absent = 256,
              .needs = "model"},
        c.resolution);
  visit(formats_field(), c.formats);
}

ExportFormats export_formats(const Formats& f) { return {.glb = f.glb, .obj = f.obj, .ply = f.ply, .stl = f.stl}; }

const SchemaOf<ObjectTask>& object_schema() {
  static const auto schema =
      SchemaOf<ObjectTask>::describe("object", "Make a textured 3D object from a picture of yours", [](ObjectTask& task, const Json& given) -> Result<void> {
        if (!task.model.empty() && given.contains("solid"))
          return fail_field("solid", ErrorCode::invalid_argument, "`solid` is of pictures that are inflated; not with `model`");
        if (!task.model.empty() && task.route != "auto")
          return fail_field("route", ErrorCode::invalid_argument, "`route` {}: the body is made by `model`", task.route);
        if (task.route == "two-sided" && task.request.solid != "round")
          return fail_field("solid", ErrorCode::invalid_argument, "`solid` {} is of pictures that are inflated; not with `route` two-sided",
                            task.request.solid);
        if (task.formats.any_object()) return check_export(task.request.output, export_formats(task.formats));
        return fail_field("formats", ErrorCode::invalid_argument, "`formats` {} names no object; possible: glb obj ply stl", text_of(task.formats));
      });
  return schema;
}

Result<void> check(const ObjectRequest& request) {
  return object_schema().check_fields({.request = request, .picture = "picture", .formats = {}, .cut_by = CutBy::colour});
}
Json to_json(const ObjectRequest& request) {
  return object_schema().to_receipt({.request = request, .picture = {}, .formats = {}, .cut_by = CutBy::colour, .route = "inflate"});
}
Result<ObjectRequest> object_request(const Json& json) {
  PTAH_TRY(ObjectTask task, object_schema().from_receipt(json));
  return task.request;
}

Result<ObjectTask> object_task(const Json& receipt, const std::filesystem::path& sources) {
  PTAH_TRY(ObjectTask task, object_schema().from_receipt(receipt.value("request", Json())));
  task.picture = sources / "from.png";
  task.model = text_at(receipt, "model_file");
  if (!task.model.empty()) task.route = "auto";  // the only one that a model goes with
  if (receipt.value("outputs", Json()).is_object()) task.formats = formats_of(receipt);
  return task;
}

Result<Formats> parse_formats(const std::string& list) {
  Formats formats{false, false, false, false, false};
  for (size_t at = 0; at <= list.size();) {
    const size_t end = std::min(list.find(',', at), list.size());
    const std::string name = lower_case(std::string(trimmed(list.substr(at, end - at))));
    if (name == "png")
      formats.png = true;
    else if (name == "glb")
      formats.glb = true;
    else if (name == "obj")
      formats.obj = true;
    else if (name == "ply")
      formats.ply = true;
    else if (name == "stl")
      formats.stl = true;
    else
      return unknown_name("format", name, "png glb obj ply stl");
    at = end + 1;
  }
  return formats;
}

std::string text_of(const Formats& f) {
  std::string out;
  for (const auto& [name, wanted] : {std::pair{"png", f.png}, {"glb", f.glb}, {"obj", f.obj}, {"ply", f.ply}, {"stl", f.stl}})
    if (wanted) out.append(out.empty() ? "" : ",").append(name);
  return out;
}

namespace {

void scale_to_height(TexturedMesh& mesh, float metres) {
  float low = std::numeric_limits<float>::max(), high = std::numeric_limits<float>::lowest();
  for (const Vec3& p : mesh.positions) low = std::min(low, p[1]), high = std::max(high, p[1]);
  if (!(high > low)) return;
  for (Vec3& p : mesh.positions) p = p * (metres / (high - low));
}

}  // namespace

void note_formats(Json& core, const Formats& formats) {
  if (formats.stl && formats.stl_z_up) core["stl"] = "z-up";
}

namespace {

/// From any units to metres, centred; the longest edge, or the height, as the request has it.
void scale_to_request(TexturedMesh& mesh, const ObjectRequest& request) {
  if (mesh.positions.empty()) return;
  Vec3 low = mesh.positions[0], high = low;
  for (const Vec3& p : mesh.positions)
    for (size_t i = 0; i < 3; ++i) low[i] = std::min(low[i], p[i]), high[i] = std::max(high[i], p[i]);
  const Vec3 size = high - low, centre = (low + high) * 0.5F;
  const float longest = std::max({size[0], size[1], size[2]});
  if (!(longest > 0)) return;
  for (Vec3& p : mesh.positions) p = (p - centre) * (request.size_mm / 1000 / longest);
  if (request.height_mm > 0) scale_to_height(mesh, request.height_mm / 1000);
}

Result<void> add_mesh(Work& work, const Json& core, TexturedMesh mesh, const ObjectRequest& request, const Formats& formats, const CancelToken* cancel) {
  PTAH_TRY_VOID(edit_mesh(mesh, request.output, cancel));
  if (formats.glb && (request.output.lod || request.output.solid() != Collider::none)) {
    MeshScene scene = scene_of(mesh, "object");
    PTAH_TRY_VOID(add_game_nodes(scene, request.output, cancel));
    PTAH_TRY(work.files["object.glb"], encode_glb(scene, receipt_inside(core)));
  } else if (formats.glb) {
    const auto extras = [&](std::span<const uint8_t> body) {
      Json inside = core;
      inside["body"] = file_id(body);
      return canonical_json(Json{{"ptah", inside}});
    };
    PTAH_TRY(work.files["object.glb"], encode_glb(mesh, extras));
  }
  if (formats.obj) {
    const ObjFiles files = encode_obj(mesh, "object", request.millimetres);
    const auto text = [](const std::string& s) { return Bytes(s.begin(), s.end()); };
    work.files["object.obj"] = text(files.obj);
    work.files["object.mtl"] = text(files.mtl);
    work.files["object.png"] = mesh.texture_png;
  }
  if (formats.ply) work.files["object.ply"] = encode_ply(mesh, request.millimetres);
  if (formats.stl && request.output.origin() != Pivot::keep) {
    Mesh body = welded(mesh);
    for (Vec3& p : body.positions) p = {p[0], -p[2], p[1]};
    work.files["object.stl"] = encode_stl(body);
  } else if (formats.stl) {
    work.files["object.stl"] = encode_stl(formats.stl_z_up ? for_printing(welded(mesh)) : welded(mesh));
  }
  return {};
}

}  // namespace

Result<void> add_object(Work& work, const Json& core, const Image& picture, const ObjectRequest& request, const Formats& formats,
                        const ProgressCallback& progress, const CancelToken* cancel) {
  if (progress) progress({"shape", 0.9, -1});
  PTAH_TRY(const SolidKind solid, solid_by_name(request.solid));
  PTAH_TRY(
      TexturedMesh mesh,
      inflate(picture, {.solid = solid, .target_triangles = request.target_triangles, .size_mm = request.size_mm, .slab_if_faint = request.fit == 0}, cancel));
  if (request.height_mm > 0) scale_to_height(mesh, request.height_mm / 1000);
  return add_mesh(work, core, std::move(mesh), request, formats, cancel);
}

namespace {

/// The picture as the object is made of it.
Result<CutOut> shown_of(const Image& from, const ObjectRequest& request, const Cutter& cutter) {
  if (!request.fit) return CutOut{cut_out(from), false};
  const Image picture = reduced(from, request.fit);
  PTAH_TRY(CutOut cut, cut_with(cutter, picture));
  PTAH_TRY(cut.picture, checked_cut(picture, std::move(cut.picture), request.solid == "slab"));
  return cut;
}

}  // namespace

Result<Work> object_work(const Image& from, const ObjectRequest& request, const Formats& formats, const ProgressCallback& progress, const CancelToken* cancel,
                         Cutter cutter, const ObjectMaker& maker) {
  return guard([&]() -> Result<Work> {
    PTAH_TRY_VOID(check(request));
    Work work;
    PTAH_TRY(CutOut cut, shown_of(from, request, cutter));
    Json core = begun_receipt(kObjectKind, object_schema().to_receipt({.request = request,
                                                                       .picture = {},
                                                                       .formats = {},
                                                                       .cut_by = cut.by_network ? CutBy::network : CutBy::colour,
                                                                       .route = maker.route,
                                                                       .resolution = maker.resolution}));
    note_cut(core, cut, cutter);
    cutter.remover.reset();  // the body takes its memory
    TexturedMesh made;
    if (maker.make) {
      PTAH_TRY(made, maker.make(cut.picture, request, progress, cancel));
      PTAH_TRY_VOID(maker.note(core));
    }
    core["sources"] = {{"from", pixel_id(from)}};  // as source_ids(), without another copy of what may be large
    note_formats(core, formats);
    if (formats.png) {
      Json inside = core;
      inside["pixels"] = pixel_id(cut.picture);
      PTAH_TRY(const std::string text, canonical_json(inside));
      PTAH_TRY(work.files["picture.png"], encode_png(cut.picture, {{kReceiptKeyword, text}}));
    }
    PTAH_TRY(work.files["from.png"], encode_png(from));
    if (maker.make) {
      scale_to_request(made, request);
      PTAH_TRY_VOID(add_mesh(work, core, std::move(made), request, formats, cancel));
    } else {
      if (request.fit) cut.picture = cropped_for_object(cut.picture);
      PTAH_TRY_VOID(add_object(work, core, cut.picture, request, formats, progress, cancel));
    }
    PTAH_TRY_VOID(seal(work, core));
    if (progress) progress({"done", 1, 0});
    return work;
  });
}

Formats formats_of(const Json& receipt) {
  const Json outputs = receipt.value("outputs", Json());
  if (!outputs.is_object()) return {.stl = receipt.contains("stl")};  // the receipt inside a file lists none; what it says of the STL has to be said again
  return {outputs.contains("picture.png"), outputs.contains("object.glb"), outputs.contains("object.obj"),
          outputs.contains("object.ply"),  outputs.contains("object.stl"), text_at(receipt, "stl") == "z-up"};
}

Result<Plan> plan_object(const Image& from, const ObjectRequest& request) {
  PTAH_TRY_VOID(check(request));
  const int64_t all = int64_t{from.width} * from.height, edge = std::max(from.width, from.height);
  const double scale = request.fit > 0 && edge > request.fit ? static_cast<double>(request.fit) / static_cast<double>(edge) : 1.0;
  const auto pixels = static_cast<int64_t>(static_cast<double>(all) * scale * scale);
  Plan plan;
  plan.program_bytes = int64_t{80} << 20;
  // The picture as it came and as a PNG; of what is left of it: its cut, the field of its thickness, the texture. Then the grid and the meshes, as plan_work().
  plan.shape_bytes = all * 8 + (int64_t{56} << 20) + pixels * 72;
  plan.peak_bytes = plan.program_bytes + plan.shape_bytes;
  plan.seconds = 0.3 + static_cast<double>(pixels) * 1e-6;
  return plan;
}

Result<Work> replay_object(const Json& receipt, const Sources& sources, const ProgressCallback& progress, const CancelToken* cancel, const ObjectMaker& maker) {
  PTAH_TRY_VOID(check_sources(receipt, sources));
  if (!sources.from) return fail(ErrorCode::corrupt, "receipt: an object without its picture");
  PTAH_TRY(const ObjectTask task, object_schema().from_receipt(receipt["request"]));
  PTAH_TRY(const Cutter cutter, cutter_of(receipt, task.cut_by));
  return object_work(*sources.from, task.request, formats_of(receipt), progress, cancel, cutter, maker);
}

}  // namespace ptah
