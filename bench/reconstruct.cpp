// Objects from one picture, stage by stage: ptah_bench_reconstruct FOLDER [RESOLUTION]. FOLDER is one that tools/reference/triposr.py --full made. One line of
// JSON: seconds of each stage, and how many points of the field were asked for.
#include <cstdio>

#include <chrono>

#include "base/json.h"
#include "base/parallel.h"
#include "geometry/decimate.h"
#include "shape/reconstruction/field_surface.h"
#include "shape/reconstruction/field_texture.h"
#include "shape/reconstruction/prepared_picture.h"
#include "shape/reconstruction/reconstruction_model.h"
#include "tensor/device.h"
#include "weights/safetensors.h"

namespace {

using namespace ptah;

class Clock {
 public:
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    return seconds;
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

Json measured(const ReconstructionModel& model, const Image& cut, int64_t resolution) {
  Clock clock;
  Json out;
  const Tensor picture = value_or_throw(prepared_picture(cut, model.config().picture_size));
  out["picture"] = clock.lap();
  const Tensor tokens = model.picture_tokens(picture, compute_dtype());
  out["tokens"] = clock.lap();
  const Tensor planes = model.planes(tokens);
  out["planes"] = clock.lap();
  const TriplaneField field = model.field(planes);
  const float threshold = field.config().before_activation(kSurfaceDensity);
  const auto level = [&](std::span<const Vec3> points) {
    const Tensor numbers = field.at(points);
    std::vector<float> levels(points.size());
    for (size_t i = 0; i < levels.size(); ++i) levels[i] = numbers.data<float>()[i * 4] - threshold;
    return levels;
  };
  const SurfaceGrid grid = value_or_throw(surface_grid(level, field.radius(), resolution));
  out["field"] = clock.lap();
  out["points"] = grid.evaluated;
  Mesh mesh = isosurface(grid.grid);
  out["surface"] = clock.lap();
  out["triangles"] = mesh.triangles.size();
  mesh = decimate(mesh, 20000);
  out["decimate"] = clock.lap();
  out["kept"] = mesh.triangles.size();
  (void)value_or_throw(field_textured(field, mesh, kFieldTexels, [&](const Progress& p) {
    if (p.stage == "texture" && !out.contains("unwrap")) out["unwrap"] = clock.lap();
  }));
  out["texture"] = clock.lap();
  double all = 0;
  for (const char* stage : {"picture", "tokens", "planes", "field", "surface", "decimate", "unwrap", "texture"}) all += out[stage].get<double>();
  out["all"] = all;
  return out;
}

int run(const std::filesystem::path& folder, int64_t resolution) {
  const auto model = value_or_throw(ReconstructionModel::load(value_or_throw(reconstruction_files(folder))));
  const Tensor rgba = value_or_throw(read_safetensors(folder / "results.safetensors")).tensors.at("rgba");
  Image cut = make_image(rgba.dim(1), rgba.dim(0));
  std::copy_n(rgba.data<uint8_t>(), cut.rgba.size(), cut.rgba.data());
  Json first = measured(*model, cut, resolution);  // which packs the weights, too
  Json out = measured(*model, cut, resolution);
  out["first"] = first["all"];
  out["path"] = numeric_path();
  out["threads"] = threads();
  std::printf("%s\n", out.dump().c_str());
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) return std::fprintf(stderr, "ptah_bench_reconstruct FOLDER [RESOLUTION]\n"), 2;
  try {
    return run(arguments[1], count > 2 ? std::stol(arguments[2]) : 256);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}
