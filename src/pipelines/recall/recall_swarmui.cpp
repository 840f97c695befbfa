// SwarmUI: {"sui_image_params": {…}, …} ("parameters", or the comment of a JPEG).
#include "base/text.h"
#include "pipelines/recall/recall_parts.h"

namespace ptah {

namespace {

std::vector<std::string> list_in(const Json& from, const char* key) {
  std::vector<std::string> out;
  const Json value = from.value(key, Json());
  for (const Json& item : value.is_array() ? value : Json::array()) out.push_back(item.is_string() ? item.get<std::string>() : item.dump());
  if (value.is_string())
    for (size_t at = 0; at <= value.get_ref<const std::string&>().size();) {
      const auto& all = value.get_ref<const std::string&>();
      const size_t end = std::min(all.find(',', at), all.size());
      if (end > at) out.emplace_back(trimmed(std::string_view(all).substr(at, end - at)));
      at = end + 1;
    }
  return out;
}

}  // namespace

Result<Recalled> recall_swarmui(const std::string& text) {
  PTAH_TRY(const Json whole, strangers_json(text));
  const Json json = whole.is_object() ? whole.value("sui_image_params", Json()) : Json();
  if (!json.is_object()) return fail(ErrorCode::corrupt, "SwarmUI's settings are no object");
  Recalled out = take_common("SwarmUI", json, {.negative = "negativeprompt", .guidance = "cfgscale", .sampler = "sampler", .schedule = "scheduler"});
  PaintRequest& r = out.request;
  out.files.model = model_file(text_at(json, "model"));
  if (const std::string vae = text_at(json, "vae"); !vae.empty() && vae != "Automatic" && vae != "None") out.files.autoencoder = model_file(vae);
  if (json.contains("clipstopatlayer")) {
    int64_t layer = -1;
    take_number(out, json, "clipstopatlayer", layer);
    r.clip_skip = std::max<int64_t>(-1 - layer, 0);
  }
  const auto names = list_in(json, "loras"), weights = list_in(json, "loraweights");
  for (size_t i = 0; i < names.size(); ++i) {
    float strength = 1;
    if (i < weights.size() && !read_number(weights[i], strength)) out.missed.push_back("the weight of " + names[i]);
    out.files.loras.push_back({model_file(names[i]), strength});
  }
  if (json.contains("initimage") || json.contains("initimagecreativity")) {
    take_number(out, json, "initimagecreativity", r.strength);
    out.missed.emplace_back("the picture it started from (`from`)");
  }
  if (json.contains("refinerupscale")) {
    take_number(out, json, "refinerupscale", r.enlarge);
    take_number(out, json, "refinercontrolpercentage", r.enlarge_strength);
  }
  if (r.prompt.find('<') != std::string::npos) out.missed.emplace_back("SwarmUI's syntax in <…>; it is not read here");
  note_others(out, json,
              {"prompt",
               "negativeprompt",
               "steps",
               "cfgscale",
               "seed",
               "width",
               "height",
               "sampler",
               "scheduler",
               "model",
               "vae",
               "clipstopatlayer",
               "loras",
               "loraweights",
               "initimage",
               "initimagecreativity",
               "refinerupscale",
               "refinercontrolpercentage",
               "swarm_version",
               "aspectratio",
               "images",
               "automaticvae",
               "date",
               "generation_time",
               "resolution"});
  return out;
}

}  // namespace ptah
