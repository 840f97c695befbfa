// Sampling a flow-matching model. The schedule (which times) and the sampler (how to step) are independent pure functions.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tensor/tensor.h"

namespace ptah {

/// steps + 1 times from 1 (noise) to 0, t' = shift·t / (1 + (shift − 1)·t) of evenly spaced t (Esser et al. 2024).
std::vector<float> shifted_schedule(int64_t steps, float shift);

enum class Sampler { euler, heun };
Result<Sampler> sampler_by_name(std::string_view name);

/// Velocity of the latents at a time.
using Velocity = std::function<Tensor(const Tensor& latents, float time)>;

/// The part of a schedule from `start` on: start itself, then its times below.
std::vector<float> schedule_from(const std::vector<float>& times, float start);

/// Called round a step; before(i) may throw Failure to stop, after(x, time) returns the latents to go on with.
struct StepHooks {
  std::function<void(int64_t)> before;
  std::function<Tensor(const Tensor& latents, float time)> after;
};

/// Integrates dx/dt = velocity along the times.
Tensor sample(Sampler sampler, const Velocity& velocity, const Tensor& noise, const std::vector<float>& times, const StepHooks& hooks = {});

/// Classifier-free guidance: unconditional + scale · (conditional − unconditional) (Ho and Salimans 2022).
Tensor guided(const Tensor& conditional, const Tensor& unconditional, float scale);

}  // namespace ptah
