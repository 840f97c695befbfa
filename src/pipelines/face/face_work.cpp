#include "pipelines/face/face_work.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/budget.h"
#include "base/text.h"
#include "face/person_words.h"
#include "models/registry.h"
#include "pipelines/face/view_fields.h"
#include "pipelines/mesh/export_options.h"
#include "pipelines/rendering/render_work.h"
#include "render/lit.h"
#include "render/mesh_scene.h"
#include "schema/field_error.h"

namespace ptah {

template <class T, class Visit>
requires std::same_as<std::remove_const_t<T>, FaceTask>
void fields(T& t, const Visit& visit) {
  constexpr const char* kSince = "0.3.0";
  visit(Field{.name = "text",
              .help = "who it is, in English: age, sex, hair, eyes, skin, beard, glasses, expression",
              .max_bytes = 4096,
              .since = kSince,
              .positional = true},
        t.text);
  visit(Field{.name = "set", .help = "a number or choice of the person, which goes before the text", .unit = "NAME=VALUE", .since = kSince}, t.set);
  visit(Field{.name = "seed", .help = "of all that is not asked for; the same seed stays the same person", .since = kSince}, t.seed);
  visit(Field{.name = "size", .help = "edge of the picture", .unit = "pixels", .range = {64, 4096}, .since = kSince}, t.size);
  view_fields(t, visit, kSince);
  visit(Field{.name = "texture", .help = "edge of the skin's textures", .unit = "texels", .range = {256, 4096}, .since = kSince}, t.texture);
  visit(Field{.name = "watermark", .help = "an invisible mark in the picture, which ptah watermark finds", .flag = "no-watermark", .since = kSince},
        t.watermark);
  visit(Field{.name = "model", .help = "name of a pulled model, or its folder", .unit = "MODEL", .since = kSince}, t.model);
}

const SchemaOf<FaceTask>& face_schema() {
  static const auto schema =
      SchemaOf<FaceTask>::describe("face", "Make a person's head of a sentence or numbers", [](FaceTask& task, const Json&) -> Result<void> {
        PTAH_TRY_VOID(asked_person(task));
        return {};
      });
  return schema;
}

Result<std::shared_ptr<const PeopleData>> load_people(const std::string& name_or_path) {
  PTAH_TRY(const auto path, find_model(name_or_path));
  return PeopleData::load(path);
}

Result<Person> asked_person(const FaceTask& task, const std::function<void(const std::string&)>& note) {
  ReadPerson read = read_person(task.text);
  for (const std::string& one : task.set)
    if (const auto added = add_wish(read.wishes, one); !added) return fail_field("set", added.error().code, "`set`: {}", added.error().message);
  if (note && !read.unknown.empty()) {
    std::string words;
    for (const std::string& word : read.unknown) words += (words.empty() ? "" : ", ") + word;
    note("not understood, and left out: " + words);
  }
  return person_of(task.seed, read.wishes);
}

namespace {

Result<FrameSettings> head_frame(const FaceView& view) {
  FrameSettings out{.width = view.size, .height = view.size, .ground = false};
  PTAH_TRY(out.background, background_of(view.background));
  return out;
}

Camera head_camera(const Vec3& chin, const Vec3& top, const FaceView& view) {
  constexpr float kField = 20, kDegrees = std::numbers::pi_v<float> / 180;
  const float height = top[1] - chin[1], turn = view.azimuth * kDegrees, tilt = view.elevation * kDegrees;
  const Vec3 middle{0, chin[1] + 0.42F * height, 0.015F};
  Camera out;
  out.forward = {-std::sin(turn) * std::cos(tilt), -std::sin(tilt), -std::cos(turn) * std::cos(tilt)};
  out.right = {std::cos(turn), 0, -std::sin(turn)};
  out.up = cross(out.right, out.forward);
  out.scale = static_cast<float>(view.size) / 2 / std::tan(kField * kDegrees / 2);
  out.centre_x = out.centre_y = static_cast<float>(view.size) / 2;
  out.eye = middle - out.forward * (0.86F * height / std::tan(kField * kDegrees / 2));
  return out;
}

Result<Json> people_digests(const PeopleData& people) {
  Json out = Json::object();
  for (const auto& file : people.files) {
    PTAH_TRY(out[file.filename().string()], file_id(file));
  }
  return out;
}

Bytes person_file(const Person& person) {
  const std::string text = person.json().dump(1) + "\n";
  return {text.begin(), text.end()};
}

FaceView view_of(const FaceTask& task) { return {task.size, task.azimuth, task.elevation, task.environment, task.background}; }

}  // namespace

Result<Image> head_picture(const RenderScene& scene, const Vec3& chin, const Vec3& top, const FaceView& view, const CancelToken* cancel) {
  PTAH_TRY(const FrameSettings frame, head_frame(view));
  PTAH_TRY(HdrImage map, shipped_environment(view.environment));
  PTAH_TRY(auto environment, Environment::of(with_mean(std::move(map), kMeanLight)));
  PTAH_TRY(const auto lit, LitScene::prepare(scene, std::move(environment), cancel));
  return lit->frame(head_camera(chin, top, view), frame, cancel);
}

Result<Work> face_work(const FaceTask& task, const ProgressCallback& progress, const std::function<void(const std::string&)>& note, const CancelToken* cancel) {
  return guard([&]() -> Result<Work> {
    if (progress) progress({"face", 0, -1});
    PTAH_TRY(const Person person, asked_person(task, note));
    PTAH_TRY(const auto people, load_people(task.model));
    if (cancel) PTAH_TRY_VOID(cancel->check());
    Json core = begun_receipt(kFaceKind, face_schema().to_receipt(task));
    PTAH_TRY(core["models"], people_digests(*people));
    core["person"] = person.json();
    PTAH_TRY(const Head head, make_head(*people, person, {.texels = task.texture}));
    if (progress) progress({"render", 0.4, -1});
    if (cancel) PTAH_TRY_VOID(cancel->check());
    Work work;
    PTAH_TRY(work.files["face.glb"], encode_glb(head.scene, receipt_inside(core)));
    PTAH_TRY(const RenderScene drawn, render_scene(posed(head.scene)));
    PTAH_TRY(Image picture, head_picture(drawn, head.chin, head.top, view_of(task), cancel));
    Json inside = core;
    if (task.watermark) {
      PTAH_TRY(picture, watermarked(std::move(picture), inside));
    }
    inside["pixels"] = pixel_id(picture);
    PTAH_TRY(work.files["picture.png"], receipted_png(picture, inside, false));
    work.files["person.json"] = person_file(person);
    size_t triangles = 0;
    for (const SceneMesh& mesh : head.scene.scene.meshes) triangles += mesh.mesh.triangles.size();
    work.facts = {{"triangles", triangles}, {"person", person.json()}};
    PTAH_TRY_VOID(seal(work, inside));
    if (progress) progress({"done", 1, 0});
    return work;
  });
}

Result<Work> replay_face(const Json& receipt, const ProgressCallback& progress, const CancelToken* cancel) {
  PTAH_TRY(const FaceTask task, face_schema().from_receipt(receipt.value("request", Json())));
  PTAH_TRY(Work work, face_work(task, progress, {}, cancel));
  if (receipt.value("models", Json()) != work.receipt.value("models", Json()))
    return fail(ErrorCode::mismatch, "the files of the model '{}' are not those the face was made with", task.model);
  return work;
}

Result<Plan> plan_face(const FaceTask& task) {
  PTAH_TRY_VOID(find_model(task.model));
  Plan plan;
  const double pixels = static_cast<double>(task.size * task.size), texels = static_cast<double>(task.texture * task.texture);
  plan.program_bytes = int64_t{60} << 20;
  // The data and 52 copies of its vertices, the textures while they are painted, strands, and the picture with its lights.
  plan.shape_bytes = static_cast<int64_t>(110e6 + texels * 90 + pixels * 24);
  plan.peak_bytes = plan.program_bytes + plan.shape_bytes;
  plan.seconds = 1.2 + texels * 4e-7 + pixels * 2.5e-6;
  return plan;
}

}  // namespace ptah
