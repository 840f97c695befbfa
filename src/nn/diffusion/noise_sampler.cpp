#include "nn/diffusion/noise_sampler.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "nn/diffusion/noise_schedule.h"
#include "nn/diffusion/solvers.h"

namespace ptah {

namespace {

struct Row {
  const char* name;
  NoiseSampler sampler;
  Solver solve;
  bool is_ancestral = false;
};
constexpr std::array<Row, 14> kSamplers{{{"euler", NoiseSampler::euler, solve_euler},
                                         {"euler_a", NoiseSampler::euler_ancestral, solve_euler, true},
                                         {"heun", NoiseSampler::heun, solve_heun},
                                         {"dpm2", NoiseSampler::dpm2, solve_dpm2},
                                         {"dpm2_a", NoiseSampler::dpm2_ancestral, solve_dpm2, true},
                                         {"dpmpp_2m", NoiseSampler::dpmpp_2m, solve_dpmpp_2m},
                                         {"dpmpp_2s_a", NoiseSampler::dpmpp_2s_ancestral, solve_dpmpp_2s, true},
                                         {"dpmpp_2m_sde", NoiseSampler::dpmpp_2m_sde, solve_dpmpp_2m_sde},
                                         {"dpmpp_3m_sde", NoiseSampler::dpmpp_3m_sde, solve_dpmpp_3m_sde},
                                         {"uni_pc", NoiseSampler::uni_pc, solve_uni_pc},
                                         {"ddim", NoiseSampler::ddim, solve_euler},
                                         {"ddpm", NoiseSampler::ddpm, solve_euler, true},
                                         {"lcm", NoiseSampler::lcm, solve_lcm},
                                         {"restart", NoiseSampler::restart, solve_heun}}};

/// The level after each step, the first step beginning at the first of them. Those of restart go up now and then.
std::vector<double> levels_passed(NoiseSampler sampler, const std::vector<double>& sigmas) {
  constexpr double kMaxRestart = 2, kMinRestart = 0.1;
  const auto steps = static_cast<int64_t>(sigmas.size()) - 1;
  if (sampler != NoiseSampler::restart || steps < 20) return sigmas;
  const int64_t again = steps >= 36 ? steps / 4 : 9, times = steps >= 36 ? 2 : 1, once = steps - again * times;
  std::vector<double> plain;
  for (int64_t i = 0; i < once; ++i)
    plain.push_back(karras_level(sigmas.front(), sigmas[sigmas.size() - 2], static_cast<double>(i) / static_cast<double>(once - 1)));
  plain.push_back(0);
  const auto nearest = [&](double level) {
    return static_cast<size_t>(std::min_element(plain.begin(), plain.end(), [&](double a, double b) { return std::abs(a - level) < std::abs(b - level); }) -
                               plain.begin());
  };
  const size_t low = nearest(kMinRestart), high = nearest(kMaxRestart);
  std::vector<double> out(plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(low) + 1);
  for (int64_t t = 0; t < times && high < low; ++t)
    for (int64_t i = 0; i <= again; ++i) out.push_back(karras_level(plain[high], plain[low], static_cast<double>(i) / static_cast<double>(again)));
  out.insert(out.end(), plain.begin() + static_cast<std::ptrdiff_t>(low) + 1, plain.end());
  return out;
}

/// How far down an ancestral step goes, and how much fresh noise brings it up to `to` again (η = 1).
std::pair<double, double> ancestral(double from, double to) {
  const double up = std::min(to, std::sqrt(to * to * (from * from - to * to) / (from * from)));
  return {std::sqrt(to * to - up * up), up};
}

}  // namespace

Result<NoiseSampler> noise_sampler_by_name(std::string_view name) {
  for (const Row& row : kSamplers)
    if (name == row.name) return row.sampler;
  return unknown_name("sampler", name, noise_sampler_names().c_str());
}

std::string noise_sampler_names() {
  std::string out;
  for (const Row& row : kSamplers) out.append(out.empty() ? "" : " ").append(row.name);
  return out;
}

Tensor sample_noise(NoiseSampler sampler, Tensor x, const std::vector<double>& levels, const NoiseSampling& how) {
  PTAH_CHECK(x.dtype() == DType::f32 && levels.size() >= 2, "sample_noise: {} levels", levels.size());
  const Row& row = *std::find_if(kSamplers.begin(), kSamplers.end(), [&](const Row& one) { return one.sampler == sampler; });
  const std::vector<double> sigmas = levels_passed(sampler, levels);
  SolverState state;
  int64_t steps = 0, draws = 0;
  const std::function<Tensor()> fresh = [&] { return how.noise(draws++); };
  for (size_t i = 0; i + 1 < sigmas.size(); ++i) {
    const double from = sigmas[i], to = sigmas[i + 1];
    if (to > from) {  // up again
      x = mix(1, x, std::sqrt(to * to - from * from), fresh());
      continue;
    }
    if (how.before_step) how.before_step(steps++);
    const auto [down, up] = row.is_ancestral ? ancestral(from, to) : std::pair{to, 0.0};
    const SolverStep step{from, to, down, std::log(from / to), i + 2 == sigmas.size(), how, fresh};
    const Tensor picture = how.denoise(x, from);
    x = row.solve(x, picture, step, state);
    state.before_that = state.before, state.width_before_that = state.width_before;
    state.before = picture, state.width_before = step.width;
    if (up > 0) x = mix(1, x, up, fresh());
  }
  return x;
}

}  // namespace ptah
