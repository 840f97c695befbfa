#include "nn/diffusion/sampler.h"

#include "base/text.h"
#include "tensor/ops.h"

namespace ptah {

std::vector<float> shifted_schedule(int64_t steps, float shift) {
  PTAH_CHECK(steps >= 1 && shift > 0, "schedule of {} steps with shift {}", steps, shift);
  std::vector<float> times;
  for (int64_t i = 0; i <= steps; ++i) {
    const float t = 1 - static_cast<float>(i) / static_cast<float>(steps);
    times.push_back(shift * t / (1 + (shift - 1) * t));
  }
  return times;
}

Result<Sampler> sampler_by_name(std::string_view name) {
  if (name == "euler") return Sampler::euler;
  if (name == "heun") return Sampler::heun;
  return unknown_name("sampler", name, "euler heun");
}

std::vector<float> schedule_from(const std::vector<float>& times, float start) {
  std::vector<float> out{start};
  for (const float t : times)
    if (t < start) out.push_back(t);
  return out;
}

Tensor sample(Sampler sampler, const Velocity& velocity, const Tensor& noise, const std::vector<float>& times, const StepHooks& hooks) {
  Tensor x = noise;
  for (size_t i = 0; i + 1 < times.size(); ++i) {
    if (hooks.before) hooks.before(static_cast<int64_t>(i));
    const float step = times[i + 1] - times[i];
    const Tensor slope = velocity(x, times[i]);
    const Tensor next = add(x, affine(slope, step));
    if (sampler == Sampler::heun && times[i + 1] > 0) {
      const Tensor second = velocity(next, times[i + 1]);
      x = add(x, affine(add(slope, second), step / 2));
    } else {
      x = next;
    }
    if (hooks.after) x = hooks.after(x, times[i + 1]);
  }
  return x;
}

Tensor guided(const Tensor& conditional, const Tensor& unconditional, float scale) {
  return add(unconditional, affine(sub(conditional, unconditional), scale));
}

}  // namespace ptah
