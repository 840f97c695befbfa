// Ptah's half of the painting benchmark: `ptah_bench_paint FOLDER SIZE [BATCH]` times one evaluation of the U-Net of a folder in diffusers' layout, plain
// and with the weights in 8 bits, and one decoding, at SIZE pixels, and prints a JSON line for each: the median of three
// runs in seconds, and what reading and packing the weights took (the first run less that median).
// `ptah_bench_paint original FOLDER FILE` writes such a folder (of Stable Diffusion 1) as one file in the original naming, for peers that read nothing else.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/json.h"
#include "image/diffusers_names.h"
#include "image/kl_autoencoder.h"
#include "image/unet.h"
#include "tensor/ops.h"
#include "weights/safetensors.h"
#include "tensor/device.h"

using namespace ptah;

namespace {

using Clock = std::chrono::steady_clock;
double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// `begun`: when its weights began to be read; the first time packs them.
void report(const std::string& name, Clock::time_point begun, const std::function<void()>& body) {
  body();
  const double first = since(begun);
  std::vector<double> seconds;
  for (int i = 0; i < 3; ++i) {
    const auto start = Clock::now();
    body();
    seconds.push_back(since(start));
  }
  std::sort(seconds.begin(), seconds.end());
  std::puts(Json{{"case", name}, {"seconds", seconds[1]}, {"load", first - seconds[1]}}.dump().c_str());
  std::fflush(stdout);
}

Result<void> write_original(const std::filesystem::path& folder, const std::filesystem::path& file) {
  TensorFile out;
  const auto add = [&](const std::string& prefix, const NamedTensors& part) {
    for (const auto& [name, tensor] : part) out.tensors.emplace(prefix + name, tensor);
  };
  PTAH_TRY(const TensorFile unet, read_safetensors(folder / "unet" / "diffusion_pytorch_model.safetensors"));
  add("model.diffusion_model.", original_unet_names(unet.tensors));
  PTAH_TRY(const TensorFile vae, read_safetensors(folder / "vae" / "diffusion_pytorch_model.safetensors"));
  add("first_stage_model.", original_autoencoder_names(vae.tensors));
  PTAH_TRY(const TensorFile text, read_safetensors(folder / "text_encoder" / "model.safetensors"));
  add(any_begins(text.tensors, "text_model.") ? "cond_stage_model.transformer." : "cond_stage_model.transformer.text_model.", text.tensors);
  return write_safetensors(file, out);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) {
    std::fprintf(stderr, "usage: ptah_bench_paint FOLDER SIZE [BATCH]\n");
    return 2;
  }
  const auto done = guard([&]() -> Result<void> {
    if (argc == 4 && std::string_view(argv[1]) == "original") return write_original(argv[2], argv[3]);
    const std::filesystem::path folder = argv[1];
    const int64_t edge = std::atoll(argv[2]) / 8, batch = argc > 3 ? std::atoll(argv[3]) : 1;
    constexpr WeightPacking kPackings[] = {WeightPacking::plain, WeightPacking::int8, WeightPacking::int8_products};
    const auto named = [](const char* what, WeightPacking packing) {
      return packing == WeightPacking::plain ? what : fmt::format("{} {}", what, name_of(packing));
    };
    const NoGrad off;
    const DType type = compute_dtype();
    const Tensor latents = Tensor::normal({batch, edge, edge, 4}, 1, 1, type);
    for (const WeightPacking packing : kPackings) {
      const auto begun = Clock::now();
      PTAH_TRY(const TensorFile file, read_safetensors(folder / "unet" / "diffusion_pytorch_model.safetensors"));
      Weights weights(original_unet_names(file.tensors));
      const bool xl = weights.all().contains("label_emb.0.0.weight");
      UnetConfig config;
      if (!xl) config.heads = 8;
      config.packing = packing;
      const Unet unet(weights, "", config);
      const Tensor context = Tensor::normal({batch, 77, unet.context_width()}, 1, 2, type), steps = Tensor::full({batch}, 500);
      const Tensor label = xl ? Tensor::normal({batch, unet.label_width()}, 1, 3) : Tensor();
      report(named("U-Net", packing), begun, [&] { (void)unet(latents, steps, context, label); });
    }
    const auto begun = Clock::now();
    PTAH_TRY(const TensorFile file, read_safetensors(folder / "vae" / "diffusion_pytorch_model.safetensors"));
    Weights weights(original_autoencoder_names(file.tensors));
    const KlAutoencoder autoencoder(weights, "", {});
    report("decode", begun, [&] { (void)autoencoder.decode(latents); });
    return {};
  });
  if (!done) std::fprintf(stderr, "%s\n", done.error().message.c_str());
  return done ? 0 : 1;
}
