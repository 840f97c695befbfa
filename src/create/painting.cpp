#include "create/painting.h"

#include <algorithm>

#include "base/parallel.h"
#include "create/recall.h"
#include "shape/inflate.h"
#include "tensor/cpu/dense.h"
#include "weights/pull.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {
constexpr const char* kKind = "painting";
}

Result<fs::path> clip_words() {
  PTAH_TRY(const fs::path folder, pulled_models_folder());
  const fs::path file = folder / "clip-words" / "bpe_simple_vocab_16e6.txt.gz";
  if (std::error_code problem; !fs::exists(file, problem))
    return fail(ErrorCode::not_found, "CLIP's words are not here yet; fetch them with: ptah pull clip-words");
  return file;
}

Result<Json> checkpoint_digests(const DiffusionFiles& files) {
  PTAH_TRY(const auto list, listed(files));
  Json out = Json::object();
  for (const auto& [name, file] : list) {
    PTAH_TRY(out[name], file_id(file));
  }
  return out;
}

Result<Sources> extended(const Picture& picture, int64_t by) {
  const int64_t w = picture.width + 2 * by, h = picture.height + 2 * by;
  if (by < 1 || w > kMostPaintedEdge || h > kMostPaintedEdge)
    return fail(ErrorCode::invalid_argument, "{} pixels more on every side would make {} × {}; up to {} × {} are possible", by, w, h, kMostPaintedEdge,
                kMostPaintedEdge);
  Picture from = make_picture(w, h), mask = make_picture(w, h);
  const int64_t fade = std::max<int64_t>(1, std::min({by / 4, picture.width / 4, picture.height / 4}));
  for (int64_t y = 0; y < h; ++y)
    for (int64_t x = 0; x < w; ++x) {
      const int64_t u = x - by, v = y - by;
      std::copy_n(picture.at(std::clamp<int64_t>(u, 0, picture.width - 1), std::clamp<int64_t>(v, 0, picture.height - 1)), 4, from.at(x, y));
      const int64_t inside = std::min({u, v, picture.width - 1 - u, picture.height - 1 - v});  // below 0 outside
      const auto white = static_cast<uint8_t>(255 - 255 * std::clamp<int64_t>(inside + 1, 0, fade) / fade);
      for (int64_t c = 0; c < 3; ++c) mask.at(x, y)[c] = white;
      mask.at(x, y)[3] = 255;
    }
  return Sources{std::move(from), std::move(mask), {}};
}

Result<Work> painting(const PaintRequest& request, const DiffusionFiles& files, const Json& digests, const Picture& picture, const Sources& sources,
                      const Finish& finish, const ProgressCallback& progress, const CancelToken* cancel) {
  Json asked = to_json(request);
  asked["files"] = to_json(files);
  if (finish.cut) asked["cut"] = finish.background;
  if (finish.watermark) asked["watermark"] = true;
  if (finish.formats.any_object()) asked["object"] = to_json(finish.object);
  Json core = begun_receipt(kKind, std::move(asked));
  core["models"] = digests;
  note_formats(core, finish.formats);
  if (const Json ids = source_ids(sources); !ids.empty()) core["sources"] = ids;
  const Picture cut = finish.cut || finish.formats.any_object() ? cut_out(picture) : picture;
  Picture shown = finish.cut ? flattened(cut, finish.background) : picture;
  if (finish.watermark) {
    PTAH_TRY(shown, watermarked(std::move(shown), core));
  }
  core["pixels"] = pixel_id(shown);
  const std::string own = files.model.filename().string();
  const std::string hash = digests.contains(own) ? text_at(digests, own.c_str()).substr(std::string_view("sha256:").size()) : "";
  Work work;
  if (finish.formats.png) {
    PTAH_TRY(work.files["picture.png"],
             receipted_png(shown, core, sources.from.has_value(), {{"parameters", webui_parameters(request, files, picture, hash)}}));
  }
  PTAH_TRY_VOID(add_sources(work, sources));
  if (finish.formats.any_object()) PTAH_TRY_VOID(add_object(work, core, cut, finish.object, finish.formats, progress, cancel));
  PTAH_TRY_VOID(seal(work, core));
  return work;
}

bool is_painting_receipt(const Json& receipt) { return receipt.value("kind", Json()) == Json(kKind); }

