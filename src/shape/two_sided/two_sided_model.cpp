#include "shape/two_sided/two_sided_model.h"

#include <algorithm>
#include <cmath>

#include "geometry/bilinear.h"
#include "geometry/decimate.h"
#include "models/model_file.h"
#include "shape/fit.h"
#include "shape/inflate.h"
#include "shape/two_sided/height_fields.h"
#include "shape/uv_unwrap.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr float kThinnestPart = 0.012F;  ///< of the depths' unit: nothing is thinner

/// Values of pixels that show the object, carried on beyond its outline, so that a bilinear value at the outline mixes in nothing of what is outside.
template <class T>
void carry_outwards(std::vector<T>& values, std::vector<char> known, int64_t size) {
  constexpr int kRings = 6;
  for (int ring = 0; ring < kRings; ++ring) {
    const std::vector<char> before = known;
    for (int64_t y = 0; y < size; ++y)
      for (int64_t x = 0; x < size; ++x) {
        const auto here = static_cast<size_t>(y * size + x);
        if (before[here]) continue;
        T sum{};
        float count = 0;
        for (const auto& [dx, dy] : {std::pair<int64_t, int64_t>{-1, 0}, {1, 0}, {0, -1}, {0, 1}, {-1, -1}, {1, -1}, {-1, 1}, {1, 1}}) {
          if (x + dx < 0 || y + dy < 0 || x + dx >= size || y + dy >= size) continue;
          const auto there = static_cast<size_t>((y + dy) * size + x + dx);
          if (!before[there]) continue;
          sum = sum + values[there];
          count += 1;
        }
        if (count == 0) continue;
        values[here] = sum * (1 / count);
        known[here] = 1;
      }
  }
}

/// Between the places of a mask's grid and those of the network's maps; both hold the object's square in their middle.
struct MaskToMaps {
  float scale, mask_centre, map_centre;
  MaskToMaps(int64_t mask_size, int64_t map_size)
      : scale(static_cast<float>(map_size - 2 * two_sided_margin(map_size)) / static_cast<float>(mask_size - 2 * kMaskMargin)),
        mask_centre(static_cast<float>(mask_size) / 2),
        map_centre(static_cast<float>(map_size) / 2) {}
  float operator()(float at) const { return (at - mask_centre) * scale + map_centre; }
};

/// The solid that the maps tell, in pixels of the mask's grid.
LabelledMesh solid_of(TwoSidedMaps maps, const Mask& mask) {
  carry_outwards(maps.front, maps.inside, maps.size);
  carry_outwards(maps.back, maps.inside, maps.size);
  const std::vector<float> squared = round_thickness(mask);
  std::vector<float> inflated(squared.size());
  for (size_t i = 0; i < inflated.size(); ++i) inflated[i] = std::sqrt(std::max(0.0F, squared[i]));
  const MaskToMaps place(mask.size, maps.size);
  const float unit = static_cast<float>(mask.size - 2 * kMaskMargin) / 2;
  const auto heights = [&](float x, float y, bool outline) {
    const float half = bilinear(inflated, mask.size, x - 0.5F, y - 0.5F), u = place(x) - 0.5F, v = place(y) - 0.5F;
    TwoHeights out{half + unit * bilinear(maps.front, maps.size, u, v), -half + unit * bilinear(maps.back, maps.size, u, v)};
    if (!outline || half <= 0) return out;
    // What is round there as the inflated solid closes at the outline, what is twice as thick ends in a wall.
    const float middle = (out.front + out.back) / 2, thick = (out.front - out.back) / 2, wall = thick * std::clamp(thick / half - 1, 0.0F, 1.0F);
    return TwoHeights{middle + wall, middle - wall};
  };
  return solid_between(mask, heights, kThinnestPart * unit);
}

bool shows_something(const Image& picture) {
  for (size_t i = 3; i < picture.rgba.size(); i += 4)
    if (picture.rgba[i] >= 128) return true;
  return false;
}

/// What fills its picture gets a transparent rim: without any transparency it would be taken for a picture with a background.
Image with_rim(Image picture) {
  for (size_t i = 3; i < picture.rgba.size(); i += 4)
    if (picture.rgba[i] < 250) return picture;
  Image out = make_image(picture.width + 2, picture.height + 2);
  for (int64_t y = 0; y < picture.height; ++y) std::copy_n(picture.at(0, y), picture.width * 4, out.at(1, y + 1));
  return out;
}

