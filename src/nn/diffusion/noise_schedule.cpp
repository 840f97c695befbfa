#include "nn/diffusion/noise_schedule.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/text.h"
#include "tensor/ops.h"

namespace ptah {

namespace {

constexpr int64_t kMaxSteps = 1000;

template <class T, size_t n>
std::string names_of(const std::array<std::pair<const char*, T>, n>& table) {
  std::string out;
  for (const auto& [text, value] : table) out.append(out.empty() ? "" : " ").append(text);
  return out;
}

template <class T, size_t n>
Result<T> by_name(const std::array<std::pair<const char*, T>, n>& table, std::string_view name, const char* what) {
  for (const auto& [text, value] : table)
    if (name == text) return value;
  return unknown_name(what, name, names_of(table).c_str());
}

constexpr std::array<std::pair<const char*, NoiseSchedule>, 12> kSchedules{{{"normal", NoiseSchedule::normal},
                                                                            {"simple", NoiseSchedule::simple},
                                                                            {"karras", NoiseSchedule::karras},
                                                                            {"exponential", NoiseSchedule::exponential},
                                                                            {"sgm_uniform", NoiseSchedule::sgm_uniform},
                                                                            {"beta", NoiseSchedule::beta},
                                                                            {"ays", NoiseSchedule::ays},
                                                                            {"ays_xl", NoiseSchedule::ays_xl},
                                                                            {"flow", NoiseSchedule::flow},
                                                                            {"linspace", NoiseSchedule::linspace},
                                                                            {"leading", NoiseSchedule::leading},
                                                                            {"trailing", NoiseSchedule::trailing}}};
/// The distribution function of Beta(a, a) at x, by its continued fraction (DLMF 8.17.22, evaluated from behind).
double beta_distribution(double a, double x) {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  if (x > 0.5) return 1 - beta_distribution(a, 1 - x);
  double tail = 0;
  for (int m = 60; m >= 1; --m) {
    const double n = m;
    const double even = n * (a - n) * x / ((a + 2 * n - 1) * (a + 2 * n)), odd = -(a + n) * (2 * a + n) * x / ((a + 2 * n) * (a + 2 * n + 1));
    tail = even / (1 + odd / (1 + tail));
  }
  const double first = -(2 * a) * x / (a + 1);
  const double fraction = 1 / (1 + first / (1 + tail));
  return std::exp(a * std::log(x) + a * std::log1p(-x) + std::lgamma(2 * a) - 2 * std::lgamma(a)) / a * fraction;
}

/// Where it reaches p.
double beta_quantile(double a, double p) {
  double low = 0, high = 1;
  for (int i = 0; i < 80; ++i) (beta_distribution(a, (low + high) / 2) < p ? low : high) = (low + high) / 2;
  return (low + high) / 2;
}

/// The level that diffusers' spacings give step i: between two trained ones interpolated in σ itself.
double spaced_level(NoiseSchedule schedule, const NoiseLevels& levels, int64_t i, int64_t steps) {
  const int64_t trained = levels.steps(), more = levels.config().counts_end ? 1 : 0;
  const double of = static_cast<double>(trained);
  double at = 0;
  if (schedule == NoiseSchedule::leading) {
    at = static_cast<double>((steps - 1 + more - i) * (trained / (steps + more)) + levels.config().offset);
  } else if (schedule == NoiseSchedule::trailing) {
    at = std::nearbyint(of - static_cast<double>(i) * of / static_cast<double>(steps)) - 1;
  } else {
    const auto parts = static_cast<double>(steps - 1 + more);
    at = parts > 0 ? (of - 1) * (1 - static_cast<double>(i) / parts) : 0;
    if (more) at = std::nearbyint(at);
  }
  const double held = std::clamp(at, 0.0, of - 1), low = std::floor(held);
  return levels.sigma(low) + (held - low) * (levels.sigma(std::min(low + 1, of - 1)) - levels.sigma(low));
}

/// Noise levels of "Align Your Steps" (Sabour et al. 2024), published for ten steps.
constexpr std::array<double, 11> kAys{14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029};
constexpr std::array<double, 11> kAysXl{14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0.029};

}  // namespace

NoiseLevels::NoiseLevels(const NoiseConfig& config) : config_(config) {
  constexpr double kMinSignal = 1.0 / (1 << 24);  // of the last step where there is none, as diffusers takes it
  const int64_t count = config.given.empty() ? config.steps : static_cast<int64_t>(config.given.size());
  if (count < 2 || count > 100000) throw Failure({ErrorCode::invalid_argument, fmt::format("noise levels of {} steps; 2 to 100,000 are possible", count)});
  const auto bar = [](double t) { return std::pow(std::cos((t + 0.008) / 1.008 * std::numbers::pi / 2), 2); };
  const double root0 = std::sqrt(config.beta_start), root1 = std::sqrt(config.beta_end);
  const auto beta = [&](int64_t i) {
    const double at = static_cast<double>(i), end = static_cast<double>(count - 1);
    if (!config.given.empty()) return config.given[static_cast<size_t>(i)];
    if (config.betas == NoiseConfig::Betas::linear) return config.beta_start + (config.beta_end - config.beta_start) * at / end;
    if (config.betas == NoiseConfig::Betas::cosine) return std::min(1 - bar((at + 1) / (end + 1)) / bar(at / (end + 1)), 0.999);
    const double root = root0 + (root1 - root0) * at / end;
    return root * root;
  };
  std::vector<double> kept;  // the product of 1 − β so far: the share of the picture's variance
  for (int64_t i = 0; i < count; ++i) {
    const double b = beta(i);
    if (!(b > 0 && b < 1)) throw Failure({ErrorCode::invalid_argument, fmt::format("noise levels: β of step {} is {}; above 0 to below 1 is possible", i, b)});
    kept.push_back((kept.empty() ? 1 : kept.back()) * (1 - b));
  }
  if (config.zero_snr) {
    const double first = std::sqrt(kept.front()), last = std::sqrt(kept.back());
    for (double& one : kept) one = std::pow((std::sqrt(one) - last) * first / (first - last), 2);
    kept.back() = kMinSignal;
  }
  for (const double one : kept) log_sigmas_.push_back(0.5 * std::log((1 - one) / one));
}

double NoiseLevels::sigma(double step) const {
  const double held = std::clamp(step, 0.0, static_cast<double>(steps() - 1));
  const auto low = static_cast<size_t>(held), high = std::min(low + 1, log_sigmas_.size() - 1);
  const double share = held - static_cast<double>(low);
  return std::exp(log_sigmas_[low] * (1 - share) + log_sigmas_[high] * share);
}

double NoiseLevels::step(double sigma) const {
  const double wanted = std::log(sigma);
  const auto above = std::upper_bound(log_sigmas_.begin(), log_sigmas_.end(), wanted);
  const size_t low = std::min(static_cast<size_t>(std::max<std::ptrdiff_t>(above - log_sigmas_.begin() - 1, 0)), log_sigmas_.size() - 2);
  const double share = (wanted - log_sigmas_[low]) / (log_sigmas_[low + 1] - log_sigmas_[low]);
  return static_cast<double>(low) + std::clamp(share, 0.0, 1.0);
}

double karras_level(double max, double min, double share) {
  constexpr double kRho = 7;
  return std::pow(std::pow(max, 1 / kRho) + share * (std::pow(min, 1 / kRho) - std::pow(max, 1 / kRho)), kRho);
}

double NoiseLevels::min() const { return std::exp(log_sigmas_.front()); }
double NoiseLevels::max() const { return std::exp(log_sigmas_.back()); }

Result<NoiseSchedule> noise_schedule_by_name(std::string_view name) { return by_name(kSchedules, name, "schedule"); }
bool is_spacing(NoiseSchedule s) { return s == NoiseSchedule::linspace || s == NoiseSchedule::leading || s == NoiseSchedule::trailing; }
std::string noise_schedule_names() { return names_of(kSchedules); }

std::vector<double> noise_schedule(NoiseSchedule schedule, const NoiseLevels& levels, int64_t steps) {
  PTAH_CHECK(steps >= 1 && steps <= kMaxSteps, "noise schedule of {} steps", steps);
  const int64_t trained = levels.steps();
  std::vector<double> out;
  const double min = levels.min(), max = levels.max();
  const auto share = [&](int64_t i, int64_t of) { return of > 0 ? static_cast<double>(i) / static_cast<double>(of) : 0.0; };
  for (int64_t i = 0; i < steps; ++i) switch (schedule) {
      case NoiseSchedule::normal:
        out.push_back(levels.sigma(static_cast<double>(trained - 1) * (1 - share(i, steps - 1))));
        break;
      case NoiseSchedule::sgm_uniform:
        out.push_back(levels.sigma(static_cast<double>(trained - 1) * (1 - share(i, steps))));
        break;
      case NoiseSchedule::simple:
        out.push_back(levels.sigma(static_cast<double>(trained - 1 - i * trained / steps)));
        break;
      case NoiseSchedule::karras:
        out.push_back(karras_level(max, min, share(i, steps - 1)));
        break;
      case NoiseSchedule::exponential:
        out.push_back(std::exp(std::log(max) + share(i, steps - 1) * (std::log(min) - std::log(max))));
        break;
      case NoiseSchedule::beta:
        out.push_back(levels.sigma(std::nearbyint(beta_quantile(0.6, 1 - share(i, steps)) * static_cast<double>(trained - 1))));
        break;
      case NoiseSchedule::ays:
      case NoiseSchedule::ays_xl: {
        const auto& table = schedule == NoiseSchedule::ays ? kAys : kAysXl;
        const double at = share(i, steps) * static_cast<double>(table.size() - 1);
        const auto low = static_cast<size_t>(at), high = std::min(low + 1, table.size() - 1);
        out.push_back(std::exp(std::log(table[low]) + (at - std::floor(at)) * (std::log(table[high]) - std::log(table[low]))));
        break;
      }
      case NoiseSchedule::flow: {
        const double shift = levels.config().flow_shift;
        const auto shifted = [shift](double t) { return shift * t / (1 + (shift - 1) * t); };
        const double last = shifted(1.0 / static_cast<double>(trained));
        out.push_back(shifted(1 + share(i, steps - 1) * (last - 1)));
        break;
      }
      case NoiseSchedule::linspace:
      case NoiseSchedule::leading:
      case NoiseSchedule::trailing:
        out.push_back(spaced_level(schedule, levels, i, steps));
        break;
    }
  const NoiseConfig::End end = levels.config().end;
  const bool stays = end == NoiseConfig::End::min || (end == NoiseConfig::End::min_where_spaced && is_spacing(schedule));
  out.push_back(stays && schedule != NoiseSchedule::flow ? min : 0);
  return out;
}

}  // namespace ptah
