#include "nn/diffusion/scheduler_config.h"

#include <algorithm>

#include "base/parallel.h"

namespace ptah {

namespace {

constexpr ConfigUse kHarmless = ConfigUse::harmless, kOnly = ConfigUse::only;

constexpr ConfigKey kScheduler[] = {{"_class_name"},
                                    {"_diffusers_version", kHarmless},
                                    {"_use_default_values", kHarmless},
                                    {"algorithm_type"},
                                    {"base_image_seq_len", kHarmless},  // of dynamic shifting, like the next ones
                                    {"base_shift", kHarmless},
                                    {"beta_end"},
                                    {"beta_schedule"},
                                    {"beta_start"},
                                    {"clip_sample"},
                                    {"clip_sample_range", kHarmless},  // nothing is clipped
                                    {"disable_corrector", kOnly, "[[]]"},
                                    {"dynamic_thresholding_ratio", kHarmless},
                                    {"euler_at_final", kHarmless},
                                    {"final_sigmas_type"},
                                    {"flow_shift", kHarmless},  // of use_flow_sigmas
                                    {"interpolation_type", kOnly, R"(["linear"])"},
                                    {"invert_sigmas", kOnly, "[false]"},
                                    {"lambda_min_clipped", kOnly, R"(["-Infinity", "-inf", null])"},
                                    {"lower_order_final", kHarmless},  // the last step is of first order in either case
                                    {"max_image_seq_len", kHarmless},
                                    {"max_shift", kHarmless},
                                    {"num_train_timesteps"},
                                    {"original_inference_steps", kHarmless},
                                    {"predict_x0", kOnly, "[true]"},
                                    {"prediction_type"},
                                    {"rescale_betas_zero_snr"},
                                    {"sample_max_value", kHarmless},
                                    {"set_alpha_to_one"},
                                    {"shift", kHarmless},  // of models of a straight flow, where it is read
                                    {"shift_terminal", kOnly, "[null]"},
                                    {"sigma_max", kOnly, "[null]"},
                                    {"sigma_min", kOnly, "[null]"},
                                    {"skip_prk_steps", kHarmless},  // of classes that are not followed, like the next two
                                    {"solver_order"},
                                    {"solver_p", kOnly, "[null]"},
                                    {"solver_type"},
                                    {"steps_offset"},
                                    {"stochastic_sampling", kOnly, "[false]"},
                                    {"thresholding", kOnly, "[false]"},
                                    {"time_shift_type", kHarmless},
                                    {"timestep_scaling", kHarmless},
                                    {"timestep_spacing"},
                                    {"timestep_type", kOnly, R"(["discrete"])"},
                                    {"trained_betas"},
                                    {"use_beta_sigmas"},
                                    {"use_dynamic_shifting", kOnly, "[false]"},
                                    {"use_exponential_sigmas"},
                                    {"use_flow_sigmas", kOnly, "[false]"},
                                    {"use_karras_sigmas"},
                                    {"use_lu_lambdas"},
                                    {"variance_type"}};

/// Of models of a straight flow, before the others.
constexpr ConfigKey kFlow[] = {{"shift"}};

/// diffusers' classes, and what steps the same way here.
struct SchedulerClass {
  const char *name, *sampler;
  bool counts_end = false;  ///< lays out one step more
  bool of_stable = false;   ///< its defaults are Stable Diffusion's β
  const char* spacing = "linspace";
  int64_t order = 1;
};
constexpr SchedulerClass kClasses[] = {{"DDIMScheduler", "ddim", false, false, "leading"},
                                       {"DDPMScheduler", "ddpm", false, false, "leading"},
                                       {"DPMSolverMultistepScheduler", "dpmpp_2m", true, false, "linspace", 2},
                                       {"EulerAncestralDiscreteScheduler", "euler_a"},
                                       {"EulerDiscreteScheduler", "euler"},
                                       {"HeunDiscreteScheduler", "heun", false, true},
                                       {"KDPM2AncestralDiscreteScheduler", "dpm2_a", false, true},
                                       {"KDPM2DiscreteScheduler", "dpm2", false, true},
                                       {"LCMScheduler", "", false, true, "leading"},
                                       {"PNDMScheduler", "", false, false, "leading"},
                                       {"UniPCMultistepScheduler", "uni_pc", true, false, "linspace", 2}};

NoiseConfig noise_of(const Config& c, bool of_stable) {
  NoiseConfig out;
  out.steps = c.integer("num_train_timesteps", 1000);
  if (out.steps < 2 || out.steps > 100000) c.refuse("num_train_timesteps", "2 to 100,000");
  out.beta_start = c.number("beta_start", of_stable ? 0.00085 : 0.0001);
  out.beta_end = c.number("beta_end", of_stable ? 0.012 : 0.02);
  for (const auto& [key, value] : {std::pair{"beta_start", out.beta_start}, {"beta_end", out.beta_end}})
    if (!(value > 0 && value < 1)) c.refuse(key, "above 0 to below 1");
  const std::string betas = c.text("beta_schedule", "linear");
  if (betas == "scaled_linear")
    out.betas = NoiseConfig::Betas::scaled_linear;
  else if (betas == "linear")
    out.betas = NoiseConfig::Betas::linear;
  else if (betas == "squaredcos_cap_v2")
    out.betas = NoiseConfig::Betas::cosine;
  else
    c.refuse("beta_schedule", "\"linear\", \"scaled_linear\", \"squaredcos_cap_v2\"");
  if (c.has("trained_betas")) {
    for (const Json& one : c.json.at("trained_betas")) {
      if (!one.is_number() || !(one.get<double>() > 0 && one.get<double>() < 1)) c.refuse("trained_betas", "null, or numbers above 0 to below 1");
      out.given.push_back(one.get<double>());
    }
    if (static_cast<int64_t>(out.given.size()) != out.steps) c.refuse("trained_betas", fmt::format("null, or one number for each of {} steps", out.steps));
  }
  out.zero_snr = c.boolean("rescale_betas_zero_snr", false);
  return out;
}

/// Why a scheduler's own way of sampling is not computed here; empty if it is.
std::string missing_of(const Config& c, const SchedulerClass& known, const std::string& algorithm) {
  const auto because = [&](const char* key, const std::string& value) { return fmt::format("{}: {} with '{}' {}", c.file, known.name, key, value); };
  if (!*known.sampler) return fmt::format("{}: {}", c.file, known.name);
  if (std::string_view(known.name) == "DPMSolverMultistepScheduler") {
    if (algorithm != "dpmsolver++" && algorithm != "sde-dpmsolver++") return because("algorithm_type", algorithm);
    if (const std::string type = c.text("solver_type", "midpoint"); type != "midpoint") return because("solver_type", type);
    if (c.boolean("use_lu_lambdas", false)) return because("use_lu_lambdas", "true");
  }
  if (std::string_view(known.name) == "UniPCMultistepScheduler")
    if (const std::string type = c.text("solver_type", "bh2"); type != "bh2") return because("solver_type", type);
  if (known.order == 2 && c.text("final_sigmas_type", "zero") != "zero") return because("final_sigmas_type", c.text("final_sigmas_type", ""));
  if (known.order == 2)
    if (const int64_t order = c.integer("solver_order", 2); order != 2) return because("solver_order", std::to_string(order));
  if (std::string_view(known.name) == "DDPMScheduler")
    if (const std::string type = c.text("variance_type", "fixed_small"); type != "fixed_small") return because("variance_type", type);
  return "";
}

}  // namespace

ConfigTable scheduler_keys() { return kScheduler; }

Result<SchedulerSettings> scheduler_settings(const Config& c, bool flows, bool mended, std::vector<std::string>& warnings) {
  return guard([&]() -> Result<SchedulerSettings> {
    PTAH_TRY_VOID(check_config(c.json, {flows ? ConfigTable(kFlow) : ConfigTable(), kScheduler}, c.file, warnings));
    SchedulerSettings out;
    const std::string name = c.text("_class_name", "");
    if (flows) {
      out.noise.flow_shift = c.number("shift", 1);
      if (!(out.noise.flow_shift > 0 && out.noise.flow_shift < 1000)) c.refuse("shift", "above 0 to below 1000");
      out.noise.steps = c.integer("num_train_timesteps", 1000);
      if (out.noise.steps < 2 || out.noise.steps > 100000) c.refuse("num_train_timesteps", "2 to 100,000");
      for (const char* key : {"use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas"})
        if (c.boolean(key, false)) c.refuse(key, "false, for a model of a straight flow");
      if (!name.empty() && name != "FlowMatchEulerDiscreteScheduler" && name != "FlowMatchHeunDiscreteScheduler")
        c.refuse("_class_name", "\"FlowMatchEulerDiscreteScheduler\", \"FlowMatchHeunDiscreteScheduler\"");
      out.sampler = name == "FlowMatchHeunDiscreteScheduler" ? "heun" : "euler";
      out.schedule = "flow";
      return out;
    }
    const auto* known = std::find_if(std::begin(kClasses), std::end(kClasses), [&](const SchedulerClass& one) { return name == one.name; });
    const bool listed = known != std::end(kClasses);
    if (name.starts_with("FlowMatch") || name.starts_with("EDM")) c.refuse("_class_name", "schedulers of latent diffusion with 1,000 noise levels");
    out.noise = noise_of(c, listed && known->of_stable);
    if (listed && name == "LCMScheduler" && !c.has("beta_schedule")) out.noise.betas = NoiseConfig::Betas::scaled_linear;
    const std::string prediction = c.text("prediction_type", "epsilon");
    if (prediction != "epsilon" && prediction != "v_prediction") c.refuse("prediction_type", "\"epsilon\", \"v_prediction\"");
    out.prediction = prediction == "epsilon" ? "noise" : "velocity";
    if (!mended && c.boolean("clip_sample", false)) c.refuse("clip_sample", "false");
    out.noise.offset = mended ? 1 : c.integer("steps_offset", 0);
    if (out.noise.offset < 0 || out.noise.offset >= out.noise.steps) c.refuse("steps_offset", fmt::format("0 to {}", out.noise.steps - 1));
    const std::string end = c.text("final_sigmas_type", "zero");
    if (end != "zero" && end != "sigma_min") c.refuse("final_sigmas_type", "\"zero\", \"sigma_min\"");
    const std::string spacing = c.text("timestep_spacing", listed ? known->spacing : "linspace");
    if (spacing != "linspace" && spacing != "leading" && spacing != "trailing") c.refuse("timestep_spacing", "\"linspace\", \"leading\", \"trailing\"");
    if (!listed) {
      out.missing = fmt::format("{}: {}", c.file, name.empty() ? "no '_class_name'" : name);
      return out;
    }
    const std::string algorithm = c.text("algorithm_type", "dpmsolver++");
    out.missing = missing_of(c, *known, algorithm);
    if (!out.missing.empty()) return out;
    const bool ddim = name == "DDIMScheduler";
    if (ddim && !c.boolean("set_alpha_to_one", true)) out.noise.end = NoiseConfig::End::min_where_spaced;
    if (!ddim && end == "sigma_min") out.noise.end = NoiseConfig::End::min;
    out.noise.counts_end = known->counts_end;
    out.sampler = algorithm == "sde-dpmsolver++" ? "dpmpp_2m_sde" : known->sampler;
    out.schedule = c.boolean("use_karras_sigmas", false)        ? "karras"
                   : c.boolean("use_exponential_sigmas", false) ? "exponential"
                   : c.boolean("use_beta_sigmas", false)        ? "beta"
                                                                : spacing;
    return out;
  });
}

}  // namespace ptah
