#include "pipelines/rendering/render_work.h"

#include "base/budget.h"
#include "base/text.h"
#include "image/render_denoiser.h"
#include "media/animation/animation.h"
#include "media/glb_scene.h"
#include "models/registry.h"
#include "pipelines/rendering/render_object.h"
#include "pipelines/shape/shape_work.h"
#include "render/trace/path_tracer.h"
#include "schema/field_error.h"
#include "shape/material.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

Result<std::shared_ptr<const Environment>> environment_of(const RenderTask& task, const Sources& sources) {
  HdrImage map;
  if (const auto found = sources.files.find(kEnvironmentSource); found != sources.files.end()) {
    auto decoded = decode_hdr(found->second);
    if (!decoded) return fail_field("environment", decoded.error().code, "`environment` {}: {}", task.environment, decoded.error().message);
    map = std::move(*decoded);
  } else {
    PTAH_TRY(map, shipped_environment(task.environment));
  }
  return Environment::of(with_mean(std::move(map), kMeanLight), task.environment_turn);
}

Result<FrameSettings> frame_of(const RenderTask& task) {
  FrameSettings out{.width = task.size, .height = task.size, .ground = task.ground, .exposure = std::exp2(task.exposure)};
  PTAH_TRY(out.background, background_of(task.background));
  return out;
}

std::vector<Direction> directions_of(const RenderTask& task) {
  std::vector<Direction> out;
  const int64_t frames = std::max<int64_t>(1, task.turntable);
  for (int64_t i = 0; i < frames; ++i)
    out.push_back({task.azimuth + 360 * static_cast<float>(i) / static_cast<float>(frames), task.elevation, task.field_of_view});
  return out;
}

bool is_denoised(const RenderTask& task) { return task.samples > 0 && task.denoise; }

/// The one that comes along; null if the task wants none.
Result<std::shared_ptr<const RenderDenoiser>> denoiser_for(const RenderTask& task) {
  if (!is_denoised(task)) return std::shared_ptr<const RenderDenoiser>();
  PTAH_TRY(const fs::path models, models_folder());
  auto denoiser = RenderDenoiser::installed(models);
  if (!denoiser) return fail_field("denoise", denoiser.error().code, "`denoise` has to be off: {}", denoiser.error().message);
  return denoiser;
}

/// The pictures of a scene, one a direction.
Result<std::vector<Image>> draw(const RenderTask& task, const RenderScene& scene, std::shared_ptr<const Environment> environment,
                                const RenderDenoiser* denoiser, const ProgressCallback& progress, const CancelToken* cancel) {
  PTAH_TRY(const FrameSettings frame, frame_of(task));
  const auto cameras = Camera::round(scene, directions_of(task), frame.width, frame.height);
  std::vector<Image> out;
  const auto tell = [&](double part) {
    if (progress) progress({"render", 0.1 + 0.8 * (static_cast<double>(out.size()) + part) / static_cast<double>(cameras.size()), -1});
  };
  if (task.samples > 0) {
    PTAH_TRY(const auto traced, TracedScene::prepare(scene, std::move(environment), cancel));
    for (const Camera& camera : cameras) {
      const TraceSettings settings{.frame = frame, .samples = task.samples, .seed = task.seed};
      PTAH_TRY(Radiance radiance, traced->trace(camera, settings, tell, cancel));
      if (denoiser) radiance = (*denoiser)(std::move(radiance));
      out.push_back(developed(radiance, *traced, camera, frame));
    }
    return out;
  }
  PTAH_TRY(const auto lit, LitScene::prepare(scene, std::move(environment), cancel));
  for (const Camera& camera : cameras) {
    PTAH_TRY(Image picture, lit->frame(camera, frame, cancel));
    out.push_back(std::move(picture));
    tell(0);
  }
  return out;
}

Result<Bytes> encoded(const Animation& animation, const std::string& format, const CancelToken* cancel) {
  if (format == "gif") return encode_gif(animation);
  if (format == "mp4") return encode_mp4(animation, cancel);
  return encode_webp(animation);
}

/// The request as a receipt keeps it: of the user's own map only its name.
Json kept_request(RenderTask task, const Sources& sources) {
  if (sources.files.contains(kEnvironmentSource)) task.environment = fs::path(task.environment).filename().string();
  return render_schema().to_receipt(task);
}

}  // namespace