/// The back's colours at the size of the picture.
Image back_picture(TwoSidedMaps maps, const Image& picture) {
  carry_outwards(maps.back_colours, maps.inside, maps.size);
  const auto longest = static_cast<float>(std::max(picture.width, picture.height));
  const float inner = static_cast<float>(maps.size - 2 * two_sided_margin(maps.size)), scale = inner / longest, centre = static_cast<float>(maps.size) / 2;
  Image out = picture;
  const auto at = [&](int64_t x, int64_t y) {
    return maps.back_colours[static_cast<size_t>(std::clamp<int64_t>(y, 0, maps.size - 1) * maps.size + std::clamp<int64_t>(x, 0, maps.size - 1))];
  };
  for (int64_t y = 0; y < out.height; ++y)
    for (int64_t x = 0; x < out.width; ++x) {
      const float u = (static_cast<float>(x) + 0.5F - static_cast<float>(out.width) / 2) * scale + centre - 0.5F;
      const float v = (static_cast<float>(y) + 0.5F - static_cast<float>(out.height) / 2) * scale + centre - 0.5F;
      const auto left = static_cast<int64_t>(std::floor(u)), top = static_cast<int64_t>(std::floor(v));
      const float fx = u - static_cast<float>(left), fy = v - static_cast<float>(top);
      const Vec3 colour = (at(left, top) * (1 - fx) + at(left + 1, top) * fx) * (1 - fy) + (at(left, top + 1) * (1 - fx) + at(left + 1, top + 1) * fx) * fy;
      for (size_t c = 0; c < 3; ++c) out.at(x, y)[c] = static_cast<uint8_t>(std::lround(std::clamp(colour[c], 0.0F, 1.0F) * 255));
    }
  return out;
}

}  // namespace

Result<std::shared_ptr<const TwoSidedModel>> TwoSidedModel::load(const fs::path& path, const std::string& sha256_hex) {
  PTAH_TRY(ModelFile file, open_model(path, sha256_hex));
  const auto found = file.content.metadata.find("two_sided");
  if (found == file.content.metadata.end())
    return fail(ErrorCode::corrupt, "{}: no network that sees both sides of objects (no 'two_sided' in its metadata)", path.string());
  PTAH_TRY(const Json json, parse_json(found->second));
  auto config = two_sided_config(json);
  if (!config) return fail(config.error().code, "{}: {}", path.string(), config.error().message);
  return guard([&]() -> Result<std::shared_ptr<const TwoSidedModel>> {
    Weights weights(std::move(file.content.tensors));
    std::shared_ptr<TwoSidedModel> model(new TwoSidedModel);
    model->network_ = std::make_unique<TwoSidedNetwork>(Scope(weights), *config);
    model->sha256_ = file.digest;
    model->file_bytes_ = file.bytes;
    return model;
  });
}

Result<TexturedMesh> two_sided_object(const TwoSidedNetwork& network, const Image& cut, int64_t target_triangles, const ProgressCallback& progress,
                                      const CancelToken* cancel) {
  return guard([&]() -> Result<TexturedMesh> {
    if (target_triangles < 100 || target_triangles > 2000000)
      return fail(ErrorCode::invalid_argument, "an object of {} triangles; 100 to 2000000 are possible", target_triangles);
    const auto report = [&](std::string_view stage, double fraction) {
      stop_if_cancelled(cancel);
      if (progress) progress({stage, fraction, -1});
    };
    report("look", 0);
    if (!shows_something(cut)) return fail(ErrorCode::invalid_argument, "nothing of an object can be seen in the picture");
    const Image picture = with_rim(cropped_for_object(cut));
    TwoSidedMaps maps = two_sided_maps(network, two_sided_input(picture, network.config().size));
    report("shape", 0.4);
    // About three times the triangles that will stay.
    const auto fine = std::clamp<int64_t>(std::lround(176 * std::sqrt(static_cast<double>(target_triangles) / 20000)), 64, 384);
    const Mask mask = object_mask(picture, fine, false);
    LabelledMesh solid = solid_of(maps, mask);
    if (solid.mesh.triangles.empty()) return fail(ErrorCode::invalid_argument, "nothing of an object can be seen in the picture");
    smooth(solid.mesh, 1);
    PTAH_TRY(solid, simplify(solid, static_cast<size_t>(target_triangles), cancel));
    report("texture", 0.7);
    float depth = 1;
    for (const Vec3& p : solid.mesh.positions) depth = std::max(depth, std::abs(p[2]));
    UvUnwrap unwrapped = unwrap_uv(solid.mesh, mask.size, kMaskMargin, 0.8F * depth, solid.label);
    stop_if_cancelled(cancel);
    const int64_t edge = std::min<int64_t>(2048, std::max(picture.width, picture.height) * 3 / 2);
    const Image back = back_picture(std::move(maps), picture);
    PTAH_TRY(unwrapped.mesh.texture_png, bake_texture(unwrapped, picture, surely_inside(picture, mask), edge, &back));
    report("texture", 1);
    return std::move(unwrapped.mesh);
  });
}

void plan_two_sided(const TwoSidedNetwork& network) {
  const int64_t size = network.config().size;
  (void)two_sided_maps(network, Tensor::empty({1, size, size, kTwoSidedInputs}));
}

}  // namespace ptah
