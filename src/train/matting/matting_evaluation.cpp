#include "train/matting/matting_evaluation.h"

#include <chrono>
#include <cmath>

#include "pixels/image_tensor.h"
#include "pixels/object_mask.h"
#include "tensor/ops.h"
#include "train/loop/stage.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

using Bits = std::vector<uint8_t>;

/// Inside pixels with a neighbour outside.
Bits outline(const Coverage& cover) {
  const int64_t w = cover.width, h = cover.height;
  const auto inside = [&](int64_t x, int64_t y) { return cover.values[static_cast<size_t>(y * w + x)] > 0.5F; };
  Bits out(cover.values.size());
  for (int64_t y = 0; y < h; ++y)
    for (int64_t x = 0; x < w; ++x)
      out[static_cast<size_t>(y * w + x)] = inside(x, y) && ((x > 0 && !inside(x - 1, y)) || (x + 1 < w && !inside(x + 1, y)) || (y > 0 && !inside(x, y - 1)) ||
                                                             (y + 1 < h && !inside(x, y + 1)));
  return out;
}

/// The share of `of` that has a pixel of `to` within a radius; 1 if there is none of it.
double near_share(const Bits& of, const Bits& to, int64_t w, int64_t h, int64_t radius) {
  int64_t all = 0, near = 0;
  for (int64_t y = 0; y < h; ++y)
    for (int64_t x = 0; x < w; ++x) {
      if (!of[static_cast<size_t>(y * w + x)]) continue;
      ++all;
      bool found = false;
      for (int64_t v = std::max<int64_t>(0, y - radius); v <= std::min(h - 1, y + radius) && !found; ++v)
        for (int64_t u = std::max<int64_t>(0, x - radius); u <= std::min(w - 1, x + radius) && !found; ++u)
          found = to[static_cast<size_t>(v * w + u)] && (u - x) * (u - x) + (v - y) * (v - y) <= radius * radius;
      near += found;
    }
  return all > 0 ? static_cast<double>(near) / static_cast<double>(all) : 1.0;
}

struct Example {
  Image picture;
  Coverage truth;
};

Example example_of(const Composite& composite) {
  Example out{make_image(composite.width, composite.height), {composite.width, composite.height, {}}};
  for (int64_t y = 0; y < composite.height; ++y)
    for (int64_t x = 0; x < composite.width; ++x) {
      const auto i = static_cast<size_t>((composite.top + y) * composite.size + composite.left + x);
      for (size_t c = 0; c < 3; ++c) out.picture.at(x, y)[c] = static_cast<uint8_t>(std::lround((composite.colours[i * 3 + c] + 1) * 127.5F));
      out.picture.at(x, y)[3] = 255;
      out.truth.values.push_back(composite.cover[i]);
    }
  return out;
}

Coverage alpha_of(const Image& picture) {
  Coverage out{picture.width, picture.height, {}};
  for (size_t i = 3; i < picture.rgba.size(); i += 4) out.values.push_back(static_cast<float>(picture.rgba[i]) / 255);
  return out;
}

Image with_alpha(Image picture, const Coverage& cover) {
  for (size_t i = 0; i < cover.values.size(); ++i) picture.rgba[i * 4 + 3] = static_cast<uint8_t>(std::lround(255 * cover.values[i]));
  return picture;
}

/// Sums of one method's scores.
struct Sum {
  double iou = 0, boundary = 0, seconds = 0;
  void add(const CutScore& score) { iou += score.iou, boundary += score.boundary_f; }
  Json mean(int64_t count) const {
    const auto n = static_cast<double>(std::max<int64_t>(1, count));
    return {{"iou", iou / n}, {"boundary_f", boundary / n}, {"milliseconds", 1000 * seconds / n}};
  }
};