Result<Background> background_of(const std::string& word) {
  Background out;
  if (word == "transparent") out.kind = Background::Kind::transparent;
  if (word == "environment") out.kind = Background::Kind::environment;
  if (word == "white" || word == "black" || word.starts_with('#')) {
    out.kind = Background::Kind::colour;
    PTAH_TRY(const auto colour, colour_of(word));
    for (size_t c = 0; c < 3; ++c) out.colour[c] = linear_of(colour[c]);
  }
  return out;
}

Result<Work> render_work(const RenderTask& task, const Sources& sources, const ProgressCallback& progress, const CancelToken* cancel) {
  return guard([&]() -> Result<Work> {
    if (progress) progress({"render", 0, -1});
    PTAH_TRY(const RenderObject object, render_object(task, sources, cancel));
    PTAH_TRY(auto environment, environment_of(task, sources));
    Json core = begun_receipt(kRenderKind, kept_request(task, sources));
    if (!object.library.empty()) core["library"] = object.library;
    core["sources"] = source_ids(sources);
    PTAH_TRY(const auto denoiser, denoiser_for(task));
    if (denoiser) core["denoiser"] = {{"model", "sha256:" + denoiser->sha256()}};
    PTAH_TRY(std::vector<Image> frames, draw(task, object.scene, std::move(environment), denoiser.get(), progress, cancel));
    core["pixels"] = pixel_id(frames.front());
    Work work;
    PTAH_TRY(const std::string text, canonical_json(core));
    PTAH_TRY(work.files["picture.png"], encode_png(frames.front(), {{kReceiptKeyword, text}}));
    work.facts = {{"triangles", object.triangles()}, {"frames", frames.size()}};
    if (task.turntable > 0) {
      const Animation animation{std::move(frames), static_cast<int64_t>(std::lround(1000 / task.frame_rate)), 0};
      PTAH_TRY(work.files["turntable." + task.format], encoded(animation, task.format, cancel));
    }
    PTAH_TRY_VOID(add_sources(work, sources));
    PTAH_TRY_VOID(seal(work, core));
    if (progress) progress({"done", 1, 0});
    return work;
  });
}

Result<Work> replay_render(const Json& receipt, const Sources& sources, const ProgressCallback& progress, const CancelToken* cancel) {
  PTAH_TRY_VOID(check_sources(receipt, sources));
  PTAH_TRY(const RenderTask task, render_schema().from_receipt(receipt.value("request", Json())));
  PTAH_TRY(Work work, render_work(task, sources, progress, cancel));
  if (receipt.value("library", Json::object()) != work.receipt.value("library", Json::object()))
    return fail(ErrorCode::mismatch, "a shape of the library is another one than when the work was made");
  if (receipt.value("denoiser", Json::object()) != work.receipt.value("denoiser", Json::object()))
    return fail(ErrorCode::mismatch, "the denoiser is another one than when the work was made");
  return work;
}

Result<Plan> plan_render(const RenderTask& task, const Sources& sources) {
  PTAH_TRY(const RenderObject object, render_object(task, sources, current_cancel()));
  const double triangles = static_cast<double>(object.triangles()), pixels = static_cast<double>(task.size * task.size),
               frames = static_cast<double>(std::max<int64_t>(1, task.turntable));
  Plan plan;
  plan.program_bytes = int64_t{60} << 20;
  // Triangles with their corners, the lights' maps or the tree of rays, and what is kept of each pixel of all frames.
  plan.shape_bytes = static_cast<int64_t>(triangles * 400 + pixels * (4 * frames + (task.samples > 0 ? 180 : 16)));
  if (is_denoised(task)) plan.shape_bytes += RenderDenoiser::planned_bytes(task.size, task.size);
  plan.peak_bytes = plan.program_bytes + plan.shape_bytes;
  const double each = task.samples > 0 ? pixels * static_cast<double>(task.samples) * 5e-7 : pixels * 2.5e-7 + triangles * 3e-8;
  plan.seconds = 0.08 + triangles * 3e-6 + frames * (each + (is_denoised(task) ? pixels * 5e-7 : 0));
  return plan;
}

}  // namespace ptah
