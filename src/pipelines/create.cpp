#include "pipelines/create.h"

#include <algorithm>

#include "base/budget.h"
#include "pipelines/shape/shape_work.h"

namespace ptah {

namespace {

Json core_receipt(const PictureModel& model, const CreateRequest& request, const Sources& sources) {
  Json core = begun_receipt(request.object ? "picture and object" : "picture", to_json(request));
  core["models"] = Json::object();
  if (request.picture == "object") return core;  // nothing is drawn
  core["models"]["picture"] = "sha256:" + model.sha256();
  if (!model.file_name().empty()) core["model_file"] = model.file_name();
  if (sources.from) core["sources"] = source_ids(sources);
  if (request.best_of > 1) core["models"]["judge"] = "sha256:" + model.judge_sha256();
  if (const std::string upscaler = model.upscaler_sha256(request.size); !upscaler.empty()) core["models"]["upscaler"] = "sha256:" + upscaler;
  return core;
}

}  // namespace

bool shows_object(const CreateRequest& request, const PictureModel& model, const ObjectRoute& route) {
  const bool usual = model.file_name().empty() && request.style == CreateRequest{.prompt = {}}.style;
  return request.picture == "object" || (request.picture == "auto" && !route.program.empty() && usual);
}

Result<Work> create_work(const PictureModel& model, const CreateRequest& asked, const Formats& formats, const Sources& sources, const ObjectRoute& route,
                         const ProgressCallback& progress, const CancelToken* cancel) {
  PTAH_TRY_VOID(check(asked));
  CreateRequest request = model.with_defaults(asked);
  request.picture = shows_object(request, model, route) ? "object" : "drawn";
  if (request.picture == "object" && route.program.empty())
    return fail_field("picture", ErrorCode::invalid_argument, "`picture` object shows what a shape program makes, and none makes this");
  Work work;
  Json core = core_receipt(model, request, sources);
  const auto made = [&] {
    return request.picture == "object" ? shape_picture(core, route.program, request.size, cancel) : model.create(request, sources, progress, cancel);
  };
  PTAH_TRY(const Image picture, made());
  Image shown = flattened(picture, request.background);
  if (request.object) note_formats(core, formats);
  for (const auto& [name, digest] : route.models.items()) core["models"][name] = digest;
  if (request.watermark) {
    PTAH_TRY(shown, watermarked(std::move(shown), core));
  }
  core["pixels"] = pixel_id(shown);
  if (formats.png) {
    PTAH_TRY(work.files["picture.png"], receipted_png(shown, core, sources.from.has_value()));
  }
  PTAH_TRY_VOID(add_sources(work, sources));
  if (request.object && formats.any_object()) {
    const ObjectRequest object{.solid = request.solid,
                               .target_triangles = request.target_triangles,
                               .size_mm = request.size_mm > 0 || !route.program.empty() ? request.size_mm : 100,
                               .height_mm = request.height_mm,
                               .millimetres = request.millimetres,
                               .output = request.output};
    if (route.program.empty()) {
      PTAH_TRY_VOID(add_object(work, core, picture, object, formats, progress, cancel));
    } else {
      Json of_picture = core;
      core.erase("pixels");
      PTAH_TRY_VOID(add_shape_object(work, core, route.program, object, formats, progress, cancel));
      core["pixels"] = of_picture["pixels"];
    }
  }
  PTAH_TRY_VOID(seal(work, core));
  if (progress) progress({"done", 1, 0});
  return work;
}

namespace {

/// The models a receipt names must be `here`, and no other.
Result<void> check_models(const Json& receipt, const Json& here) {
  const Json then = receipt.value("models", Json::object());
  if (!then.is_object()) return fail(ErrorCode::corrupt, "receipt: 'models' is no object");
  for (const Json* list : {&then, &here})
    for (const auto& [name, id] : list->items()) {
      const Json was = then.value(name, Json()), is = here.value(name, Json());
      if (was != is)
        return fail(ErrorCode::mismatch, "the work was made with {} {}; here it would be {}", name, was.is_null() ? "none" : was.dump(),
                    is.is_null() ? "none" : is.dump());
    }
  return {};
}

}  // namespace

Result<Work> replay_work(const PictureModel& model, const Json& receipt, const Sources& sources, const ProgressCallback& progress, const CancelToken* cancel) {
  const Formats formats = formats_of(receipt);
  PTAH_TRY(const CreateRequest request, create_request(receipt["request"]));
  ObjectRoute route;
  if (text_at(receipt, "route") == "program") route.program = text_at(receipt, "program");
  Json here = core_receipt(model, request, sources)["models"];
  for (const char* writer : {"shape-writer", "minilm"})
    if (const Json models = receipt.value("models", Json::object()); models.is_object() && models.contains(writer))
      here[writer] = route.models[writer] = models[writer];  // what they wrote stands in the receipt
  PTAH_TRY_VOID(check_models(receipt, here));
  PTAH_TRY_VOID(check_sources(receipt, sources));
  PTAH_TRY(Work work, create_work(model, request, formats, sources, route, progress, cancel));
  if (receipt.value("library", Json()) != work.receipt.value("library", Json()))
    return fail(ErrorCode::mismatch, "a shape of the library is another one than when the work was made");
  return work;
}

Result<Plan> plan_work(const PictureModel& model, const CreateRequest& request, const Sources& sources) {
  PTAH_TRY_VOID(check(request));
  Plan plan;
  const auto work = [&]() -> Result<void> {
    PTAH_TRY_VOID(model.create(request, sources, {}, current_cancel()));
    return {};
  };
  PTAH_TRY_VOID(plan_tensors(plan, work));
  plan.weight_bytes = model.file_bytes();
  plan.program_bytes = int64_t{80} << 20;
  // The grid's values and edge table, the raw mesh, the decimator's lists, the texture.
  if (request.object) plan.shape_bytes = (int64_t{56} << 20) + request.size * request.size * 160;
  plan.peak_bytes = plan.weight_bytes + plan.program_bytes + std::max(plan.tensor_bytes, plan.shape_bytes);
  plan.seconds = 0.35 + seconds_for(plan.flops) + (request.object ? 0.3 : 0.0);
  return plan;
}

Result<void> check_budget(const PictureModel& model, const CreateRequest& request, const Sources& sources, const Plan& plan, int64_t budget_bytes) {
  if (budget_bytes <= 0 || plan.peak_bytes <= budget_bytes) return {};
  CreateRequest smaller = request;
  smaller.size = 128;
  smaller.object = false;
  PTAH_TRY(const Plan smallest, plan_work(model, smaller, sources));
  const double mib = 1.0 / (1 << 20);
  return fail(ErrorCode::over_budget, "this needs {:.0f} MiB, the budget is {:.0f} MiB; {}", static_cast<double>(plan.peak_bytes) * mib,
              static_cast<double>(budget_bytes) * mib,
              smallest.peak_bytes <= budget_bytes
                  ? fmt::format("`size` 128 without an object would fit ({:.0f} MiB)", static_cast<double>(smallest.peak_bytes) * mib)
                  : fmt::format("the least that works is {:.0f} MiB", static_cast<double>(smallest.peak_bytes) * mib));
}

}  // namespace ptah
