// Samplers that step along a schedule of noise levels σ (Karras et al. 2022, in the form of k-diffusion).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tensor/tensor.h"

namespace ptah {

enum class NoiseSampler {
  euler,
  euler_ancestral,
  heun,
  dpm2,
  dpm2_ancestral,
  dpmpp_2m,
  dpmpp_2s_ancestral,
  dpmpp_2m_sde,
  dpmpp_3m_sde,
  uni_pc,
  ddim,
  ddpm,
  lcm,
  restart
};
Result<NoiseSampler> noise_sampler_by_name(std::string_view name);
/// All names, with blanks between.
std::string noise_sampler_names();

struct NoiseSampling {
  /// The picture that the model sees in x at a level.
  std::function<Tensor(const Tensor& x, double sigma)> denoise;
  /// Fresh normal noise of x's shape: the how-manyeth draw. Ancestral and SDE samplers and lcm ask for it.
  std::function<Tensor(int64_t draw)> noise;
  /// Called before each step; may throw Failure to stop.
  std::function<void(int64_t step)> before_step;
};
/// From x at sigmas[0] to the picture at sigmas.back(). Everything is computed in f32.
///   euler, heun, dpm2: Karras et al. 2022 without churn; *_ancestral: with fresh noise after each step; dpmpp_*: DPM-Solver++ (Lu et al. 2022), *_sde for the
///   stochastic equation (η = 1);
///   uni_pc: Zhao et al. 2023, of second order with B₂ and a corrector; ddim: Song et al. 2021 with η = 0, the same path as euler; ddpm: Ho et al. 2020, the
///   same path as euler_ancestral; lcm: Luo et al. 2023; restart: Xu et al. 2023, steps of heun, of which some go once or twice more (from 36 steps on) from
///   noise up to σ 2 down to σ 0.1 again; below 20 steps it is heun. Where and how often as the WebUI does it; at every count of steps about as many are taken.
Tensor sample_noise(NoiseSampler sampler, Tensor x, const std::vector<double>& sigmas, const NoiseSampling& how);

}  // namespace ptah
