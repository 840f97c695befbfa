#include "image/noise_schedule.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/text.h"
#include "tensor/ops.h"

namespace ptah {

namespace {

constexpr int64_t kMostSteps = 1000;

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
constexpr std::array<std::pair<const char*, NoiseSampler>, 14> kSamplers{{{"euler", NoiseSampler::euler},
                                                                          {"euler_a", NoiseSampler::euler_ancestral},
                                                                          {"heun", NoiseSampler::heun},
                                                                          {"dpm2", NoiseSampler::dpm2},
                                                                          {"dpm2_a", NoiseSampler::dpm2_ancestral},
                                                                          {"dpmpp_2m", NoiseSampler::dpmpp_2m},
                                                                          {"dpmpp_2s_a", NoiseSampler::dpmpp_2s_ancestral},
                                                                          {"dpmpp_2m_sde", NoiseSampler::dpmpp_2m_sde},
                                                                          {"dpmpp_3m_sde", NoiseSampler::dpmpp_3m_sde},
                                                                          {"uni_pc", NoiseSampler::uni_pc},
                                                                          {"ddim", NoiseSampler::ddim},
                                                                          {"ddpm", NoiseSampler::ddpm},
                                                                          {"lcm", NoiseSampler::lcm},
                                                                          {"restart", NoiseSampler::restart}}};

/// Between two levels, evenly spaced in their seventh roots (Karras et al. 2022, equation 5).
double karras_level(double most, double least, double share) {
  constexpr double kRho = 7;
  return std::pow(std::pow(most, 1 / kRho) + share * (std::pow(least, 1 / kRho) - std::pow(most, 1 / kRho)), kRho);
}

/// The level after each step, the first step beginning at the first of them. Those of restart go up now and then.
std::vector<double> levels_passed(NoiseSampler sampler, const std::vector<double>& sigmas) {
  constexpr double kRestartMost = 2, kRestartLeast = 0.1;
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
  const size_t low = nearest(kRestartLeast), high = nearest(kRestartMost);
  std::vector<double> out(plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(low) + 1);
  for (int64_t t = 0; t < times && high < low; ++t)
    for (int64_t i = 0; i <= again; ++i) out.push_back(karras_level(plain[high], plain[low], static_cast<double>(i) / static_cast<double>(again)));
  out.insert(out.end(), plain.begin() + static_cast<std::ptrdiff_t>(low) + 1, plain.end());
  return out;
}

/// a·x + b·y
Tensor mix(double a, const Tensor& x, double b, const Tensor& y) { return add(affine(x, static_cast<float>(a)), affine(y, static_cast<float>(b))); }

/// How far down an ancestral step goes, and how much fresh noise brings it up to `to` again (η = 1).
std::pair<double, double> ancestral(double from, double to) {
  const double up = std::min(to, std::sqrt(to * to * (from * from - to * to) / (from * from)));
  return {std::sqrt(to * to - up * up), up};
}

bool is_ancestral(NoiseSampler sampler) {
  return sampler == NoiseSampler::euler_ancestral || sampler == NoiseSampler::ddpm || sampler == NoiseSampler::dpm2_ancestral ||
         sampler == NoiseSampler::dpmpp_2s_ancestral;
}

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
  constexpr double kLeastSignal = 1.0 / (1 << 24);  // of the last step where there is none, as diffusers takes it
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
    kept.back() = kLeastSignal;
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

double NoiseLevels::least() const { return std::exp(log_sigmas_.front()); }
double NoiseLevels::most() const { return std::exp(log_sigmas_.back()); }

Result<NoiseSchedule> noise_schedule_by_name(std::string_view name) { return by_name(kSchedules, name, "schedule"); }
Result<NoiseSampler> noise_sampler_by_name(std::string_view name) { return by_name(kSamplers, name, "sampler"); }
bool is_spacing(NoiseSchedule s) { return s == NoiseSchedule::linspace || s == NoiseSchedule::leading || s == NoiseSchedule::trailing; }
std::string noise_schedule_names() { return names_of(kSchedules); }
std::string noise_sampler_names() { return names_of(kSamplers); }

std::vector<double> noise_schedule(NoiseSchedule schedule, const NoiseLevels& levels, int64_t steps) {
  PTAH_CHECK(steps >= 1 && steps <= kMostSteps, "noise schedule of {} steps", steps);
  const int64_t trained = levels.steps();
  std::vector<double> out;
  const double least = levels.least(), most = levels.most();
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
        out.push_back(karras_level(most, least, share(i, steps - 1)));
        break;
      case NoiseSchedule::exponential:
        out.push_back(std::exp(std::log(most) + share(i, steps - 1) * (std::log(least) - std::log(most))));
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
  const bool stays = end == NoiseConfig::End::least || (end == NoiseConfig::End::least_where_spaced && is_spacing(schedule));
  out.push_back(stays && schedule != NoiseSchedule::flow ? least : 0);
  return out;
}

Tensor sample_noise(NoiseSampler sampler, Tensor x, const std::vector<double>& levels, const NoiseSampling& how) {
  PTAH_CHECK(x.dtype() == DType::f32 && levels.size() >= 2, "sample_noise: {} levels", levels.size());
  const std::vector<double> sigmas = levels_passed(sampler, levels);
  int64_t step = 0;
  Tensor before, before_that;  // the pictures seen in the last two steps, and how far those went in log σ
  double width_before = 0, width_before_that = 0;
  Tensor begun;  // uni_pc: where the last step began
  int order_before = 0;
  int64_t draws = 0;
  const auto fresh = [&] { return how.noise(draws++); };
  // The slope dx/dσ where the model sees `picture` in x, and a step along it.
  const auto step_along = [](const Tensor& at, const Tensor& from, const Tensor& picture, double sigma, double width) {
    return mix(1, at, width / sigma, sub(from, picture));
  };
  for (size_t i = 0; i + 1 < sigmas.size(); ++i) {
    const double from = sigmas[i], to = sigmas[i + 1];
    if (to > from) {  // up again
      x = mix(1, x, std::sqrt(to * to - from * from), fresh());
      continue;
    }
    if (how.before_step) how.before_step(step++);
    // Ancestral samplers go further down and come up again by fresh noise.
    const auto [down, up] = is_ancestral(sampler) ? ancestral(from, to) : std::pair{to, 0.0};
    const double h = std::log(from / to);
    const Tensor picture = how.denoise(x, from);
    switch (sampler) {
      case NoiseSampler::euler:
      case NoiseSampler::ddim:
      case NoiseSampler::euler_ancestral:
      case NoiseSampler::ddpm:
        x = step_along(x, x, picture, from, down - from);
        break;
      case NoiseSampler::restart:
      case NoiseSampler::heun: {
        const Tensor there = step_along(x, x, picture, from, to - from);
        if (to == 0) {
          x = there;
          break;
        }
        const Tensor again = how.denoise(there, to);
        x = step_along(step_along(x, x, picture, from, (to - from) / 2), there, again, to, (to - from) / 2);
        break;
      }
      case NoiseSampler::dpm2:
      case NoiseSampler::dpm2_ancestral: {
        if (down == 0) {
          x = step_along(x, x, picture, from, down - from);
          break;
        }
        const double middle = std::sqrt(from * down);
        const Tensor half = step_along(x, x, picture, from, middle - from);
        x = step_along(x, half, how.denoise(half, middle), middle, down - from);
        break;
      }
      case NoiseSampler::dpmpp_2s_ancestral: {
        if (down == 0) {
          x = step_along(x, x, picture, from, down - from);
          break;
        }
        const double width = std::log(from / down), middle = from * std::exp(-width / 2);
        const Tensor half = mix(middle / from, x, -std::expm1(-width / 2), picture);
        x = mix(down / from, x, -std::expm1(-width), how.denoise(half, middle));
        break;
      }
      case NoiseSampler::dpmpp_2m_sde:
      case NoiseSampler::dpmpp_3m_sde: {
        if (to == 0) {
          x = picture;
          break;
        }
        const double twice = 2 * h;  // h(1 + η)
        x = mix(to / from * std::exp(-h), x, -std::expm1(-twice), picture);
        const double phi2 = std::expm1(-twice) / twice + 1;
        if (sampler == NoiseSampler::dpmpp_2m_sde && before.defined()) {
          x = mix(1, x, -0.5 * std::expm1(-twice) * h / width_before, sub(picture, before));
        } else if (before_that.defined()) {
          const double r0 = width_before / h, r1 = width_before_that / h;
          const Tensor first = affine(sub(picture, before), static_cast<float>(1 / r0)), second = affine(sub(before, before_that), static_cast<float>(1 / r1));
          const Tensor bend = sub(first, second);
          x = mix(1, x, phi2, mix(1, first, r0 / (r0 + r1), bend));
          x = mix(1, x, -(phi2 / twice - 0.5) / (r0 + r1), bend);
        } else if (before.defined()) {
          x = mix(1, x, phi2 * h / width_before, sub(picture, before));
        }
        x = mix(1, x, to * std::sqrt(-std::expm1(-twice)), fresh());
        break;
      }
      case NoiseSampler::dpmpp_2m: {
        if (to == 0) {
          x = picture;
          break;
        }
        // In λ = −log σ: x ← (σ'/σ) x − (e^−h − 1) · D, D extrapolated from the last two pictures.
        Tensor seen = picture;
        if (before.defined()) {
          const double ratio = width_before / h;
          seen = mix(1 + 1 / (2 * ratio), picture, -1 / (2 * ratio), before);
        }
        x = mix(to / from, x, -std::expm1(-h), seen);
        break;
      }
      case NoiseSampler::uni_pc: {
        if (to == 0) {
          x = picture;
          break;
        }
        if (begun.defined()) {
          // The last step again, now that the picture at its end is known. With B(h) = e^−h − 1: of second order by the trapezoid rule, of third by also
          // matching the next term of the expansion.
          const double width = width_before, phi1 = std::expm1(-width), phi2 = phi1 / -width - 1;
          const Tensor bend = sub(picture, before);
          Tensor again = mix(from / sigmas[i - 1], begun, -phi1, before);
          if (order_before == 2) {
            const double r = -width_before_that / width, b1 = phi2 / phi1, b2 = 2 * (phi2 / -width - 0.5) / phi1;
            const double last = (b2 - r * b1) / (1 - r), other = b1 - last;
            again = mix(1, again, -phi1 * other / r, sub(before_that, before));
            x = mix(1, again, -phi1 * last, bend);
          } else {
            x = mix(1, again, -phi1 / 2, bend);
          }
        }
        begun = x;
        order_before = before.defined() && i + 2 < sigmas.size() ? 2 : 1;
        const double phi1 = std::expm1(-h);
        x = mix(to / from, x, -phi1, picture);
        if (order_before == 2) x = mix(1, x, -phi1 / 2 / (-width_before / h), sub(before, picture));
        break;
      }
      case NoiseSampler::lcm:
        x = to > 0 ? mix(1, picture, to, fresh()) : picture;
        break;
    }
    before_that = before, width_before_that = width_before;
    before = picture, width_before = h;
    if (up > 0) x = mix(1, x, up, fresh());
  }
  return x;
}

}  // namespace ptah
