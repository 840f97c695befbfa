#include "pipelines/cut/background_remover.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "models/model_file.h"
#include "models/registry.h"
#include "pipelines/cut/colour_refinement.h"
#include "pixels/object_mask.h"
#include "schema/field_error.h"
#include "tensor/device.h"
#include "tensor/ops.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kRadius = 3;
constexpr float kEpsilon = 1e-4F;
constexpr float kContrast = 2.5F;  // where the network is in doubt it finds a half: half of a wall is worse than all or nothing of it
constexpr uint8_t kVisible = 128;

bool has_transparency(const Image& picture) {
  for (size_t i = 3; i < picture.rgba.size(); i += 4)
    if (picture.rgba[i] < 250) return true;
  return false;
}

/// Left and right exchanged: f32 [n, h, w, c].
Tensor mirrored(const Tensor& x) {
  const int64_t rows = x.dim(0) * x.dim(1), w = x.dim(2), c = x.dim(3);
  Tensor out = Tensor::empty(x.shape());
  for (int64_t y = 0; y < rows; ++y)
    for (int64_t i = 0; i < w; ++i) std::copy_n(x.data<float>() + (y * w + i) * c, c, out.data<float>() + (y * w + w - 1 - i) * c);
  return out;
}

double share_of(const Coverage& cover) {
  int64_t inside = 0;
  for (const float v : cover.values) inside += v > 0.5F;
  return static_cast<double>(inside) / static_cast<double>(std::max<size_t>(1, cover.values.size()));
}

double share_of(const Image& cut) {
  int64_t inside = 0;
  for (size_t i = 3; i < cut.rgba.size(); i += 4) inside += cut.rgba[i] >= kVisible;
  return static_cast<double>(inside) / static_cast<double>(std::max<size_t>(1, cut.rgba.size() / 4));
}

Image with_cover(const Image& picture, const Coverage& cover) {
  Image out = picture;
  for (size_t i = 0; i < cover.values.size(); ++i) {
    out.rgba[i * 4 + 3] = static_cast<uint8_t>(std::lround(255 * cover.values[i]));
    if (out.rgba[i * 4 + 3] == 0) std::fill_n(out.rgba.begin() + static_cast<std::ptrdiff_t>(i * 4), 3, uint8_t{0});
  }
  return out;
}

constexpr double kMaxShare = 0.98;

/// Whether the network finds nothing, or nothing but the object.
bool finds_no_border(const Coverage& by_network) {
  const double share = share_of(by_network);
  return share < 0.002 || share > kMaxShare;
}

/// Whether the border has one colour, so that its colours may be believed.
bool has_plain_border(const Image& picture) { return border_plainness(picture) >= 0.95; }

}  // namespace

Result<std::shared_ptr<const BackgroundRemover>> BackgroundRemover::load(const fs::path& path, const std::string& sha256_hex) {
  PTAH_TRY(ModelFile file, open_model(path, sha256_hex));
  const auto found = file.content.metadata.find("matting");
  if (found == file.content.metadata.end())
    return fail(ErrorCode::corrupt, "{}: no network that removes backgrounds (no 'matting' in its metadata)", path.string());
  PTAH_TRY(const Json json, parse_json(found->second));
  auto config = matting_config(json);
  if (!config) return fail(config.error().code, "{}: {}", path.string(), config.error().message);
  return guard([&]() -> Result<std::shared_ptr<const BackgroundRemover>> {
    Weights weights(std::move(file.content.tensors));
    std::shared_ptr<BackgroundRemover> remover(new BackgroundRemover);
    remover->network_ = std::make_unique<MattingNetwork>(Scope(weights), *config);
    remover->sha256_ = file.digest;
    return remover;
  });
}

Coverage BackgroundRemover::coarse_cover(const Image& picture) const {
  const NoGrad off;
  const int64_t size = network_->config().size;
  const Tensor seen = matting_input(picture, size), both = concat({seen, mirrored(seen)}, 0);
  const Tensor logits = (*network_)(both, compute_dtype());
  const Tensor found = sigmoid(affine(add(slice(logits, 0, 0, 1), mirrored(slice(logits, 0, 1, 2))), 0.5F));
  const Letterbox box = letterbox(picture.width, picture.height, size);
  Coverage out{box.width, box.height, std::vector<float>(static_cast<size_t>(box.width * box.height))};
  for (int64_t y = 0; y < box.height; ++y) std::copy_n(found.data<float>() + (box.top + y) * size + box.left, box.width, out.values.data() + y * box.width);
  for (float& v : out.values)
    if (!std::isfinite(v)) v = 0;  // weights may be anything
  return out;
}

