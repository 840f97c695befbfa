#include "pipelines/painting.h"

#include <algorithm>

#include "base/budget.h"
#include "base/parallel.h"
#include "pipelines/recall/recall.h"
#include "shape/inflate.h"
#include "tensor/device.h"
#include "models/registry.h"

namespace ptah {

namespace fs = std::filesystem;

Result<fs::path> clip_vocabulary() {
  PTAH_TRY(const fs::path folder, pulled_models_folder());
  std::error_code problem;
  for (const char* name : {"clip-tokenizer", "clip-words"})  // the latter of earlier versions
    if (const fs::path file = folder / name / "bpe_simple_vocab_16e6.txt.gz"; fs::exists(file, problem)) return file;
  return fail(ErrorCode::not_found, "CLIP's vocabulary is not here yet; fetch it with: ptah pull clip-tokenizer");
}

Result<Json> checkpoint_digests(const DiffusionFiles& files) {
  PTAH_TRY(const auto list, listed(files));
  Json out = Json::object();
  for (const auto& [name, file] : list) {
    PTAH_TRY(out[name], file_id(file));
  }
  return out;
}

Result<Sources> extended(const Image& picture, int64_t by) {
  const int64_t w = picture.width + 2 * by, h = picture.height + 2 * by;
  if (by < 1 || w > kMaxPaintedEdge || h > kMaxPaintedEdge)
    return fail(ErrorCode::invalid_argument, "{} pixels more on every side would make {} × {}; up to {} × {} are possible", by, w, h, kMaxPaintedEdge,
                kMaxPaintedEdge);
  Image from = make_image(w, h), mask = make_image(w, h);
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

Result<Work> painting(const PaintRequest& request, const DiffusionFiles& files, const Json& digests, const Image& picture, const Sources& sources,
                      const Finish& finish, const ProgressCallback& progress, const CancelToken* cancel,
                      const std::shared_ptr<const BackgroundRemover>& remover) {
  PaintRequest kept = request;
  if (!sources.mask) kept.mask_rule = 1;  // which is not written: without a mask there is nothing to say
  const Cutter cutter{finish.cut_by, remover};
  CutOut cut{picture, false};
  if (!finish.cut.empty() || finish.formats.any_object()) {
    PTAH_TRY(cut, cut_with(cutter, picture));
  }
  Finish said = finish;
  said.cut_by = cut.by_network ? CutBy::network : CutBy::colour;
  Json asked = paint_schema().to_receipt({.request = kept, .files = files, .finish = said});
  if (!finish.formats.any_object()) asked.erase("object");
  Json core = begun_receipt(kPaintingKind, std::move(asked));
  core["models"] = digests;
  note_formats(core, finish.formats);
  note_cut(core, cut, cutter);
  if (const Json ids = source_ids(sources); !ids.empty()) core["sources"] = ids;
  Image shown = finish.cut.empty() ? picture : flattened(cut.picture, finish.cut);
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
  if (finish.formats.any_object()) PTAH_TRY_VOID(add_object(work, core, cut.picture, finish.object, finish.formats, progress, cancel));
  PTAH_TRY_VOID(seal(work, core));
  return work;
}

bool is_painting_receipt(const Json& receipt) { return receipt.value("kind", Json()) == Json(kPaintingKind); }

Result<PaintTask> painting_task(const Json& receipt, const fs::path& sources) {
  PTAH_TRY(PaintTask task, paint_schema().from_receipt(receipt.value("request", Json())));
  const bool object = receipt["request"].contains("object");
  task.finish.formats = formats_of(receipt);
  if (!receipt.value("outputs", Json()).is_object()) task.finish.formats.glb = object && !task.finish.formats.stl;  // the receipt inside a file
  const Json ids = receipt.value("sources", Json::object());
  if (ids.contains("from")) task.from = sources / "from.png";
  if (ids.contains("mask")) task.mask = sources / "mask.png";
  for (int i = 1; ids.contains(fmt::format("control-{}", i)); ++i) task.control_pictures.push_back(sources / fmt::format("control-{}.png", i));
  return task;
}

Result<Work> replay_painting(const Json& receipt, const Sources& sources, const fs::path& folder, const ProgressCallback& progress, const CancelToken* cancel) {
  return guard([&]() -> Result<Work> {
    PTAH_TRY(const PaintTask task, painting_task(receipt));
    const PaintRequest& request = task.request;
    const Finish& finish = task.finish;
    const DiffusionFiles files = in_folder(task.files, folder.empty() ? fs::path(environment("PTAH_CHECKPOINTS")) : folder);
    PTAH_TRY_VOID(check_sources(receipt, sources));
    if (!finish.cut.empty()) PTAH_TRY_VOID(check_background(finish.cut));
    for (const fs::path& file : {files.model, files.unet, files.autoencoder, files.refiner, files.t5, files.t5_words})
      if (!file.empty() && !fs::exists(file))
        return fail(ErrorCode::not_found, "{} is not here; say where checkpoints lie (`checkpoints` FOLDER, or PTAH_CHECKPOINTS)", file.string());
    PTAH_TRY(Json digests, checkpoint_digests(files));
    const Json before = receipt.value("models", Json::object());
    for (auto it = digests.begin(); it != digests.end();)  // earlier receipts do not name configurations
      it = it.key().ends_with("config.json") || it.key().ends_with("model_index.json") || it.key().ends_with("special_tokens_map.json")
               ? (before.contains(it.key()) ? std::next(it) : digests.erase(it))
               : std::next(it);
    if (digests != before)
      return fail(ErrorCode::mismatch, "{}: not the checkpoint (or not the files beside it) that the picture was painted with", files.model.string());
    PTAH_TRY(const Cutter cutter, cutter_of(receipt, finish.cut_by));
    PTAH_TRY(const fs::path words, clip_vocabulary());
    PTAH_TRY(const auto model, DiffusionModel::load(files, words));
    PTAH_TRY(const Image picture, model->paint(request, sources, progress, cancel));
    return painting(request, files, digests, picture, sources, finish, progress, cancel, cutter.remover);
  });
}

Result<Plan> plan_painting(const PaintRequest& request, const DiffusionFiles& files, const fs::path& vocabulary, const Sources& sources,
                           const DiffusionShapes& shapes) {
  Plan plan;
  const auto work = [&]() -> Result<void> {
    PTAH_TRY(const auto model, DiffusionModel::load(files, vocabulary, shapes));
    plan.weight_bytes = model->file_bytes();
    PTAH_TRY_VOID(model->paint(request, sources, {}, current_cancel()));
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
  int64_t smallest = plan.peak_bytes;
  for (const int64_t tile : {512, 256, 128}) {
    tiled.tile = tile;
    PTAH_TRY(const Plan other, plan_painting(tiled, files, vocabulary, sources, shapes));
    if (other.peak_bytes <= budget_bytes) return tiled;
    smallest = std::min(smallest, other.peak_bytes);
  }
  const auto mib = [](int64_t bytes) { return static_cast<double>(bytes) / (1 << 20); };
  std::string narrow;
  if (files.packing == WeightPacking::plain) {
    DiffusionFiles rounded = files;
    rounded.packing = WeightPacking::int8;
    PTAH_TRY(const Plan other, plan_painting(tiled, rounded, vocabulary, sources, shapes));
    narrow = fmt::format(", and with weights in 8 bits (w8a16) {:.0f} MiB", mib(other.peak_bytes));
  }
  return fail(ErrorCode::over_budget, "this needs {:.0f} MiB, decoded in tiles {:.0f} MiB{}; the budget is {:.0f} MiB", mib(plan.peak_bytes), mib(smallest),
              narrow, mib(budget_bytes));
}

}  // namespace ptah