Result<Work> replay_painting(const Json& receipt, const Sources& sources, const fs::path& folder, const ProgressCallback& progress, const CancelToken* cancel) {
  return guard([&]() -> Result<Work> {
    const Json asked = receipt.value("request", Json::object());
    PTAH_TRY(const PaintRequest request, paint_request(asked));
    PTAH_TRY(const DiffusionFiles files,
             diffusion_files(asked.value("files", Json::object()), folder.empty() ? fs::path(environment("PTAH_CHECKPOINTS")) : folder));
    PTAH_TRY_VOID(check_sources(receipt, sources));
    Finish finish;
    finish.formats = formats_of(receipt);
    finish.cut = asked.contains("cut");
    finish.watermark = asked.value("watermark", Json(false)) == Json(true);
    if (finish.cut) {
      finish.background = text_at(asked, "cut");
      PTAH_TRY_VOID(check_background(finish.background));
    }
    if (asked.contains("object")) {
      PTAH_TRY(finish.object, object_request(asked["object"]));
    }
    for (const fs::path& file : {files.model, files.unet, files.autoencoder, files.refiner, files.t5, files.t5_words})
      if (!file.empty() && !fs::exists(file))
        return fail(ErrorCode::not_found, "{} is not here; say where checkpoints lie (--checkpoints FOLDER, or PTAH_CHECKPOINTS)", file.string());
    PTAH_TRY(Json digests, checkpoint_digests(files));
    const Json before = receipt.value("models", Json::object());
    for (auto it = digests.begin(); it != digests.end();)  // earlier receipts do not name configurations
      it = it.key().ends_with("config.json") || it.key().ends_with("model_index.json") || it.key().ends_with("special_tokens_map.json")
               ? (before.contains(it.key()) ? std::next(it) : digests.erase(it))
               : std::next(it);
    if (digests != before)
      return fail(ErrorCode::mismatch, "{}: not the checkpoint (or not the files beside it) that the picture was painted with", files.model.string());
    PTAH_TRY(const fs::path words, clip_words());
    PTAH_TRY(const auto model, DiffusionModel::load(files, words));
    PTAH_TRY(const Picture picture, model->paint(request, sources, progress, cancel));
    return painting(request, files, digests, picture, sources, finish, progress, cancel);
  });
}

Result<Plan> plan_painting(const PaintRequest& request, const DiffusionFiles& files, const fs::path& vocabulary, const Sources& sources,
                           const DiffusionShapes& shapes) {
  Plan plan;
  const auto work = [&]() -> Result<void> {
    PTAH_TRY(const auto model, DiffusionModel::load(files, vocabulary, shapes));
    plan.weight_bytes = model->file_bytes();
    PTAH_TRY_VOID(model->paint(request, sources));
    return {};
  };
  PTAH_TRY_VOID(plan_tensors(plan, work));
  plan.program_bytes = int64_t{120} << 20;
  // Pages of the files are given back as soon as what lies in them is packed.
  plan.peak_bytes = plan.program_bytes + plan.tensor_bytes;
  plan.seconds = seconds_for(plan.flops);
  return plan;
}

Result<PaintRequest> within_budget(const PaintRequest& request, const DiffusionFiles& files, const fs::path& vocabulary, const Sources& sources,
                                   int64_t budget_bytes, const DiffusionShapes& shapes) {
  PTAH_TRY(const Plan plan, plan_painting(request, files, vocabulary, sources, shapes));
  if (plan.peak_bytes <= budget_bytes) return request;
  PaintRequest tiled = request;
  int64_t least = plan.peak_bytes;
  for (const int64_t tile : {512, 256, 128}) {
    tiled.tile = tile;
    PTAH_TRY(const Plan other, plan_painting(tiled, files, vocabulary, sources, shapes));
    if (other.peak_bytes <= budget_bytes) return tiled;
    least = std::min(least, other.peak_bytes);
  }
  const auto mib = [](int64_t bytes) { return static_cast<double>(bytes) / (1 << 20); };
  std::string narrow;
  if (files.packing == WeightPacking::plain) {
    DiffusionFiles rounded = files;
    rounded.packing = WeightPacking::int8;
    PTAH_TRY(const Plan other, plan_painting(tiled, rounded, vocabulary, sources, shapes));
    narrow = fmt::format(", and with weights in 8 bits (w8a16) {:.0f} MiB", mib(other.peak_bytes));
  }
  return fail(ErrorCode::over_budget, "this needs {:.0f} MiB, decoded in tiles {:.0f} MiB{}; the budget is {:.0f} MiB", mib(plan.peak_bytes), mib(least),
              narrow, mib(budget_bytes));
}

}  // namespace ptah
