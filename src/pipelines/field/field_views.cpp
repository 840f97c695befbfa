#include "pipelines/field/field_views.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/philox.h"
#include "pipelines/rendering/render_object.h"
#include "render/field/posed_pictures.h"
#include "render/trace/path_tracer.h"

namespace ptah {

namespace {

constexpr float kFieldOfView = 40, kLowest = -0.15F, kHighest = 0.97F;  // the last two: sines of elevations
constexpr float kViewsMeanLight = 0.85F;
/// How many times finer than asked for a view is rasterised, and the largest edge that can be.
constexpr int64_t kFiner = 4, kMaxRaster = 4096;

Direction direction_of(float height, float turns) {
  constexpr float kDegrees = 180 / std::numbers::pi_v<float>;
  return {360 * (turns - std::floor(turns)), std::asin(kLowest + (kHighest - kLowest) * height) * kDegrees, kFieldOfView};
}

std::vector<Direction> view_directions(const FieldViews& task) {
  std::vector<Direction> out;
  for (int64_t i = 0; i < task.views; ++i)
    out.push_back(direction_of((static_cast<float>(i) + 0.5F) / static_cast<float>(task.views), static_cast<float>(i) * 0.618034F));
  Random random(task.seed, 3);
  for (int64_t i = 0; i < task.held_out; ++i) {
    const float height = random.uniform();
    out.push_back(direction_of(height, random.uniform()));
  }
  return out;
}

Result<void> check_views(const FieldViews& task) {
  if (task.views < 2 || task.views > 2000 || task.held_out < 0 || task.held_out > 2000)
    return fail(ErrorCode::invalid_argument, "{} views and {} held out; 2 to 2000 and 0 to 2000 are possible", task.views, task.held_out);
  if (task.size < 16 || task.size > 4096) return fail(ErrorCode::invalid_argument, "pictures of {} pixels an edge; 16 to 4096 are possible", task.size);
  return {};
}

}  // namespace

Result<std::map<std::string, Bytes>> field_views(const FieldViews& task, const ProgressCallback& progress, const CancelToken* cancel) {
  PTAH_TRY_VOID(check_views(task));
  RenderTask render{.file = task.object, .texture = task.texture, .environment = task.environment};
  PTAH_TRY(const Sources sources, render_sources(render));
  const bool program = sources.files.contains("object.shape");
  if (!program) render.texture = 0;
  PTAH_TRY(const RenderObject object, render_object(render, sources, cancel));
  PTAH_TRY(HdrImage map, shipped_environment(task.environment));
  PTAH_TRY(auto environment, Environment::of(with_mean(std::move(map), kViewsMeanLight)));
  // A rasterised pixel shades a triangle once: textures are averaged over a finer picture, or they would look different from every side.
  const int64_t finer = task.samples > 0 ? 1 : std::clamp<int64_t>(kMaxRaster / task.size, 1, kFiner);
  const FrameSettings frame{.width = task.size * finer, .height = task.size * finer, .background = {.kind = Background::Kind::transparent}, .ground = false};
  const std::vector<Camera> cameras = Camera::round(object.scene, view_directions(task), frame.width, frame.height);
  std::shared_ptr<const TracedScene> traced;
  std::shared_ptr<const LitScene> lit;
  if (task.samples > 0) {
    PTAH_TRY(traced, TracedScene::prepare(object.scene, std::move(environment), cancel));
  } else {
    PTAH_TRY(lit, LitScene::prepare(object.scene, std::move(environment), cancel));
  }
  std::map<std::string, Bytes> files;
  std::vector<PosedPicture> pictures;
  for (const Camera& camera : cameras) {
    if (progress) progress({"views", static_cast<double>(pictures.size()) / static_cast<double>(cameras.size()), -1});
    Image picture;
    if (traced) {
      PTAH_TRY(const Radiance radiance, traced->trace(camera, {.frame = frame, .samples = task.samples, .seed = task.seed}, {}, cancel));
      picture = developed(radiance, *traced, camera, frame);
    } else {
      PTAH_TRY(picture, lit->frame(camera, frame, cancel));
      picture = reduced(picture, task.size);
    }
    const std::string name = fmt::format("pictures/{:04}.png", pictures.size());
    PTAH_TRY(files[name], encode_png(picture));
    pictures.push_back({name, PosedCamera::of(camera, frame.width).scaled(task.size, task.size), {}});
  }
  const std::string text = transforms_json(pictures, static_cast<size_t>(task.views));
  files["transforms.json"] = Bytes(text.begin(), text.end());
  if (progress) progress({"views", 1, 0});
  return files;
}

}  // namespace ptah
