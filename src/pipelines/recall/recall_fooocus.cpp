// Fooocus: one JSON object ("parameters", or the comment of a JPEG or WebP).
#include "base/text.h"
#include "pipelines/recall/recall_parts.h"

namespace ptah {

Result<Recalled> recall_fooocus(const std::string& text) {
  PTAH_TRY(const Json json, settings_object("Fooocus", text));
  Recalled out = take_common(
      "Fooocus", json,
      {.negative = "negative_prompt", .guidance = "guidance_scale", .width = nullptr, .height = nullptr, .sampler = "sampler", .schedule = "scheduler"});
  PaintRequest& r = out.request;
  out.files.model = model_file(text_at(json, "base_model"));
  if (json.contains("clip_skip")) {
    int64_t skip = 2;  // of SDXL's encoders one layer is always left out
    take_number(out, json, "clip_skip", skip);
    r.clip_skip = std::max<int64_t>(skip - 2, 0);
  }
  const std::string size = text_at(json, "resolution");  // "(1152, 896)"
  if (const size_t comma = size.find(','); comma != std::string::npos && size.size() > 4)
    if (!read_number(trimmed(std::string_view(size).substr(1, comma - 1)), r.width) ||
        !read_number(trimmed(std::string_view(size).substr(comma + 1, size.size() - comma - 2)), r.height))
      out.missed.push_back("resolution: " + size);
  if (const std::string refiner = text_at(json, "refiner_model"); !refiner.empty() && refiner != "None") {
    out.files.refiner = model_file(refiner);
    take_number(out, json, "refiner_switch", r.refine_from);
  }
  if (const std::string vae = text_at(json, "vae"); !vae.empty() && !vae.starts_with("Default")) out.files.autoencoder = model_file(vae);
  const auto add_lora = [&](const std::string& name, float strength) { out.files.loras.push_back({model_file(name), strength}); };
  const Json loras = json.value("loras", Json());
  for (const Json& lora : loras.is_array() ? loras : Json::array())
    if (lora.is_array() && lora.size() >= 2 && lora[0].is_string() && lora[1].is_number()) add_lora(lora[0].get<std::string>(), lora[1].get<float>());
  for (const auto& [key, value] : json.items()) {  // "name : 0.5"
    if (!key.starts_with("lora_combined") || !value.is_string() || (loras.is_array() && !loras.empty())) continue;
    const auto& both = value.get_ref<const std::string&>();
    const size_t colon = both.rfind(" : ");
    float strength = 1;
    if (colon != std::string::npos && read_number(trimmed(std::string_view(both).substr(colon + 3)), strength)) add_lora(both.substr(0, colon), strength);
  }
  // Styles and the expansion add words: where they were written down, they are the prompt that was painted.
  if (const Json styles = json.value("styles", Json()); !styles.is_null() && styles != Json("[]") && styles != Json::array())
    out.missed.push_back("styles " + (styles.is_string() ? styles.get<std::string>() : styles.dump()) + ": their words are not in this prompt");
  if (const std::string expansion = text_at(json, "prompt_expansion"); !expansion.empty() && expansion != r.prompt)
    out.missed.push_back("prompt expansion: " + expansion);
  if (json.contains("sharpness")) out.missed.emplace_back("sharpness and adaptive guidance: Fooocus' own, not computed here");
  out.missed.emplace_back("noise: Fooocus makes it on the graphics card");
  return out;
}

}  // namespace ptah
