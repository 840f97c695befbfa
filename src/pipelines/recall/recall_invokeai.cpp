// InvokeAI: "invokeai_metadata", and "sd-metadata" of its second version.
#include <cctype>

#include "base/text.h"
#include "pipelines/recall/recall_parts.h"

namespace ptah {

namespace {

/// The name in {"name": …}, {"model_name": …} or a plain text.
std::string name_in(const Json& model) {
  if (model.is_string()) return model.get<std::string>();
  for (const char* key : {"name", "model_name"})
    if (std::string name = text_at(model, key); !name.empty()) return name;
  return "";
}

/// InvokeAI's names of samplers, "_k" behind them for Karras' schedule.
void take_scheduler(Recalled& out, std::string name) {
  out.request.schedule = "normal";
  if (name.ends_with("_k")) {
    name.resize(name.size() - 2);
    out.request.schedule = "karras";
  }
  if (name.starts_with("k_")) name.erase(0, 2);
  for (const auto& [theirs, comfy] : {std::pair{"euler_a", "euler_ancestral"},
                                      {"kdpm_2", "dpm_2"},
                                      {"kdpm_2_a", "dpm_2_ancestral"},
                                      {"dpm_2_a", "dpm_2_ancestral"},
                                      {"dpmpp_2s", "dpmpp_2s_ancestral"},
                                      {"unipc", "uni_pc"},
                                      {"dpmpp_3m", "dpmpp_3m_sde"}})
    if (name == theirs) {
      name = comfy;
      break;
    }
  take_sampler(out, name);
}

Recalled recall_second(const Json& json) {
  Recalled out;
  const Json image = json.value("image", Json::object());
  PaintRequest& r = out.request;
  const Json prompt = image.is_object() ? image.value("prompt", Json()) : Json();
  if (prompt.is_string()) r.prompt = prompt.get<std::string>();
  for (const Json& part : prompt.is_array() ? prompt : Json::array())
    if (const std::string words = text_at(part, "prompt"); !words.empty()) r.prompt += (r.prompt.empty() ? "" : ", ") + words;
  // What is in brackets at its end is the negative prompt.
  if (const size_t open = r.prompt.rfind('['), close = r.prompt.rfind(']'); open != std::string::npos && close != std::string::npos && close > open) {
    r.negative = r.prompt.substr(open + 1, close - open - 1);
    r.prompt.erase(open, close - open + 1);
  }
  take_number(out, image, "steps", r.steps);
  take_number(out, image, "cfg_scale", r.guidance);
  take_seed(out, image, "seed");
  take_number(out, image, "width", r.width);
  take_number(out, image, "height", r.height);
  if (image.contains("sampler")) take_scheduler(out, text_at(image, "sampler"));
  out.files.model = model_file(text_at(json, "model_weights"));
  return out;
}

/// Its first version's command: "a fox [bad]" -s 50 -S 42 -W 512 -H 512 -C 7.5 -A k_lms
Result<Recalled> recall_command(const std::string& text) {
  const size_t open = text.find('"'), close = text.rfind("\" -");
  if (close == std::string::npos || close <= open) return fail(ErrorCode::corrupt, "InvokeAI's command has no options behind its prompt");
  Json image = {{"prompt", text.substr(open + 1, close - open - 1)}};
  std::string option;
  Recalled unread;
  for (size_t at = close + 1; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    at = end + 1;
    if (word.empty()) continue;
    if (word.size() > 1 && word[0] == '-' && std::isdigit(static_cast<unsigned char>(word[1])) == 0) {
      option = word;
      continue;
    }
    const char* key = option == "-s"   ? "steps"
                      : option == "-S" ? "seed"
                      : option == "-W" ? "width"
                      : option == "-H" ? "height"
                      : option == "-C" ? "cfg_scale"
                      : option == "-A" ? "sampler"
                                       : nullptr;
    if (key)
      image[key] = word;
    else
      unread.missed.push_back(option + " " + word);
    if (unread.missed.size() > 50) break;
  }
  Recalled out = recall_second(Json{{"image", image}});
  out.by = "InvokeAI";
  out.request.noise = "torch";
  out.missed.insert(out.missed.end(), unread.missed.begin(), unread.missed.end());
  return out;
}

}  // namespace

Result<Recalled> recall_invokeai(const std::string& text) {
  if (trimmed(text).starts_with('"')) return recall_command(as_utf8(text));
  PTAH_TRY(const Json json, strangers_json(text));
  if (!json.is_object()) return fail(ErrorCode::corrupt, "InvokeAI's settings are no object");
  const bool second = json.contains("model_weights") && json.value("image", Json()).is_object();
  Recalled out = second ? recall_second(json) : Recalled{};
  out.by = "InvokeAI";
  PaintRequest& r = out.request;
  r.noise = "torch";
  if (!second) {
    r.prompt = text_at(json, "positive_prompt");
    r.negative = text_at(json, "negative_prompt");
    take_number(out, json, "steps", r.steps);
    take_number(out, json, "cfg_scale", r.guidance);
    take_number(out, json, "cfg_rescale_multiplier", r.rescale);
    take_number(out, json, "clip_skip", r.clip_skip);
    take_seed(out, json, "seed");
    take_number(out, json, "width", r.width);
    take_number(out, json, "height", r.height);
    if (json.contains("scheduler")) take_scheduler(out, text_at(json, "scheduler"));
    out.files.model = model_file(name_in(json.value("model", Json())));
    out.files.autoencoder = model_file(name_in(json.value("vae", Json())));
    if (const std::string refiner = name_in(json.value("refiner_model", Json())); !refiner.empty()) {
      out.files.refiner = model_file(refiner);
      take_number(out, json, "refiner_start", r.refine_from);
    }
    const Json loras = json.value("loras", Json());
    for (const Json& lora : loras.is_array() ? loras : Json::array()) {
      float strength = 1;
      take_number(out, lora, "weight", strength);
      const Json model = lora.is_object() ? lora.value("model", lora.value("lora", Json())) : Json();
      if (const std::string name = name_in(model); !name.empty()) out.files.loras.push_back({model_file(name), strength});
    }
    if (text_at(json, "rand_device") != "cpu") out.missed.emplace_back("noise: made on the graphics card");
    if (json.value("seamless_x", Json()) == Json(true) && json.value("seamless_y", Json()) == Json(true)) out.files.wraps = true;
    if (json.contains("init_image")) {
      take_number(out, json, "strength", r.strength);
      out.missed.emplace_back("the picture it started from (`from`)");
    }
    for (const char* list : {"controlnets", "ipAdapters", "t2iAdapters"})
      if (const Json value = json.value(list, Json()); value.is_array() && !value.empty()) out.missed.push_back(list + (": " + value.dump()));
    for (const char* key : {"positive_style_prompt", "negative_style_prompt"})
      if (const std::string style = text_at(json, key); !style.empty()) out.missed.push_back(std::string(key) + ": " + style);
    if (json.value("hrf_enabled", Json()) == Json(true)) out.missed.emplace_back("the second pass (high resolution fix)");
  }
  for (const std::string* prompt : {&r.prompt, &r.negative})
    if (prompt->find("++") != std::string::npos || prompt->find("--") != std::string::npos || prompt->find(").") != std::string::npos)
      out.missed.emplace_back("InvokeAI's weights (word++, .and(), .blend()) are not read here");
  return out;
}

}  // namespace ptah
