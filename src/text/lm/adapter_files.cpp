#include "text/lm/adapter_files.h"

#include <cmath>
#include <cstring>
#include <set>

#include "base/file.h"
#include "text/lm/decoder.h"
#include "text/lm/language_families.h"
#include "weights/config_keys.h"
#include "weights/safetensors.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr const char* kAdapterConfig = "adapter_config.json";
constexpr const char* kAdapterWeights = "adapter_model.safetensors";
constexpr std::string_view kPrefix = "base_model.model.";
constexpr std::pair<std::string_view, std::string_view> kMatrices[] = {{".lora_A.weight", ".lora_a"}, {".lora_B.weight", ".lora_b"}};

/// Values of PEFT's keys that are computed; keys that are not listed are read or change nothing.
constexpr ConfigKey kPeft[] = {
    {"alpha_pattern", ConfigUse::only, "[null, {}]"},   {"bias", ConfigUse::only, "[\"none\"]"},        {"lora_bias", ConfigUse::only, "[null, false]"},
    {"modules_to_save", ConfigUse::only, "[null, []]"}, {"peft_type", ConfigUse::only, "[\"LORA\"]"},   {"rank_pattern", ConfigUse::only, "[null, {}]"},
    {"use_bdlora", ConfigUse::only, "[null, false]"},   {"use_dora", ConfigUse::only, "[null, false]"}, {"use_qalora", ConfigUse::only, "[null, false]"}};

/// Whether GGUF's rows of a layer's results lie in another order than Hugging Face's: neighbours rotate there.
bool is_turned(const std::string& name, const LanguageConfig& model) {
  if (model.rotate_halves || model.learned_positions) return false;
  return name.ends_with(".attn_q.lora_b") || name.ends_with(".attn_k.lora_b");
}

/// Rows of halves as rows of neighbours, or back.
Tensor turned_rows(const Tensor& x, int64_t head_dim, bool back) {
  Tensor out = Tensor::empty(x.shape());
  const int64_t width = x.dim(1);
  for (int64_t r = 0; r < x.dim(0); ++r) {
    const int64_t within = r % head_dim, theirs = r - within + within % 2 * (head_dim / 2) + within / 2;
    std::copy_n(x.data<float>() + (back ? r : theirs) * width, width, out.data<float>() + (back ? theirs : r) * width);
  }
  return out;
}

/// "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight" → "blk.0.attn_q.lora_a"; empty for other names.
std::string our_name(const std::string& theirs, const std::string& family) {
  for (const auto& [end, ours] : kMatrices) {
    if (!theirs.ends_with(end) || !theirs.starts_with(kPrefix)) continue;
    const std::string weight = gguf_name(theirs.substr(kPrefix.size(), theirs.size() - kPrefix.size() - end.size()) + ".weight", family);
    if (!weight.empty()) return weight.substr(0, weight.rfind('.')) + std::string(ours);
  }
  return "";
}

}  // namespace

