// Schedules of noise levels σ for models that predict noise or velocity (Karras et al. 2022, in the form of k-diffusion).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tensor/tensor.h"

namespace ptah {

/// The noise a model was trained with; the defaults are those of Stable Diffusion: β from 0.00085 to 0.012, evenly spaced in their roots (Rombach et al. 2022).
struct NoiseConfig {
  enum class Betas { scaled_linear, linear, cosine };  ///< even in the roots of β; even in β; of the squared cosine (Nichol and Dhariwal 2021)
  int64_t steps = 1000;
  double beta_start = 0.00085, beta_end = 0.012;
  Betas betas = Betas::scaled_linear;
  std::vector<double> given = {};                  ///< β of every step instead, if not empty
  bool zero_snr = false;                           ///< rescaled so that the last step has no signal (Lin et al. 2023, algorithm 1)
  int64_t offset = 0;                              ///< of the steps that the schedule "leading" takes
  bool counts_end = false;                         ///< "leading" and "linspace" lay out one step more and leave it out, as diffusers' multistep samplers do
  enum class End { zero, min, min_where_spaced };  ///< the level that sampling ends at: the smallest one, or so for linspace, leading and trailing alone
  End end = End::zero;
  double flow_shift = 3;  ///< of the schedule "flow", towards noise
};

class NoiseLevels {
 public:
  /// Throws Failure: invalid_argument for β outside 0 … 1, or no steps.
  explicit NoiseLevels(const NoiseConfig& config = {});
  /// σ of a step (0 … steps − 1; between two: interpolated in log σ), and the inverse.
  double sigma(double step) const;
  double step(double sigma) const;
  double min() const;
  double max() const;
  int64_t steps() const { return static_cast<int64_t>(log_sigmas_.size()); }
  const NoiseConfig& config() const { return config_; }

 private:
  NoiseConfig config_;
  std::vector<double> log_sigmas_;
};

enum class NoiseSchedule { normal, simple, karras, exponential, sgm_uniform, beta, ays, ays_xl, flow, linspace, leading, trailing };
Result<NoiseSchedule> noise_schedule_by_name(std::string_view name);
/// Whether a schedule is one of diffusers' spacings of steps (linspace, leading, trailing; Lin et al. 2023, table 2).
bool is_spacing(NoiseSchedule schedule);
/// steps + 1 levels from the largest to 0. beta: quantiles of Beta(0.6, 0.6) (Lee et al. 2024); ays: the levels of "Align Your Steps" (Sabour et al. 2024),
/// interpolated in their logarithms; flow: times from 1 to 0 of models of a straight flow, shifted towards noise (Esser et al. 2024, as diffusers spaces
/// them).
std::vector<double> noise_schedule(NoiseSchedule schedule, const NoiseLevels& levels, int64_t steps);

std::string noise_schedule_names();
/// A level between two, evenly spaced in their seventh roots (Karras et al. 2022, equation 5).
double karras_level(double max, double min, double share);

}  // namespace ptah
