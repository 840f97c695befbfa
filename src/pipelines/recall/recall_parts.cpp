#include "pipelines/recall/recall_parts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "base/text.h"

namespace ptah {

namespace {

/// Names here, in the WebUI, and in ComfyUI.
struct Names {
  const char *ours, *webui, *comfy;
};
constexpr std::array<Names, 14> kSamplers{{{"euler", "Euler", "euler"},
                                           {"euler_a", "Euler a", "euler_ancestral"},
                                           {"heun", "Heun", "heun"},
                                           {"dpm2", "DPM2", "dpm_2"},
                                           {"dpm2_a", "DPM2 a", "dpm_2_ancestral"},
                                           {"dpmpp_2m", "DPM++ 2M", "dpmpp_2m"},
                                           {"dpmpp_2s_a", "DPM++ 2S a", "dpmpp_2s_ancestral"},
                                           {"dpmpp_2m_sde", "DPM++ 2M SDE", "dpmpp_2m_sde"},
                                           {"dpmpp_3m_sde", "DPM++ 3M SDE", "dpmpp_3m_sde"},
                                           {"uni_pc", "UniPC", "uni_pc"},
                                           {"ddim", "DDIM", "ddim"},
                                           {"restart", "Restart", "restart"},
                                           {"ddpm", "DDPM", "ddpm"},
                                           {"lcm", "LCM", "lcm"}}};
constexpr std::array<Names, 8> kSchedules{{{"normal", "Normal", "normal"},
                                           {"simple", "Simple", "simple"},
                                           {"karras", "Karras", "karras"},
                                           {"exponential", "Exponential", "exponential"},
                                           {"sgm_uniform", "SGM Uniform", "sgm_uniform"},
                                           {"beta", "Beta", "beta"},
                                           {"ays", "Align Your Steps", "ays"},
                                           {"ays_xl", "Align Your Steps", "ays"}}};

template <size_t n>
const char* called(const std::array<Names, n>& table, NamedBy by, const std::string& name) {
  const auto where = by == NamedBy::webui ? &Names::webui : &Names::comfy;
  for (const Names& names : table)
    if (lower_case(name) == lower_case(names.*where)) return names.ours;
  return nullptr;
}

template <size_t n>
std::string in_webui(const std::array<Names, n>& table, const std::string& ours) {
  for (const Names& names : table)
    if (ours == names.ours) return names.webui;
  return ours;
}

/// A number, or a text that is one.
std::optional<double> number_in(const Json& value) {
  double number = 0;
  if (value.is_number()) return value.get<double>();
  if (value.is_string() && read_number(trimmed(value.get_ref<const std::string&>()), number)) return number;
  return {};
}

}  // namespace

const char* sampler_called(NamedBy by, const std::string& name) { return called(kSamplers, by, name); }
const char* schedule_called(NamedBy by, const std::string& name) { return called(kSchedules, by, name); }
std::string sampler_in_webui(const std::string& ours) { return in_webui(kSamplers, ours); }
std::string schedule_in_webui(const std::string& ours) { return in_webui(kSchedules, ours); }

void take_sampler(Recalled& out, std::string name) {
  const std::string said = name;
  if (name.ends_with("_gpu")) {
    name.resize(name.size() - 4);
    out.missed.push_back("sampler " + said + ": noise from the graphics card; the processor's is taken");
  }
  if (name == "uni_pc_bh2") name = "uni_pc", out.missed.push_back("sampler " + said + ": uni_pc is the nearest");
  if (const char* ours = sampler_called(NamedBy::comfy, name))
    out.request.sampler = ours;
  else if (const char* other = sampler_called(NamedBy::webui, name))
    out.request.sampler = other;
  else
    out.missed.push_back("sampler " + said + ": not known here; the usual one is taken");
}

void take_schedule(Recalled& out, const std::string& name) {
  if (const char* ours = schedule_called(NamedBy::comfy, name))
    out.request.schedule = ours;
  else if (const char* other = schedule_called(NamedBy::webui, name))
    out.request.schedule = other;
  else
    out.missed.push_back("schedule " + name + ": not known here; the usual one is taken");
}

void take_seed(Recalled& out, std::string_view decimal) {
  const std::string_view text = trimmed(decimal);
  int64_t below = 0;
  if (read_number(text, out.request.seed)) return;
  if (!read_number(text, below)) return out.missed.push_back("seed: " + std::string(text));
  if (below == -1) return out.missed.push_back("seed: -1 stands for any, and which one it was is not told");
  out.request.seed = static_cast<uint64_t>(below);
  out.missed.push_back(fmt::format("seed: {} is the same as {}, which is written here", below, out.request.seed));
}

void take_number(Recalled& out, const Json& from, const char* key, float& into) {
  const Json value = from.is_object() ? from.value(key, Json()) : Json();
  if (value.is_null()) return;
  const auto number = number_in(value);
  if (number && std::abs(*number) < 1e9)
    into = static_cast<float>(*number);
  else
    out.missed.push_back(std::string(key) + ": " + value.dump());
}

void take_number(Recalled& out, const Json& from, const char* key, int64_t& into) {
  const Json value = from.is_object() ? from.value(key, Json()) : Json();
  if (value.is_null()) return;
  const auto number = number_in(value);
  if (number && std::abs(*number) < 1e9 && *number == std::floor(*number))
    into = static_cast<int64_t>(*number);
  else
    out.missed.push_back(std::string(key) + ": " + value.dump());
}

void take_seed(Recalled& out, const Json& from, const char* key) {
  const Json value = from.is_object() ? from.value(key, Json()) : Json();
  if (value.is_null()) return;
  take_seed(out, value.is_string() ? value.get<std::string>() : value.dump());
}

Recalled take_common(const char* by, const Json& from, const CommonNames& names) {
  Recalled out;
  out.by = by;
  out.request.noise = "torch";
  out.request.prompt = text_at(from, names.prompt);
  if (names.negative) out.request.negative = text_at(from, names.negative);
  take_number(out, from, "steps", out.request.steps);
  if (names.guidance) take_number(out, from, names.guidance, out.request.guidance);
  take_seed(out, from, "seed");
  if (names.width) take_number(out, from, names.width, out.request.width);
  if (names.height) take_number(out, from, names.height, out.request.height);
  if (names.sampler && from.contains(names.sampler)) take_sampler(out, text_at(from, names.sampler));
  if (names.schedule && from.contains(names.schedule)) take_schedule(out, text_at(from, names.schedule));
  return out;
}

Result<Json> settings_object(const char* by, const std::string& text) {
  PTAH_TRY(Json json, strangers_json(text));
  if (!json.is_object()) return fail(ErrorCode::corrupt, "the settings of {} are no object", by);
  return json;
}

void note_others(Recalled& out, const Json& from, const std::vector<std::string_view>& known) {
  for (const auto& [key, value] : from.items()) {
    const bool empty = value.is_null() || value == Json(false) || value == Json("") || (value.is_structured() && value.empty());
    if (!empty && std::find(known.begin(), known.end(), key) == known.end()) out.missed.push_back(beginning(key + ": " + value.dump(), 300));
  }
}

std::filesystem::path model_file(std::string name) {
  std::replace(name.begin(), name.end(), '\\', '/');
  if (name.empty()) return {};
  for (const char* ending : {".safetensors", ".ckpt", ".gguf", ".pt", ".pth", ".bin"})
    if (lower_case(name).ends_with(ending)) return name;
  return name + ".safetensors";
}

Result<Json> strangers_json(const std::string& text) {
  const std::string from = as_utf8(text);
  std::string out;
  bool quoted = false;
  for (size_t at = 0; at < from.size(); ++at) {
    const std::string_view rest = std::string_view(from).substr(at);
    if (quoted && rest[0] == '\\' && rest.size() > 1) {
      out.append(rest.substr(0, 2));
      ++at;
      continue;
    }
    if (rest[0] == '"') quoted = !quoted;
    std::string_view word;
    for (const std::string_view one : {"NaN", "-Infinity", "Infinity", "nan", "-inf", "inf"})
      if (!quoted && word.empty() && rest.starts_with(one)) word = one;
    out.append(word.empty() ? rest.substr(0, 1) : "null");
    if (!word.empty()) at += word.size() - 1;
  }
  while (!out.empty() && out.back() == '\0') out.pop_back();
  return parse_json(out, 64);
}

std::string as_utf8(const std::string& text) {
  if (invalid_utf8_at(text) == std::string::npos) return text;
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80)
      out += c;
    else
      out += {static_cast<char>(0xC0 | byte >> 6), static_cast<char>(0x80 | (byte & 0x3F))};
  }
  return out;
}

std::string weighted(const std::string& text, float weight) {
  std::string out;
  for (const char c : text) {
    if (c == '(' || c == ')' || c == '[' || c == ']') out += '\\';
    out += c;
  }
  return weight == 1 || trimmed(out).empty() ? out : fmt::format("({}:{:.6g})", out, weight);
}

}  // namespace ptah
