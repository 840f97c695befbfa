#include "train/two_sided/two_sided_evaluation.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "geometry/mesh_errors.h"
#include "pixels/image_tensor.h"
#include "shape/fit.h"
#include "shape/inflate.h"
#include "shape/two_sided/two_sided_model.h"
#include "tensor/ops.h"
#include "train/loop/stage.h"

namespace ptah {

namespace {

constexpr uint64_t kEvaluatedViewStream = uint64_t{33} << 48;

/// The figures of one way to make objects, a list each.
using ScoreLists = std::map<std::string, std::vector<double>>;

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

double median_of(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

Json summary_of(const ScoreLists& scores) {
  Json out = Json::object();
  for (const auto& [name, values] : scores) {
    out[name] = mean_of(values);
    out["median"][name] = median_of(values);
  }
  return out;
}

/// The model as the view shows it, in units of the depths.
Mesh seen_mesh(const SurfaceScene& model, const ViewFrame& frame, double shift) {
  Mesh out;
  for (const Vec3& p : model.positions()) {
    out.positions.push_back(frame(p));
    out.positions.back()[2] -= static_cast<float>(shift);
  }
  for (const SurfaceScene::Corner& corner : model.triangles()) out.triangles.push_back(corner.vertex);
  return out;
}

/// Laid on a model by the boxes of both outlines; 0 along the line of sight stays 0.
Mesh laid_on(Mesh mesh, const Mesh& model) {
  const Box from = Box::of(mesh.positions), to = Box::of(model.positions);
  const float width = std::max(from.high[0] - from.low[0], from.high[1] - from.low[1]), wanted = std::max(to.high[0] - to.low[0], to.high[1] - to.low[1]);
  const float scale = wanted / std::max(width, 1e-12F);
  for (Vec3& p : mesh.positions) {
    for (size_t k = 0; k < 2; ++k) p[k] = (p[k] - (from.low[k] + from.high[k]) / 2) * scale + (to.low[k] + to.high[k]) / 2;
    p[2] *= scale;
  }
  return mesh;
}

struct Colouring {
  double two_sided = 0, inflation = 0;
};

class TwoSidedComparison {
 public:
  TwoSidedComparison(const TwoSidedNetwork& network, const TwoSidedEvaluation& how, const TrainCallbacks& callbacks)
      : network_(network), how_(how), callbacks_(callbacks) {}

  Result<void> add(const SurfaceScene& model, const ViewChoice& choice) {
    const TwoSidedView view = two_sided_view(model, choice, how_.size, two_sided_margin(how_.size));
    if (!is_telling(view)) {
      ++skipped_;
      return {};
    }
    const Image picture = picture_of(view);
    const Mesh truth = seen_mesh(model, view_frame(model, choice), view.shift);
    const TimedObject ours = timed([&] { return two_sided_object(network_, picture, how_.triangles, {}, callbacks_.cancel); });
    const TimedObject inflated =
        timed([&] { return inflate(cropped_for_object(picture), {.target_triangles = how_.triangles, .slab_if_faint = false}, callbacks_.cancel); });
    if (callbacks_.cancel) PTAH_TRY_VOID(callbacks_.cancel->check());
    if (!ours.made || !inflated.made) {
      if (callbacks_.say) callbacks_.say((ours.made ? inflated : ours).made.error().message);
      ++skipped_;
      return {};
    }
    PTAH_TRY_VOID(add_object("two_sided", truth, ours));
    PTAH_TRY_VOID(add_object("inflation", truth, inflated));
    add_colours(model, choice, picture);
    ++views_;
    return {};
  }

  Result<Json> report(int64_t models) {
    if (views_ == 0) return fail(ErrorCode::invalid_argument, "no model that can be read gives a view that shows something");
    if (!tiles_.empty() && !how_.sheets.empty()) PTAH_TRY_VOID(save_sheet(how_.sheets / "backs.png", concat(tiles_, 0), 12));
    Json out{{"models", models}, {"views", views_}, {"skipped", skipped_}};
    for (const auto& [name, scores] : scores_) out[name] = summary_of(scores);
    for (const auto& [name, smaller] : {std::pair{"chamfer", true}, {"iou", false}, {"back_color", true}}) out["better"][name] = share_better(name, smaller);
    return out;
  }

 private:
  struct TimedObject {
    Result<TexturedMesh> made;
    double seconds = 0;
  };
  static TimedObject timed(const std::function<Result<TexturedMesh>()>& make) {
    const auto begun = std::chrono::steady_clock::now();
    TimedObject out{make()};
    out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    return out;
  }

  Result<void> add_object(const std::string& way, const Mesh& truth, const TimedObject& object_made) {
    const Mesh object = laid_on(welded(*object_made.made), truth);
    PTAH_TRY(const MeshErrors errors, mesh_errors(truth, object, {.samples = how_.samples, .threshold = how_.threshold, .grid = 32, .seed = how_.seed}));
    ScoreLists& scores = scores_[way];
    scores["chamfer"].push_back(100 * errors.chamfer / errors.diagonal);
    scores["f_score"].push_back(errors.f_score);
    scores["normal_consistency"].push_back(errors.normal_consistency.value_or(0));
    if (errors.iou) scores["iou"].push_back(*errors.iou);
    scores["milliseconds"].push_back(1000 * object_made.seconds);
    return {};
  }

  /// Of the back, at the size that the network says it in.
  void add_colours(const SurfaceScene& model, const ViewChoice& choice, const Image& picture) {
    const int64_t size = network_.config().size;
    const TwoSidedView truth = two_sided_view(model, choice, size, two_sided_margin(size));
    const Tensor seen = two_sided_input(cropped_for_object(picture), size);
    const TwoSidedMaps maps = two_sided_maps(network_, seen);
    Colouring sum;
    double count = 0;
    Tensor true_back = Tensor::full({1, size, size, 4}, -1), found_back = true_back.clone();
    for (size_t i = 0; i < truth.cover.size(); ++i) {
      if (truth.cover[i] <= 0.5F || !maps.inside[i]) continue;
      const float* from = seen.data<float>() + i * kTwoSidedInputs;
      for (size_t c = 0; c < 3; ++c) {
        const float picture_colour = std::clamp((from[c] + 1) / (from[3] + 1), 0.0F, 1.0F);
        sum.two_sided += static_cast<double>(std::abs(maps.back_colours[i][c] - truth.back_colours[i][c]));
        sum.inflation += static_cast<double>(std::abs(picture_colour - truth.back_colours[i][c]));
        true_back.data<float>()[i * 4 + c] = truth.back_colours[i][c] * 2 - 1;
        found_back.data<float>()[i * 4 + c] = maps.back_colours[i][c] * 2 - 1;
      }
      true_back.data<float>()[i * 4 + 3] = found_back.data<float>()[i * 4 + 3] = 1;
      count += 3;
    }
    scores_["two_sided"]["back_color"].push_back(255 * sum.two_sided / std::max(1.0, count));
    scores_["inflation"]["back_color"].push_back(255 * sum.inflation / std::max(1.0, count));
    constexpr size_t kMaxTiles = 3 * 48;
    if (!how_.sheets.empty() && tiles_.size() < kMaxTiles) tiles_.insert(tiles_.end(), {slice(seen, 3, 0, 4), true_back, found_back});
  }

  double share_better(const std::string& name, bool smaller) {
    const std::vector<double>&ours = scores_["two_sided"][name], &others = scores_["inflation"][name];
    int64_t better = 0;
    const size_t count = std::min(ours.size(), others.size());
    if (ours.size() != others.size()) return 0;
    for (size_t i = 0; i < count; ++i) better += smaller ? ours[i] < others[i] : ours[i] > others[i];
    return count > 0 ? static_cast<double>(better) / static_cast<double>(count) : 0;
  }

  const TwoSidedNetwork& network_;
  const TwoSidedEvaluation& how_;
  const TrainCallbacks& callbacks_;
  std::map<std::string, ScoreLists> scores_;
  std::vector<Tensor> tiles_;
  int64_t views_ = 0, skipped_ = 0;
};

}  // namespace

Result<Json> evaluate_two_sided(const TwoSidedNetwork& network, const std::vector<MeshModel>& models, const TwoSidedEvaluation& how,
                                const TrainCallbacks& callbacks) {
  return guard([&]() -> Result<Json> {
    PTAH_TRY(const auto lights, view_lights());
    TwoSidedComparison comparison(network, how, callbacks);
    int64_t read = 0;
    for (size_t m = 0; m < models.size(); ++m) {
      if (callbacks.cancel) PTAH_TRY_VOID(callbacks.cancel->check());
      const auto model = read_model(models[m]);
      if (!model) {
        if (callbacks.say) callbacks.say(fmt::format("{}: {}", models[m].name, model.error().message));
        continue;
      }
      ++read;
      for (int64_t view = 0; view < how.views; ++view) {
        Random random(how.seed, kEvaluatedViewStream + static_cast<uint64_t>(m) * 64 + static_cast<uint64_t>(view));
        PTAH_TRY_VOID(comparison.add(**model, random_choice(lights, random)));
      }
    }
    return comparison.report(read);
  });
}

}  // namespace ptah