Result<LanguageAdapter> read_adapter(const fs::path& folder, const LanguageConfig& model) {
  return guard([&]() -> Result<LanguageAdapter> {
    if (!fs::exists(folder / kAdapterConfig)) return fail(ErrorCode::not_found, "{}: no {} there, so it is no adapter", folder.string(), kAdapterConfig);
    PTAH_TRY(const Config config, Config::read(folder / kAdapterConfig, (folder / kAdapterConfig).string()));
    const ConfigReport report = report_config(config.json, {kPeft}, config.file);
    if (!report.refused.empty()) return fail(ErrorCode::unsupported, "{}", report.refused.front());
    LanguageAdapter out;
    out.lora.rank = config.integer("r", 8);
    if (out.lora.rank < 1 || out.lora.rank > 65536) return fail(ErrorCode::corrupt, "{}: 'r' is {}", config.file, out.lora.rank);
    out.lora.alpha = static_cast<float>(config.number("lora_alpha", 8));
    if (config.boolean("use_rslora", false)) out.lora.alpha *= std::sqrt(static_cast<float>(out.lora.rank));  // scaled by alpha / √rank
    out.base = config.text("base_model_name_or_path", "");
    PTAH_TRY(const TensorFile file, read_safetensors(folder / kAdapterWeights));
    std::set<std::string> targets;
    for (const auto& [theirs, tensor] : file.tensors) {
      const std::string name = our_name(theirs, model.family);
      if (name.empty() || tensor.rank() != 2) return fail(ErrorCode::mismatch, "{}: '{}' is of no layer of this model", folder.string(), theirs);
      Tensor held = tensor.dtype() == DType::f32 ? tensor.clone() : cast(tensor, DType::f32);
      if (is_turned(name, model)) {
        if (held.dim(0) % model.head_dim)
          return fail(ErrorCode::mismatch, "{}: '{}' has {} rows for heads of {}", folder.string(), theirs, held.dim(0), model.head_dim);
        held = turned_rows(held, model.head_dim, false);
      }
      out.tensors.emplace(name, held);
      const std::string layer = name.substr(0, name.rfind('.'));
      targets.insert(layer.substr(layer.rfind('.') + 1));
    }
    if (targets.empty()) return fail(ErrorCode::corrupt, "{}: an empty adapter", folder.string());
    out.lora.targets.assign(targets.begin(), targets.end());
    return out;
  });
}

Result<void> write_adapter(const fs::path& folder, const LanguageAdapter& adapter, const LanguageConfig& model) {
  const NoGrad off;
  TensorFile file;
  std::set<std::string> modules;
  for (const auto& [name, tensor] : adapter.tensors) {
    const size_t dot = name.rfind('.');
    const std::string layer = hugging_face_name(name.substr(0, dot) + ".weight", model.family), stem = layer.substr(0, layer.rfind('.'));
    if (layer.empty()) return fail(ErrorCode::internal, "'{}' has no name in Hugging Face's layout", name);
    modules.insert(stem.substr(stem.rfind('.') + 1));
    const auto& end = kMatrices[name.substr(dot) == kMatrices[0].second ? 0 : 1].first;
    file.tensors.emplace(std::string(kPrefix) + stem + std::string(end), is_turned(name, model) ? turned_rows(tensor, model.head_dim, true) : tensor.detach());
  }
  file.metadata["format"] = "pt";
  const Json config = {{"peft_type", "LORA"},
                       {"task_type", "CAUSAL_LM"},
                       {"base_model_name_or_path", adapter.base},
                       {"r", adapter.lora.rank},
                       {"lora_alpha", adapter.lora.alpha},
                       {"lora_dropout", 0.0},
                       {"target_modules", std::vector<std::string>(modules.begin(), modules.end())},
                       {"bias", "none"},
                       {"fan_in_fan_out", family_by_name(model.family) && family_by_name(model.family)->transposed},
                       {"inference_mode", true},
                       {"use_rslora", false},
                       {"use_dora", false}};
  PTAH_TRY_VOID(make_folders(folder));
  PTAH_TRY_VOID(write_file(folder / kAdapterConfig, config.dump(2) + "\n"));
  return write_safetensors(folder / kAdapterWeights, file);
}

std::vector<fs::path> adapter_files(const fs::path& folder) { return {folder / kAdapterConfig, folder / kAdapterWeights}; }

Result<void> apply_adapter(LoadedLanguageModel& model, const fs::path& folder) {
  PTAH_TRY(LanguageAdapter adapter, read_adapter(folder, model.model->config()));
  return guard([&]() -> Result<void> {
    // A layer that the adapter leaves alone may have the last name of one that it changes.
    size_t used = 0;
    Weights weights(std::move(adapter.tensors));
    model.model->decoder().each_linear([&](const std::string& name, Linear& layer) {
      if (!weights.all().contains(name + ".lora_a") && !weights.all().contains(name + ".lora_b")) return;
      add_adapter(layer, name, adapter.lora, weights);
      used += 2;
    });
    if (used != weights.all().size())
      return fail(ErrorCode::mismatch, "{}: it has layers that this model lacks: '{}'", folder.string(), weights.unused().front());
    return {};
  });
}

}  // namespace ptah
