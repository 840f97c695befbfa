#include "train/denoiser/denoiser_set.h"

#include <algorithm>

#include "base/philox.h"
#include "shape/scene.h"
#include "shape/words/writing.h"
#include "tensor/ops.h"
#include "train/shape/held_out.h"
#include "weights/safetensors.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kViewStream = uint64_t{31} << 48;

/// Other surfaces than those of the programs: mirrors, metals, colours.
void vary_materials(RenderScene& scene, Random& random) {
  for (RenderMaterial& material : scene.materials) {
    if (random.uniform() < 0.6F) continue;
    const float rough = random.uniform();
    material.roughness = rough * rough;
    material.metallic = random.uniform() < 0.3F ? 1 : 0;
    for (float& c : material.albedo) c = 0.05F + 0.85F * random.uniform();
  }
}

/// A camera that sees all of the object, or a part of it from nearer.
Camera random_camera(const RenderScene& scene, int64_t size, Random& random) {
  const int64_t whole = size << random.below(3);
  const Direction from{360 * random.uniform(), -10 + 65 * random.uniform(), 20 + 30 * random.uniform()};
  Camera camera = Camera::looking_at(scene, from, whole, whole);
  const auto spare = static_cast<float>(whole - size);
  camera.centre_x -= spare * (0.15F + 0.7F * random.uniform());
  camera.centre_y -= spare * (0.15F + 0.7F * random.uniform());
  return camera;
}

struct NoisyExample {
  bool test = false;
  Tensor seen, signal, wanted, covered;
};

Result<NoisyExample> noisy_example(const TracedView& view, int64_t size, int64_t samples, uint64_t seed, const CancelToken* cancel) {
  PTAH_TRY(const auto traced, TracedScene::prepare(view.scene, view.light, cancel));
  TraceSettings settings{.frame = {.width = size, .height = size}, .samples = int64_t{4} << Random(seed, kViewStream + 1).below(4), .seed = 2 * seed};
  PTAH_TRY(const Radiance noisy, traced->trace(view.camera, settings, {}, cancel));
  settings.samples = samples;
  ++settings.seed;
  PTAH_TRY(const Radiance clean, traced->trace(view.camera, settings, {}, cancel));
  const DenoiserView input = denoiser_view(noisy), truth = denoiser_view(clean);
  NoisyExample out{.seen = input.seen, .signal = input.signal, .wanted = {}, .covered = {}};
  const Tensor covered = slice(truth.signal, 3, 3, 4);
  const Tensor floor = Tensor::full(covered.shape(), 1e-3F);
  out.wanted = concat({div(slice(truth.signal, 3, 0, 3), maximum(covered, floor)), slice(truth.seen, 3, kDenoiserInputs - 1, kDenoiserInputs)}, 3);
  out.covered = covered;
  return out;
}

DenoiserPool pooled(const std::vector<NoisyExample>& examples, bool test) {
  std::vector<Tensor> seen, signal, wanted, covered;
  for (const NoisyExample& one : examples) {
    if (one.test != test) continue;
    seen.push_back(one.seen), signal.push_back(one.signal), wanted.push_back(one.wanted), covered.push_back(one.covered);
  }
  if (seen.empty()) return {};
  return {concat(seen, 0), concat(signal, 0), concat(wanted, 0), concat(covered, 0)};
}

constexpr const char* kParts[] = {"seen", "signal", "wanted", "covered"};

std::array<Tensor*, 4> parts_of(DenoiserPool& pool) { return {&pool.seen, &pool.signal, &pool.wanted, &pool.covered}; }

Result<DenoiserSet> read_denoiser_set(const fs::path& file) {
  PTAH_TRY(TensorFile content, read_safetensors(file));
  DenoiserSet out;
  for (const bool test : {false, true}) {
    const auto parts = parts_of(test ? out.test : out.train);
    for (size_t i = 0; i < parts.size(); ++i) {
      *parts[i] = content.tensors[std::string(test ? "test." : "train.") + kParts[i]];
      if (!parts[i]->defined() || parts[i]->rank() != 4 || parts[i]->dtype() != DType::f16)
        return fail(ErrorCode::corrupt, "{}: no views of a denoiser's training", file.string());
    }
  }
  return out;
}

Result<void> write_denoiser_set(const fs::path& file, DenoiserSet set) {
  TensorFile content;
  for (const bool test : {false, true}) {
    const auto parts = parts_of(test ? set.test : set.train);
    for (size_t i = 0; i < parts.size(); ++i) content.tensors[std::string(test ? "test." : "train.") + kParts[i]] = *parts[i];
  }
  return write_safetensors(file, content);
}

}  // namespace

Result<TracedView> random_traced_view(const std::string& kind, const std::shared_ptr<const ShapeKinds>& kinds, int64_t size, uint64_t seed,
                                      const CancelToken* cancel) {
  const Writing writing{{{.kind = kind, .count = 1, .given = {}, .relation = {}}}};
  const ShapeOptions options{.set = {}, .detail = 1, .library = ShapeKinds::library(kinds)};
  PTAH_TRY(const Assembly assembly, run_shape(program_of(writing, *kinds, kind, seed), options, cancel));
  PTAH_TRY(const std::vector<Solid> solids, solids_of(assembly, cancel));
  TracedView out{.scene = render_scene(solids), .camera = {}, .light = {}};
  Random random(seed, kViewStream);
  vary_materials(out.scene, random);
  out.camera = random_camera(out.scene, size, random);
  const std::vector<std::string> names = environment_names();
  PTAH_TRY(HdrImage map, shipped_environment(names[random.below(static_cast<uint32_t>(names.size()))]));
  PTAH_TRY(out.light, Environment::of(with_mean(std::move(map), 0.85F), 360 * random.uniform()));
  return out;
}

Result<DenoiserSet> denoiser_set(const fs::path& file, const std::shared_ptr<const ShapeKinds>& kinds, int64_t views, int64_t size, int64_t samples,
                                 uint64_t seed, const TrainCallbacks& callbacks) {
  if (fs::exists(file)) return read_denoiser_set(file);
  std::vector<std::string> names;
  for (const auto& [name, kind] : kinds->kinds()) names.push_back(name);
  if (names.empty()) return fail(ErrorCode::invalid_argument, "no kinds of shapes to render");
  std::vector<NoisyExample> examples;
  for (int64_t i = 0; i < views; ++i) {
    if (callbacks.cancel) PTAH_TRY_VOID(callbacks.cancel->check());
    if (callbacks.say && i % 50 == 0) callbacks.say(fmt::format("rendering view {} of {}", i + 1, views));
    const std::string& name = names[static_cast<size_t>(i) % names.size()];
    const uint64_t own_seed = seed * 1000003 + static_cast<uint64_t>(i);
    auto view = random_traced_view(name, kinds, size, own_seed, callbacks.cancel);
    if (!view) return fail(view.error().code, "{}: {}", name, view.error().message);
    PTAH_TRY(NoisyExample one, noisy_example(*view, size, samples, own_seed, callbacks.cancel));
    one.test = is_held_out_kind(name);
    for (Tensor* part : {&one.seen, &one.signal, &one.wanted, &one.covered}) *part = cast(*part, DType::f16);
    examples.push_back(std::move(one));
  }
  const DenoiserSet set{pooled(examples, false), pooled(examples, true)};
  if (set.train.size() == 0 || set.test.size() == 0)
    return fail(ErrorCode::invalid_argument, "too few views: {} to learn from and {} to test with", set.train.size(), set.test.size());
  PTAH_TRY_VOID(write_denoiser_set(file, set));
  return set;
}

}  // namespace ptah
