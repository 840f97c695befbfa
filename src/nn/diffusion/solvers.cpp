#include "nn/diffusion/solvers.h"

#include <cmath>

#include "tensor/ops.h"

namespace ptah {

namespace {

/// From `at` along the slope dx/dσ that there is at x, where the model sees `picture` in it at σ.
Tensor step_along(const Tensor& at, const Tensor& x, const Tensor& picture, double sigma, double width) { return mix(1, at, width / sigma, sub(x, picture)); }

/// What both solvers of the stochastic equation begin and end with; `bend` adds what earlier pictures say between.
template <class Bend>
Tensor solve_stochastic(const Tensor& x, const Tensor& picture, const SolverStep& step, const Bend& bend) {
  if (step.to == 0) return picture;
  const double h = step.width, twice = 2 * h;  // h(1 + η)
  Tensor out = mix(step.to / step.from * std::exp(-h), x, -std::expm1(-twice), picture);
  out = bend(out, twice);
  return mix(1, out, step.to * std::sqrt(-std::expm1(-twice)), step.fresh_noise());
}

/// The last step of uni_pc again, now that the picture at its end is known. With B(h) = e^−h − 1: of second order by the trapezoid rule, of third by also
/// matching the next term of the expansion.
Tensor corrected(const Tensor& picture, const SolverStep& step, const SolverState& state) {
  const double width = state.width_before, phi1 = std::expm1(-width), phi2 = phi1 / -width - 1;
  const Tensor bend = sub(picture, state.before);
  Tensor again = mix(step.from / state.from_before, state.begun, -phi1, state.before);
  if (state.order_before != 2) return mix(1, again, -phi1 / 2, bend);
  const double r = -state.width_before_that / width, b1 = phi2 / phi1, b2 = 2 * (phi2 / -width - 0.5) / phi1;
  const double last = (b2 - r * b1) / (1 - r), other = b1 - last;
  again = mix(1, again, -phi1 * other / r, sub(state.before_that, state.before));
  return mix(1, again, -phi1 * last, bend);
}

}  // namespace

Tensor mix(double a, const Tensor& x, double b, const Tensor& y) { return add(affine(x, static_cast<float>(a)), affine(y, static_cast<float>(b))); }

Tensor solve_euler(const Tensor& x, const Tensor& picture, const SolverStep& step, SolverState&) {
  return step_along(x, x, picture, step.from, step.down - step.from);
}

Tensor solve_heun(const Tensor& x, const Tensor& picture, const SolverStep& step, SolverState&) {
  Tensor there = step_along(x, x, picture, step.from, step.to - step.from);
  if (step.to == 0) return there;
  const Tensor again = step.model.denoise(there, step.to);
  return step_along(step_along(x, x, picture, step.from, (step.to - step.from) / 2), there, again, step.to, (step.to - step.from) / 2);
}

Tensor solve_dpm2(const Tensor& x, const Tensor& picture, const SolverStep& step, SolverState& state) {
  if (step.down == 0) return solve_euler(x, picture, step, state);
  const double middle = std::sqrt(step.from * step.down);
  const Tensor half = step_along(x, x, picture, step.from, middle - step.from);
  return step_along(x, half, step.model.denoise(half, middle), middle, step.down - step.from);
}

Tensor solve_dpmpp_2s(const Tensor& x, const Tensor& picture, const SolverStep& step, SolverState& state) {
  if (step.down == 0) return solve_euler(x, picture, step, state);
  const double width = std::log(step.from / step.down), middle = step.from * std::exp(-width / 2);
  const Tensor half = mix(middle / step.from, x, -std::expm1(-width / 2), picture);
  return mix(step.down / step.from, x, -std::expm1(-width), step.model.denoise(half, middle));
}

Tensor solve_dpmpp_2m(const Tensor& x, const Tensor& picture, const SolverStep& step, SolverState& state) {
  if (step.to == 0) return picture;
  // In λ = −log σ: x ← (σ'/σ) x − (e^−h − 1) · D, D extrapolated from the last two pictures.
  Tensor seen = picture;
  if (state.before.defined()) {
    const double ratio = state.width_before / step.width;
    seen = mix(1 + 1 / (2 * ratio), picture, -1 / (2 * ratio), state.before);
  }
  return mix(step.to / step.from, x, -std::expm1(-step.width), seen);
}

Tensor solve_dpmpp_2m_sde(const Tensor& x, const Tensor& picture, const SolverStep& step, SolverState& state) {
  return solve_stochastic(x, picture, step, [&](const Tensor& out, double twice) {
    if (!state.before.defined()) return out;
    return mix(1, out, -0.5 * std::expm1(-twice) * step.width / state.width_before, sub(picture, state.before));
  });
}

Tensor solve_dpmpp_3m_sde(const Tensor& x, const Tensor& picture, const SolverStep& step, SolverState& state) {
  return solve_stochastic(x, picture, step, [&](const Tensor& out, double twice) {
    if (!state.before.defined()) return out;
    const double h = step.width, phi2 = std::expm1(-twice) / twice + 1;
    if (!state.before_that.defined()) return mix(1, out, phi2 * h / state.width_before, sub(picture, state.before));
    const double r0 = state.width_before / h, r1 = state.width_before_that / h;
    const Tensor first = affine(sub(picture, state.before), static_cast<float>(1 / r0)),
                 second = affine(sub(state.before, state.before_that), static_cast<float>(1 / r1));
    const Tensor bend = sub(first, second);
    return mix(1, mix(1, out, phi2, mix(1, first, r0 / (r0 + r1), bend)), -(phi2 / twice - 0.5) / (r0 + r1), bend);
  });
}

Tensor solve_uni_pc(const Tensor& x, const Tensor& picture, const SolverStep& step, SolverState& state) {
  if (step.to == 0) return picture;
  state.begun = state.begun.defined() ? corrected(picture, step, state) : x;
  state.from_before = step.from;
  state.order_before = state.before.defined() && !step.last ? 2 : 1;
  const double phi1 = std::expm1(-step.width);
  Tensor out = mix(step.to / step.from, state.begun, -phi1, picture);
  if (state.order_before != 2) return out;
  return mix(1, out, -phi1 / 2 / (-state.width_before / step.width), sub(state.before, picture));
}

Tensor solve_lcm(const Tensor&, const Tensor& picture, const SolverStep& step, SolverState&) {
  return step.to > 0 ? mix(1, picture, step.to, step.fresh_noise()) : picture;
}

}  // namespace ptah
