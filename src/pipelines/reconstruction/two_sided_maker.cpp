#include "pipelines/reconstruction/two_sided_maker.h"

#include "models/registry.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr const char* kTwoSided = "two-sided";  ///< the route, and the model's name

std::string digest_in_receipt(const TwoSidedModel& model) { return "sha256:" + model.sha256(); }

}  // namespace

Result<std::shared_ptr<const TwoSidedModel>> load_two_sided_model(const fs::path& folder) {
  const auto model = shipped_model(folder, kTwoSided);
  if (!model) {
    if (model.error().code == ErrorCode::not_found) return std::shared_ptr<const TwoSidedModel>();
    return tl::unexpected<Error>(model.error());
  }
  return TwoSidedModel::load(model->place, model->files.front().second);
}

ObjectMaker two_sided_maker(const TwoSidedModel& model) {
  ObjectMaker out;
  out.route = kTwoSided;
  out.make = [&model](const Image& cut, const ObjectRequest& request, const ProgressCallback& progress, const CancelToken* cancel) {
    return two_sided_object(model.network(), cut, request.target_triangles, progress, cancel);
  };
  out.note = [&model](Json& core) -> Result<void> {
    core["route"] = kTwoSided;
    core["models"] = {{kTwoSided, digest_in_receipt(model)}};
    return {};
  };
  return out;
}

Result<Plan> plan_two_sided_object(const Image& from, const ObjectRequest& request, const TwoSidedModel& model) {
  PTAH_TRY(Plan plan, plan_object(from, request));
  plan.weight_bytes = model.file_bytes();
  PTAH_TRY_VOID(plan_tensors(plan, [&]() -> Result<void> {
    return guard([&]() -> Result<void> {
      plan_two_sided(model.network());
      return {};
    });
  }));
  plan.peak_bytes = plan.program_bytes + plan.weight_bytes + plan.tensor_bytes + plan.shape_bytes;
  plan.seconds += seconds_for(plan.flops);
  return plan;
}

bool is_two_sided(const Json& receipt) { return text_at(receipt, "route") == kTwoSided; }

Result<Work> replay_two_sided(const Json& receipt, const Sources& sources, const TwoSidedModel* model, const ProgressCallback& progress,
                              const CancelToken* cancel) {
  const std::string wanted = text_at(receipt.value("models", Json::object()), kTwoSided);
  if (!model) return fail(ErrorCode::mismatch, "the object was made by a network that sees both sides of objects ({}); none is installed", wanted);
  if (wanted != digest_in_receipt(*model))
    return fail(ErrorCode::mismatch, "the object was made by another network ({}) than the one that is installed ({})", wanted, digest_in_receipt(*model));
  return replay_object(receipt, sources, progress, cancel, two_sided_maker(*model));
}

}  // namespace ptah