Coverage BackgroundRemover::cover(const Image& picture) const {
  Coverage small = decided_by_colours(coarse_cover(picture), picture);
  for (float& v : small.values) v = std::clamp(0.5F + kContrast * (v - 0.5F), 0.0F, 1.0F);
  return refined(small, picture, kRadius, kEpsilon);
}

Result<std::shared_ptr<const BackgroundRemover>> load_background_remover(const fs::path& folder) {
  fs::path models = folder;
  if (models.empty()) {
    const auto found = models_folder();
    if (!found) return std::shared_ptr<const BackgroundRemover>();
    models = *found;
  }
  const auto model = shipped_model(models, "matting");
  if (!model) {
    if (model.error().code == ErrorCode::not_found) return std::shared_ptr<const BackgroundRemover>();
    return tl::unexpected<Error>(model.error());
  }
  return BackgroundRemover::load(model->place, model->files.front().second);
}

std::string_view name_of(CutBy by) { return by == CutBy::best ? "best" : by == CutBy::network ? "network" : "colour"; }

Result<CutBy> cut_by_name(std::string_view name) {
  for (const CutBy by : {CutBy::best, CutBy::network, CutBy::colour})
    if (name_of(by) == name) return by;
  return unknown_name("cut_by", std::string(name), "best network colour");
}

Field cut_by_field() {
  return {.name = "cut_by",
          .help = "what cuts an opaque picture out of its background: the network, the colours of its border, or whichever suits the picture",
          .choices = {"best", "network", "colour"},
          .since = "0.3.0",
          .absent = "colour"};
}

bool prefers_colour(const Image& picture, const Image& cut_by_colour, const Coverage& by_network) {
  constexpr double kMinShare = 0.02, kAgreement = 0.95;
  if (finds_no_border(by_network)) return true;
  const double colour = share_of(cut_by_colour);
  if (colour <= kMinShare || colour >= kMaxShare || !has_plain_border(picture)) return false;
  int64_t shared = 0, all = 0;
  for (size_t i = 0; i < by_network.values.size(); ++i) {
    const bool one = by_network.values[i] > 0.5F, other = cut_by_colour.rgba[i * 4 + 3] >= kVisible;
    shared += one && other;
    all += one || other;
  }
  return static_cast<double>(shared) >= kAgreement * static_cast<double>(all);
}

Result<Cutter> cutter_by(CutBy by, const fs::path& folder) {
  if (by == CutBy::colour) return Cutter{};
  PTAH_TRY(auto remover, load_background_remover(folder));
  if (!remover && by == CutBy::network)
    return fail_field("cut_by", ErrorCode::not_found, "`cut_by` network: there is no network that removes backgrounds among the models");
  return Cutter{by, std::move(remover)};
}

Result<Cutter> cutter_of(const Json& receipt, CutBy by) {
  if (by != CutBy::network) return Cutter{};
  PTAH_TRY(Cutter cutter, cutter_by(by));
  const std::string wanted = text_at(receipt.value("background", Json::object()), "model");
  if (wanted != "sha256:" + cutter.remover->sha256())
    return fail(ErrorCode::mismatch, "the picture was cut out by another network ({}) than the one that is installed (sha256:{})", wanted,
                cutter.remover->sha256());
  return cutter;
}

Result<CutOut> cut_with(const Cutter& cutter, const Image& picture) {
  if (has_transparency(picture)) return CutOut{picture, false};
  if (cutter.by == CutBy::colour || !cutter.remover) {
    if (cutter.by == CutBy::network)
      return fail_field("cut_by", ErrorCode::not_found, "`cut_by` network: there is no network that removes backgrounds among the models");
    return CutOut{cut_out(picture), false};
  }
  const Coverage cover = cutter.remover->cover(picture);
  if (cutter.by == CutBy::network) return CutOut{with_cover(picture, cover), true};
  if (finds_no_border(cover) || has_plain_border(picture)) {  // else the colours are not to be believed
    Image by_colour = cut_out(picture);
    if (prefers_colour(picture, by_colour, cover)) return CutOut{std::move(by_colour), false};
  }
  return CutOut{with_cover(picture, cover), true};
}

void note_cut(Json& core, const CutOut& cut, const Cutter& cutter) {
  if (cut.by_network) core["background"] = {{"method", std::string(name_of(CutBy::network))}, {"model", "sha256:" + cutter.remover->sha256()}};
}

}  // namespace ptah
