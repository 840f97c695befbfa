// The denoiser on views of kinds that were held out of its training: ptah_bench_denoise FOLDER VIEWS SIZE SAMPLES REFERENCE_SAMPLES. Writes what another
// denoiser needs, rows from the top, as f32 into FOLDER/VIEW: light, albedo, normal, found (the light that Ptah's denoiser leaves), truth; prints a line of
// JSON a view. bench/peer_denoise.py runs it.
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "base/file.h"
#include "base/json.h"
#include "image/render_denoiser.h"
#include "models/registry.h"
#include "render/trace/path_tracer.h"
#include "train/denoiser/denoiser_set.h"
#include "train/shape/held_out.h"

using namespace ptah;
namespace fs = std::filesystem;

namespace {

void write_rows(const fs::path& file, const auto& values) {
  value_or_throw(write_file(file, std::span(reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(values[0]))));
}

void run(const RenderDenoiser& denoiser, const std::shared_ptr<const ShapeKinds>& kinds, const std::string& kind, const fs::path& folder, int64_t size,
         int64_t samples, int64_t reference, uint64_t seed) {
  const TracedView one = value_or_throw(random_traced_view(kind, kinds, size, seed, nullptr));
  const auto traced = value_or_throw(TracedScene::prepare(one.scene, one.light));
  TraceSettings settings{.frame = {.width = size, .height = size, .background = {.kind = Background::Kind::colour}}, .samples = reference, .seed = 2 * seed};
  const Radiance truth = value_or_throw(traced->trace(one.camera, settings));
  settings.samples = samples;
  ++settings.seed;
  const Radiance noisy = value_or_throw(traced->trace(one.camera, settings));
  double best = 1e9;
  Radiance found;
  for (int i = 0; i < 3; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    found = denoiser(noisy);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  fs::create_directories(folder);
  write_rows(folder / "light.f32", noisy.light);
  write_rows(folder / "albedo.f32", noisy.albedo);
  write_rows(folder / "normal.f32", noisy.normal);
  write_rows(folder / "found.f32", found.light);
  write_rows(folder / "truth.f32", truth.light);
  std::printf("%s\n", Json{{"case", folder.filename().string()}, {"kind", kind}, {"size", size}, {"seconds", best}}.dump().c_str());
  std::fflush(stdout);
}

}  // namespace

int main(int count, char** words) {
  if (count < 6) {
    std::fprintf(stderr, "ptah_bench_denoise FOLDER VIEWS SIZE SAMPLES REFERENCE_SAMPLES\n");
    return 2;
  }
  const int64_t views = std::atoll(words[2]), size = std::atoll(words[3]), samples = std::atoll(words[4]), reference = std::atoll(words[5]);
  const auto denoiser = value_or_throw(RenderDenoiser::installed(value_or_throw(models_folder())));
  const auto kinds = value_or_throw(ShapeKinds::load(value_or_throw(ShapeKinds::folder())));
  std::vector<std::string> names;
  for (const auto& [name, kind] : kinds->kinds())
    if (is_held_out_kind(name)) names.push_back(name);
  for (int64_t view = 0; view < views; ++view)
    run(*denoiser, kinds, names[static_cast<size_t>(view) % names.size()], fs::path(words[1]) / std::to_string(view), size, samples, reference,
        static_cast<uint64_t>(view) + (uint64_t{1} << 41));
  return 0;
}
