// The solvers behind the samplers of noise_sampler.h: each takes x one step from one noise level to the next.
#pragma once

#include <functional>

#include "nn/diffusion/noise_sampler.h"

namespace ptah {

/// From σ `from` to σ `to`. Ancestral solvers only go to `down`; whoever calls them adds the noise that brings x up to `to` again.
struct SolverStep {
  double from, to, down;
  double width;  ///< log(from / to)
  bool last;
  const NoiseSampling& model;
  const std::function<Tensor()>& fresh_noise;
};

/// What solvers of several steps remember.
struct SolverState {
  Tensor before, before_that;  ///< the pictures seen in the last two steps, undefined while there were none
  double width_before = 0, width_before_that = 0;
  Tensor begun;            ///< uni_pc: where the last step began,
  double from_before = 0;  ///< at which level,
  int order_before = 0;    ///< and its order
};

/// x after the step, f32 of x's shape. `picture` is what the model sees in x at σ `from`.
using Solver = Tensor (*)(const Tensor& x, const Tensor& picture, const SolverStep& step, SolverState& state);

/// Along the slope at x: Euler's method, which is also ddim; as an ancestral solver it is also ddpm.
Tensor solve_euler(const Tensor& x, const Tensor& picture, const SolverStep& step, SolverState& state);
/// The mean of the slopes at both ends (Karras et al. 2022, algorithm 1).
Tensor solve_heun(const Tensor& x, const Tensor& picture, const SolverStep& step, SolverState& state);
/// The slope at the level between, in log σ.
Tensor solve_dpm2(const Tensor& x, const Tensor& picture, const SolverStep& step, SolverState& state);
/// DPM-Solver++ (Lu et al. 2022), of two evaluations a step, or of as many as two steps.
Tensor solve_dpmpp_2s(const Tensor& x, const Tensor& picture, const SolverStep& step, SolverState& state);
Tensor solve_dpmpp_2m(const Tensor& x, const Tensor& picture, const SolverStep& step, SolverState& state);
/// The same for the stochastic equation (η = 1), of second and third order.
Tensor solve_dpmpp_2m_sde(const Tensor& x, const Tensor& picture, const SolverStep& step, SolverState& state);
Tensor solve_dpmpp_3m_sde(const Tensor& x, const Tensor& picture, const SolverStep& step, SolverState& state);
/// UniPC (Zhao et al. 2023), of second order with B₂ and a corrector.
Tensor solve_uni_pc(const Tensor& x, const Tensor& picture, const SolverStep& step, SolverState& state);
/// To the picture, and up again by fresh noise (Luo et al. 2023).
Tensor solve_lcm(const Tensor& x, const Tensor& picture, const SolverStep& step, SolverState& state);

/// a·x + b·y
Tensor mix(double a, const Tensor& x, double b, const Tensor& y);

}  // namespace ptah