double seconds_of(const std::function<void()>& work) {
  const auto begun = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

/// One kind of composites.
Result<Json> evaluate_kind(const BackgroundRemover& remover, const MattingPool& pool, const MattingEvaluation& evaluation, Behind behind, const char* name,
                           const TrainCallbacks& callbacks) {
  constexpr double kMinCovered = 0.01;
  constexpr int64_t kShown = 24;
  Sum network, colour, best;
  int64_t counted = 0, chose_network = 0;
  std::vector<Tensor> sheet;
  for (int64_t i = 0; i < evaluation.count; ++i) {
    if (callbacks.cancel) PTAH_TRY_VOID(callbacks.cancel->check());
    Random random(evaluation.seed, (uint64_t{23 + static_cast<uint64_t>(behind)} << 48) + static_cast<uint64_t>(i));
    const Example example = example_of(random_composite(pool, evaluation.size, random, behind));
    double covered = 0;
    for (const float v : example.truth.values) covered += v > 0.5F;
    if (covered < kMinCovered * static_cast<double>(example.truth.values.size())) continue;
    ++counted;
    Coverage by_network;
    Image by_colour;
    network.seconds += seconds_of([&] { by_network = remover.cover(example.picture); });
    colour.seconds += seconds_of([&] { by_colour = cut_out(example.picture); });
    const CutScore of_network = cut_score(by_network, example.truth), of_colour = cut_score(alpha_of(by_colour), example.truth);
    network.add(of_network);
    colour.add(of_colour);
    const bool takes_colour = prefers_colour(example.picture, by_colour, by_network);
    best.add(takes_colour ? of_colour : of_network);
    chose_network += !takes_colour;
    if (static_cast<int64_t>(sheet.size()) < 4 * kShown && !evaluation.sheets.empty())
      for (const Image& one : {example.picture, with_alpha(example.picture, example.truth), with_alpha(example.picture, by_network), by_colour})
        sheet.push_back(to_sample(one, 192));
  }
  if (!sheet.empty()) PTAH_TRY_VOID(save_sheet(evaluation.sheets / fmt::format("{}.png", name), concat(sheet, 0), 16));
  best.seconds = network.seconds + colour.seconds;
  const Json out = {{"pictures", counted},
                    {"network", network.mean(counted)},
                    {"colour", colour.mean(counted)},
                    {"best", best.mean(counted)},
                    {"network_chosen", static_cast<double>(chose_network) / static_cast<double>(std::max<int64_t>(1, counted))}};
  if (callbacks.say)
    for (const char* method : {"network", "colour", "best"})
      callbacks.say(fmt::format("{} background, {}: IoU {:.3f}, boundary F {:.3f}, {:.0f} ms a picture", name, method, out[method]["iou"].get<double>(),
                                out[method]["boundary_f"].get<double>(), out[method]["milliseconds"].get<double>()));
  return out;
}

}  // namespace

CutScore cut_score(const Coverage& found, const Coverage& truth) {
  PTAH_CHECK(found.width == truth.width && found.height == truth.height, "cut score: {} × {} and {} × {}", found.width, found.height, truth.width,
             truth.height);
  double shared = 0, all = 0;
  for (size_t i = 0; i < truth.values.size(); ++i) {
    const bool a = found.values[i] > 0.5F, b = truth.values[i] > 0.5F;
    shared += a && b;
    all += a || b;
  }
  const int64_t w = truth.width, h = truth.height;
  const auto radius = static_cast<int64_t>(std::ceil(0.0075 * std::hypot(static_cast<double>(w), static_cast<double>(h))));
  const Bits a = outline(found), b = outline(truth);
  const double precision = near_share(a, b, w, h, radius), recall = near_share(b, a, w, h, radius);
  return {all > 0 ? shared / all : 1.0, precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0.0};
}

Result<Json> evaluate_matting(const BackgroundRemover& remover, const MattingPool& pool, const MattingEvaluation& evaluation, const TrainCallbacks& callbacks) {
  return guard([&]() -> Result<Json> {
    PTAH_TRY(const Json anything, evaluate_kind(remover, pool, evaluation, Behind::anything, "any", callbacks));
    PTAH_TRY(const Json plain, evaluate_kind(remover, pool, evaluation, Behind::plain, "plain", callbacks));
    return Json{{"any_background", anything}, {"plain_background", plain}, {"model", "sha256:" + remover.sha256()}};
  });
}

}  // namespace ptah
