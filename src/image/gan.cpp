#include "image/gan.h"

#include "tensor/device.h"
#include "weights/safetensors.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr float kGanSlope = 0.2F, kHe = 1.39F;  ///< √(2 / (1 + slope²))
constexpr uint64_t kGanNoiseStream = uint64_t{31} << 48;

std::vector<LeakyBlock> leaky_blocks(const Scope& scope, int64_t width, int64_t count) {
  std::vector<LeakyBlock> out;
  for (int64_t b = 0; b < count; ++b) out.emplace_back(scope / static_cast<int>(b), width);
  return out;
}

}  // namespace

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, GanConfig>
void fields(C& c, const Visit& visit) {
  visit("size", c.size);
  visit("latent", c.latent);
  visit("widths", c.widths);
  visit("blocks", c.blocks);
}

Json to_json(const GanConfig& c) { return json_of_fields(c); }

Result<GanConfig> gan_config(const Json& json) {
  PTAH_TRY(const GanConfig c, fields_from_json<GanConfig>(json, "GAN config"));
  bool good = !c.widths.empty() && c.widths.size() <= 7 && c.size == int64_t{4} << (c.widths.size() - 1) && c.latent >= 1 && c.latent <= 4096 &&
              c.blocks >= 0 && c.blocks <= 16;
  for (const int64_t width : c.widths) good = good && width >= 1 && width <= 2048;
  if (!good) return fail(ErrorCode::corrupt, "GAN config: values out of range (size is 4 · 2^(widths − 1)) in {}", json.dump());
  return c;
}

LeakyBlock::LeakyBlock(const Scope& scope, int64_t width) : first(scope / "first", width, width, 3, 1, kHe), second(scope / "second", width, width, 3, 1, 0) {}

Tensor LeakyBlock::operator()(const Tensor& x) const { return second(leaky_relu(first(leaky_relu(x, kGanSlope)), kGanSlope), x); }

GanGenerator::GanGenerator(const Scope& scope, const GanConfig& c)
    : width_(c.widths[0]), in_(scope / "in", c.latent, 16 * c.widths[0]), out_(scope / "out", c.widths.back(), 4, 3) {
  for (size_t i = 0; i < c.widths.size(); ++i) {
    const Scope here = scope / "levels" / static_cast<int>(i);
    levels_.push_back(leaky_blocks(here, c.widths[i], c.blocks));
    if (i + 1 < c.widths.size()) widen_.emplace_back(here / "widen", c.widths[i], c.widths[i + 1]);
  }
}

Tensor GanGenerator::operator()(const Tensor& noise, DType type) const {
  Tensor x = in_(cast(noise, type)).reshape({noise.dim(0), 4, 4, width_});
  for (size_t i = 0; i < levels_.size(); ++i) {
    for (const LeakyBlock& block : levels_[i]) x = block(x);
    if (i >= widen_.size()) continue;
    x = widen_[i](x);
    x = resize(x, 2 * x.dim(1), 2 * x.dim(2), Filter::bilinear);
  }
  return cast(out_(leaky_relu(x, kGanSlope)), DType::f32);
}

GanDiscriminator::GanDiscriminator(const Scope& scope, const GanConfig& c)
    : in_(scope / "in", 4, c.widths.back(), 3), out_(scope / "out", 16 * c.widths[0], 1) {
  for (size_t i = c.widths.size(); i-- > 0;) {
    const Scope here = scope / "levels" / static_cast<int>(i);
    levels_.push_back(leaky_blocks(here, c.widths[i], c.blocks));
    if (i > 0) widen_.emplace_back(here / "widen", c.widths[i], c.widths[i - 1]);
  }
}

Tensor GanDiscriminator::operator()(const Tensor& pictures, DType type) const {
  Tensor x = in_(cast(pictures, type));
  for (size_t i = 0; i < levels_.size(); ++i) {
    for (const LeakyBlock& block : levels_[i]) x = block(x);
    if (i < widen_.size()) x = widen_[i](avg_pool2d(x));
  }
  return cast(out_(leaky_relu(x, kGanSlope).reshape({x.dim(0), -1})), DType::f32);
}

Result<LoadedGan> load_gan(const fs::path& path) {
  const fs::path file = fs::is_directory(path) ? path / "generator.safetensors" : path;
  PTAH_TRY(const TensorFile read, read_safetensors(file));
  const auto text = read.metadata.find("config");
  if (text == read.metadata.end()) return fail(ErrorCode::corrupt, "{}: no generator of ptah train gan (no config)", file.string());
  PTAH_TRY(const Json json, parse_json(text->second));
  PTAH_TRY(const GanConfig config, gan_config(json));
  return guard([&]() -> Result<LoadedGan> {
    LoadedGan out{config, Weights(read.tensors)};
    const GanGenerator all_are_there(Scope(out.weights, "generator"), config);
    return out;
  });
}

Tensor gan_noise(const GanConfig& config, int64_t first, int64_t count, uint64_t seed) {
  Tensor out = Tensor::empty({count, config.latent});
  for (int64_t i = 0; i < count; ++i) {
    const Tensor one = Tensor::normal({config.latent}, seed, kGanNoiseStream + static_cast<uint64_t>(first + i));
    std::copy_n(one.data<float>(), config.latent, out.data<float>() + i * config.latent);
  }
  return out;
}

}  // namespace ptah
