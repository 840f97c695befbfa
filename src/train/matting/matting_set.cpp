#include "train/matting/matting_set.h"

#include <algorithm>

#include "base/philox.h"
#include "pixels/image_tensor.h"
#include "render/raster.h"
#include "shape/scene.h"
#include "shape/words/writing.h"
#include "train/shape/held_out.h"
#include "weights/safetensors.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// How many times as often as another thing a cut-out of a photograph is drawn: there are few, and they are what the network is for.
constexpr size_t kCutoutShare = 5;
constexpr int64_t kForegroundBytes = kForegroundEdge * kForegroundEdge * 4, kBackgroundBytes = kBackgroundEdge * kBackgroundEdge * 3;

struct Halves {
  Tensor train, test;
};

/// The two tensors of a file, u8 [count, edge, edge, channels].
Result<Halves> read_halves(const fs::path& path, int64_t edge, int64_t channels) {
  PTAH_TRY(TensorFile file, read_safetensors(path));
  for (const char* name : {"train", "test"}) {
    const Tensor& pictures = file.tensors[name];
    if (!pictures.defined() || pictures.dtype() != DType::u8 || pictures.rank() != 4 || pictures.dim(0) < 1 || pictures.dim(1) != edge ||
        pictures.dim(2) != edge || pictures.dim(3) != channels)
      return fail(ErrorCode::corrupt, "{}: expected a tensor '{}' of bytes [count, {}, {}, {}]", path.string(), name, edge, edge, channels);
  }
  return Halves{file.tensors["train"], file.tensors["test"]};
}

Result<Image> random_preview(const std::string& kind, const std::shared_ptr<const ShapeKinds>& kinds, uint64_t seed, const CancelToken* cancel) {
  const Writing writing{{{.kind = kind, .count = 1, .given = {}, .relation = {}}}};
  const ShapeOptions options{.set = {}, .detail = 1, .library = ShapeKinds::library(kinds)};
  PTAH_TRY(const Assembly assembly, run_shape(program_of(writing, *kinds, kind, seed), options, cancel));
  PTAH_TRY(const std::vector<Solid> solids, solids_of(assembly, cancel));
  Random random(seed, uint64_t{7} << 48);
  return render(render_scene(solids),
                {.width = kForegroundEdge + 32,
                 .height = kForegroundEdge + 32,
                 .turn = 360 * random.uniform(),
                 .tilt = -5 + 45 * random.uniform(),
                 .field = 20 + 40 * random.uniform(),
                 .ground = false,
                 .transparent = true},
                cancel);
}

Tensor stacked_pictures(const std::vector<std::vector<uint8_t>>& pictures) {
  Tensor out = Tensor::empty({static_cast<int64_t>(pictures.size()), kForegroundEdge, kForegroundEdge, 4}, DType::u8);
  for (size_t i = 0; i < pictures.size(); ++i)
    std::copy(pictures[i].begin(), pictures[i].end(), out.data<uint8_t>() + static_cast<int64_t>(i) * kForegroundBytes);
  return out;
}

}  // namespace

int64_t MattingPool::foreground_count() const {
  int64_t count = 0;
  for (const Tensor& part : foregrounds) count += part.dim(0);
  return count;
}

const uint8_t* MattingPool::foreground(int64_t i) const {
  for (const Tensor& part : foregrounds) {
    if (i < part.dim(0)) return part.data<uint8_t>() + i * kForegroundBytes;
    i -= part.dim(0);
  }
  throw Failure({ErrorCode::internal, "no such foreground"});
}

const uint8_t* MattingPool::background(int64_t i) const { return backgrounds.data<uint8_t>() + i * kBackgroundBytes; }

Result<MattingSet> read_matting_set(const fs::path& folder, const fs::path& shapes) {
  PTAH_TRY(const Halves before, read_halves(folder / "foregrounds.safetensors", kForegroundEdge, 4));
  PTAH_TRY(const Halves behind, read_halves(folder / "backgrounds.safetensors", kBackgroundEdge, 3));
  MattingSet set{{{before.train}, behind.train}, {{before.test}, behind.test}};
  if (const fs::path file = folder / "cutouts.safetensors"; fs::exists(file)) {
    PTAH_TRY(const Halves cut, read_halves(file, kForegroundEdge, 4));
    set.train.foregrounds.insert(set.train.foregrounds.end(), kCutoutShare, cut.train);
    set.test.foregrounds.insert(set.test.foregrounds.end(), kCutoutShare, cut.test);
  }
  if (shapes.empty()) return set;
  PTAH_TRY(const Halves rendered, read_halves(shapes, kForegroundEdge, 4));
  set.train.foregrounds.push_back(rendered.train);
  set.test.foregrounds.push_back(rendered.test);
  return set;
}

std::vector<uint8_t> fitted_foreground(const Image& picture) {
  int64_t x0 = picture.width, x1 = -1, y0 = picture.height, y1 = -1;
  for (int64_t y = 0; y < picture.height; ++y)
    for (int64_t x = 0; x < picture.width; ++x)
      if (picture.at(x, y)[3] > 8) x0 = std::min(x0, x), x1 = std::max(x1, x), y0 = std::min(y0, y), y1 = std::max(y1, y);
  if (x1 - x0 < 16 && y1 - y0 < 16) return {};
  Image part = make_image(x1 - x0 + 1, y1 - y0 + 1);
  for (int64_t y = 0; y < part.height; ++y) std::copy_n(picture.at(x0, y0 + y), part.width * 4, part.at(0, y));
  const Image fitted = to_image(to_sample(part, kForegroundEdge));
  return {fitted.rgba.begin(), fitted.rgba.end()};
}

Result<void> render_shapes(const fs::path& out, const std::shared_ptr<const ShapeKinds>& kinds, int64_t views, uint64_t seed, const TrainCallbacks& callbacks) {
  std::vector<std::vector<uint8_t>> train, test;
  if (callbacks.say) callbacks.say(fmt::format("rendering {} views of {} kinds of shapes", views, kinds->kinds().size()));
  for (const auto& [name, kind] : kinds->kinds())
    for (int64_t view = 0; view < views; ++view) {
      if (callbacks.cancel) PTAH_TRY_VOID(callbacks.cancel->check());
      const auto made = random_preview(name, kinds, seed + static_cast<uint64_t>(view) + 1, callbacks.cancel);
      if (!made) return fail(made.error().code, "{}: {}", name, made.error().message);
      if (auto fitted = fitted_foreground(*made); !fitted.empty()) (is_held_out_kind(name) ? test : train).push_back(std::move(fitted));
    }
  if (train.empty() || test.empty()) return fail(ErrorCode::invalid_argument, "too few kinds of shapes: none is held out, or all are");
  TensorFile file;
  file.tensors = {{"train", stacked_pictures(train)}, {"test", stacked_pictures(test)}};
  return write_safetensors(out, file);
}

}  // namespace ptah
