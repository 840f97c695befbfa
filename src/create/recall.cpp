#include "create/recall.h"

#include <array>
#include <charconv>
#include <map>

#include "base/text.h"
#include "create/painting.h"
#include "create/work.h"
#include "media/exif.h"
#include "media/png_chunks.h"

namespace ptah {

namespace fs = std::filesystem;

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
const Names* find(const std::array<Names, n>& table, const char* Names::*where, const std::string& name) {
  for (const Names& names : table)
    if (lower_case(name) == lower_case(names.*where)) return &names;
  return nullptr;
}

template <class T>
bool read_number(std::string_view text, T& into) {
  T value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return false;
  into = value;
  return true;
}

/// "Steps: 20, Lora hashes: "a: 1, b: 2", Size: 512x512" as pairs.
std::vector<std::pair<std::string, std::string>> settings_of(std::string_view line) {
  std::vector<std::pair<std::string, std::string>> out;
  for (size_t at = 0; at < line.size();) {
    const size_t colon = line.find(':', at);
    if (colon == std::string_view::npos) break;
    const std::string key(trimmed(line.substr(at, colon - at)));
    size_t begin = colon + 1, end;
    while (begin < line.size() && line[begin] == ' ') ++begin;
    if (begin < line.size() && line[begin] == '"') {
      end = begin + 1;
      while (end < line.size() && line[end] != '"') end += line[end] == '\\' ? 2 : 1;
      end = std::min(end + 1, line.size());
    } else {
      end = std::min(line.find(',', begin), line.size());
    }
    out.emplace_back(key, trimmed(line.substr(begin, end - begin)));
    const size_t comma = line.find(',', end);
    at = comma == std::string_view::npos ? line.size() : comma + 1;
  }
  return out;
}

/// Takes "<lora:name:0.8>" out of a prompt.
void take_loras(Recalled& out) {
  std::string& prompt = out.request.prompt;
  for (size_t at = prompt.find("<lora:"); at != std::string::npos; at = prompt.find("<lora:", at)) {
    const size_t end = prompt.find('>', at);
    if (end == std::string::npos) break;
    const std::string inner = prompt.substr(at + 6, end - at - 6);
    const size_t colon = inner.find(':');
    float strength = 1;
    if (colon != std::string::npos && !read_number(std::string_view(inner).substr(colon + 1, inner.find(':', colon + 1) - colon - 1), strength))
      out.missed.push_back("the strength in <lora:" + inner + ">");
    out.files.loras.push_back({inner.substr(0, colon) + ".safetensors", strength});
    prompt.erase(at, end - at + 1);
  }
  prompt = std::string(trimmed(prompt));
}

/// PNGs of others hold text in Latin-1 too.
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

/// One argument for a shell.
std::string quoted(std::string text) {
  if (!text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,+@%") == std::string::npos &&
      text[0] != '-')
    return text;
  replace_all(text, "'", "'\\''");
  return "'" + text + "'";
}

std::string paint_command(const Recalled& recalled) {
  const PaintRequest& r = recalled.request;
  const PaintRequest usual;
  std::string out = "ptah paint";
  const auto add = [&](const std::string& option, const std::string& value) { out.append(" ").append(option).append(" ").append(quoted(value)); };
  add("--model", recalled.files.model.empty() ? "MODEL.safetensors" : recalled.files.model.string());
  if (!recalled.files.unet.empty()) add("--unet", recalled.files.unet.string());
  if (!recalled.files.autoencoder.empty()) add("--vae", recalled.files.autoencoder.string());
  if (!recalled.files.refiner.empty()) add("--refiner", recalled.files.refiner.string());
  if (!recalled.files.t5.empty()) add("--t5", recalled.files.t5.string());
  if (!recalled.files.t5_words.empty()) add("--t5-words", recalled.files.t5_words.string());
  for (const StrongFile& item : recalled.files.loras) add("--lora", fmt::format("{}:{}", item.file.string(), item.strength));
  for (const fs::path& file : recalled.files.embeddings) add("--embedding", file.string());
  for (const StrongFile& item : recalled.files.controls) add("--control", fmt::format("{}:{}", item.file.string(), item.strength));
  if (recalled.files.wraps) out += " --seamless";
  if (recalled.files.packing != WeightPacking::plain) out += fmt::format(" --quantize {}", name_of(recalled.files.packing));
  if (!r.negative.empty()) add("--negative", r.negative);
  add("--seed", std::to_string(r.seed));
  add("--steps", std::to_string(r.steps));
  add("--guidance", fmt::format("{}", r.guidance));
  if (!recalled.files.refiner.empty()) add("--refine-from", fmt::format("{}", r.refine_from));
  if (r.rescale != usual.rescale) add("--rescale", fmt::format("{}", r.rescale));
  if (r.perpendicular != usual.perpendicular) add("--perpendicular", fmt::format("{}", r.perpendicular));
  if (!r.sampler.empty()) add("--sampler", r.sampler);
  if (!r.schedule.empty()) add("--schedule", r.schedule);
  if (r.width) add("--width", std::to_string(r.width));
  if (r.height) add("--height", std::to_string(r.height));
  if (r.clip_skip) add("--clip-skip", std::to_string(r.clip_skip));
  if (r.prediction != usual.prediction) add("--prediction", r.prediction);
  if (r.noise != usual.noise) add("--noise", r.noise);
  if (r.strength != usual.strength) add("--strength", fmt::format("{}", r.strength));
  if (r.enlarge != usual.enlarge) {
    add("--enlarge", fmt::format("{}", r.enlarge));
    add("--enlarge-strength", fmt::format("{}", r.enlarge_strength));
  }
  if (r.tile) add("--tile", std::to_string(r.tile));
  out += " --";
  out.append(" ").append(quoted(r.prompt));
  return out;
}

/// `ptah create` with every field of the request that has an option of that name.
std::string create_command(const Json& request) {
  std::string out = "ptah create";
  const std::map<std::string, std::string> options{{"seed", "--seed"},
                                                   {"style", "--style"},
                                                   {"size", "--size"},
                                                   {"steps", "--steps"},
                                                   {"guidance", "--guidance"},
                                                   {"sampler", "--sampler"},
                                                   {"background", "--background"},
                                                   {"solid", "--solid"},
                                                   {"target_triangles", "--target-tris"},
                                                   {"size_mm", "--size-mm"},
                                                   {"best_of", "--best-of"}};
  for (const auto& [key, option] : options) {
    const Json value = request.value(key, Json());
    if (value.is_string()) out.append(" ").append(option).append(" ").append(quoted(value.get<std::string>()));
    if (value.is_number()) out.append(" ").append(option).append(" ").append(value.is_number_float() ? fmt::format("{}", value.get<float>()) : value.dump());
  }
  if (request.value("object", Json()) == Json(false)) out += " --no-object";
  return out.append(" -- ").append(quoted(text_at(request, "prompt")));
}

}  // namespace

std::string webui_parameters(const PaintRequest& r, const DiffusionFiles& files, const Picture& picture, const std::string& model_hash) {
  const Names* sampler = find(kSamplers, &Names::ours, r.sampler);
  const Names* schedule = find(kSchedules, &Names::ours, r.schedule);
  std::string out = r.prompt;
  for (const StrongFile& item : files.loras) out.append(fmt::format(" <lora:{}:{}>", item.file.stem().string(), item.strength));
  if (!r.negative.empty()) out.append("\nNegative prompt: ").append(r.negative);
  std::string model = files.model.stem().string();
  std::erase_if(model, [](char c) { return c == ',' || c == ':'; });
  out += fmt::format("\nSteps: {}, Sampler: {}, Schedule type: {}, CFG scale: {}, Seed: {}, Size: {}x{}", r.steps, sampler ? sampler->webui : r.sampler,
                     schedule ? schedule->webui : r.schedule, r.guidance, r.seed, picture.width, picture.height);
  if (!model_hash.empty()) out += fmt::format(", Model hash: {}", model_hash.substr(0, 10));
  out += fmt::format(", Model: {}", model);
  if (r.clip_skip > 0) out += fmt::format(", Clip skip: {}", r.clip_skip + 1);
  if (r.strength != 1) out += fmt::format(", Denoising strength: {}", r.strength);
  if (r.enlarge != 1) out += fmt::format(", Denoising strength: {}, Hires upscale: {}, Hires upscaler: Lanczos", r.enlarge_strength, r.enlarge);
  if (r.noise == "torch") out += ", RNG: CPU";
  return out.append(", Version: Ptah ").append(kEngineVersion);
}

Result<Recalled> recall_webui(const std::string& parameters) {
  Recalled out;
  out.by = "WebUI";
  PaintRequest& r = out.request;
  r.noise = "torch";
  const std::string text = "\n" + as_utf8(parameters);
  size_t line = text.rfind("\nSteps: ");
  if (line == std::string::npos) return fail(ErrorCode::corrupt, "the WebUI's parameters have no line of settings");
  const size_t negative = text.find("\nNegative prompt: ");
  constexpr size_t kNegative = 18;
  r.prompt = trimmed(std::string_view(text).substr(0, std::min(negative, line)));
  if (negative < line) r.negative = trimmed(std::string_view(text).substr(negative + kNegative, line - negative - kNegative));
  float denoising = 0;
  bool hires = false;
  std::string schedule;
  const std::string_view settings = std::string_view(text).substr(line + 1);
  for (const auto& [key, value] : settings_of(settings.substr(0, settings.find('\n')))) {
    bool good = true;
    if (key == "Steps") {
      good = read_number(value, r.steps);
    } else if (key == "Sampler") {
      std::string name = value;
      if (!find(kSamplers, &Names::webui, name))  // older ones name the schedule too
        for (const Names& s : kSchedules)
          if (name.ends_with(std::string(" ") + s.webui)) schedule = s.ours, name.resize(name.size() - std::string_view(s.webui).size() - 1);
      const Names* found = find(kSamplers, &Names::webui, name);
      good = found != nullptr;
      if (found) r.sampler = found->ours;
      if (schedule.empty()) schedule = "normal";
    } else if (key == "Schedule type") {
      const Names* found = find(kSchedules, &Names::webui, value);
      good = found || value == "Automatic";
      if (found) schedule = found->ours;
    } else if (key == "CFG scale") {
      good = read_number(value, r.guidance);
    } else if (key == "Seed") {
      good = read_number(value, r.seed);
    } else if (key == "Size") {
      const size_t x = value.find('x');
      good =
          x != std::string::npos && read_number(std::string_view(value).substr(0, x), r.width) && read_number(std::string_view(value).substr(x + 1), r.height);
    } else if (key == "Clip skip") {
      good = read_number(value, r.clip_skip);
      r.clip_skip = std::max<int64_t>(r.clip_skip - 1, 0);
    } else if (key == "Denoising strength") {
      good = read_number(value, denoising);
    } else if (key == "Hires upscale") {
      good = hires = read_number(value, r.enlarge);
    } else if (key == "CFG Rescale phi" || key == "CFG rescale") {
      good = read_number(value, r.rescale);
    } else if (key == "Model") {
      out.files.model = value + ".safetensors";
    } else if (key == "VAE") {
      out.files.autoencoder = value;
    } else if (key == "RNG") {
      if (value != "CPU") out.missed.push_back("noise of " + value + ": only the processor's can be made again here");
    } else if (key != "Model hash" && key != "Version" && key != "Lora hashes" && key != "TI hashes" && key != "VAE hash") {
      good = false;
    }
    if (!good) out.missed.push_back(key + ": " + value);
  }
  if (settings.find("RNG: ") == std::string_view::npos) out.missed.emplace_back("noise: the WebUI makes it on the graphics card unless told otherwise");
  if (!schedule.empty()) r.schedule = schedule;
  if (denoising > 0) (hires ? r.enlarge_strength : r.strength) = denoising;
  if (denoising > 0 && !hires) out.missed.emplace_back("the picture it started from (--from)");
  take_loras(out);
  return out;
}

Result<Recalled> recall_comfy(const std::string& text) {
  PTAH_TRY(const Json graph, parse_json(text, 64));
  if (!graph.is_object()) return fail(ErrorCode::corrupt, "ComfyUI's graph is no object");
  Recalled out;
  out.by = "ComfyUI";
  PaintRequest& r = out.request;
  r.noise = "torch";
  const auto kind_of = [&](const Json& node) { return text_at(node, "class_type"); };
  const auto input = [&](const Json& node, const char* name) {
    const Json inputs = node.is_object() ? node.value("inputs", Json()) : Json();
    return inputs.is_object() ? inputs.value(name, Json()) : Json();
  };
  const auto words = [&](const Json& node, const char* name) {
    const Json value = input(node, name);
    return value.is_string() ? value.get<std::string>() : std::string();
  };
  // The node that an input is linked to: ["id", output].
  const auto linked = [&](const Json& node, const char* name) -> Json {
    const Json link = input(node, name);
    if (!link.is_array() || link.empty() || !link[0].is_string()) return {};
    return graph.value(link[0].get<std::string>(), Json());
  };
  Json sampler;
  for (const auto& [id, node] : graph.items())
    if (node.is_object() && sampler.is_null() && (kind_of(node) == "KSampler" || kind_of(node) == "KSamplerAdvanced")) sampler = node;
  if (sampler.is_null()) return fail(ErrorCode::unsupported, "ComfyUI's graph has no KSampler");
  const auto number = [&](const Json& node, const char* name, auto& into) {
    const Json value = input(node, name);
    if (value.is_number())
      into = value.get<std::remove_reference_t<decltype(into)>>();
    else
      out.missed.push_back(std::string(name) + ": " + value.dump());
  };
  number(sampler, kind_of(sampler) == "KSampler" ? "seed" : "noise_seed", r.seed);
  number(sampler, "steps", r.steps);
  number(sampler, "cfg", r.guidance);
  if (input(sampler, "denoise").is_number()) r.strength = input(sampler, "denoise").get<float>();
  const auto named = [&](const char* name, const auto& table, std::string& into) {
    const Json value = input(sampler, name);
    const Names* found = value.is_string() ? find(table, &Names::comfy, value.get<std::string>()) : nullptr;
    if (found)
      into = found->ours;
    else
      out.missed.push_back(std::string(name) + ": " + value.dump());
  };
  named("sampler_name", kSamplers, r.sampler);
  named("scheduler", kSchedules, r.schedule);
  constexpr int kMostSteps = 100;  // a graph may go round in circles
  Json model = linked(sampler, "model");
  for (int i = 0; i < kMostSteps && model.is_object(); ++i) {
    const std::string kind = kind_of(model);
    if (kind == "CheckpointLoaderSimple" || kind == "CheckpointLoader") {
      out.files.model = words(model, "ckpt_name");
      break;
    }
    if (kind == "LoraLoader" || kind == "LoraLoaderModelOnly") {
      StrongFile lora{words(model, "lora_name")};
      number(model, "strength_model", lora.strength);
      out.files.loras.insert(out.files.loras.begin(), lora);
    } else if (kind == "UNETLoader" || kind == "UnetLoaderGGUF") {
      out.files.unet = words(model, "unet_name");
      break;
    } else {
      out.missed.push_back("node " + kind);
    }
    model = linked(model, "model");
  }
  const auto prompt = [&](const char* name, std::string& into) {
    Json node = linked(sampler, name);
    for (int i = 0; i < kMostSteps && node.is_object(); ++i) {
      if (kind_of(node) == "CLIPTextEncode") {
        if (!input(node, "text").is_string()) out.missed.push_back(std::string(name) + ": a text made by another node");
        into = words(node, "text");
        for (Json clip = linked(node, "clip"); i < kMostSteps && clip.is_object(); clip = linked(clip, "clip"), ++i)
          if (kind_of(clip) == "CLIPSetLastLayer" && input(clip, "stop_at_clip_layer").is_number_integer())
            r.clip_skip = std::clamp<int64_t>(-1 - input(clip, "stop_at_clip_layer").get<int64_t>(), 0, 12);
        return;
      }
      out.missed.push_back("node " + kind_of(node));
      node = linked(node, linked(node, "conditioning").is_object() ? "conditioning" : name);
    }
  };
  prompt("positive", r.prompt);
  prompt("negative", r.negative);
  const Json latents = linked(sampler, "latent_image");
  if (kind_of(latents) == "EmptyLatentImage") {
    number(latents, "width", r.width);
    number(latents, "height", r.height);
  } else {
    out.missed.push_back("node " + kind_of(latents) + ", which it starts from");
  }
  return out;
}

namespace {

/// Settings of the WebUI (in the comment), or ComfyUI's graph (behind "prompt:"), in a JPEG or WebP file. Errors: not_found, corrupt.
Result<std::string> exif_settings(std::span<const uint8_t> file, bool webui) {
  PTAH_TRY(const ExifTexts texts, exif_texts(file));
  if (webui && !texts.comment.empty()) return texts.comment;
  constexpr std::string_view kGraph = "prompt:";
  for (const std::string& text : texts.others)
    if (!webui && text.starts_with(kGraph)) return text.substr(kGraph.size());
  return fail(ErrorCode::not_found, "no settings there");
}

}  // namespace

Result<std::string> recall(const fs::path& file) {
  const auto said = [&](const Recalled& recalled) {
    std::string out = fmt::format("# painted by {}\n", recalled.by);
    for (std::string note : recalled.missed) {
      for (char& c : note)
        if (static_cast<unsigned char>(c) < ' ') c = ' ';
      out.append("# not told: ").append(note).append("\n");
    }
    return out.append(paint_command(recalled)).append("\n");
  };
  const auto receipt = read_receipt(file);
  if (receipt) {
    if (is_painting_receipt(*receipt)) {
      Recalled recalled;
      recalled.by = "Ptah";
      PTAH_TRY(recalled.request, paint_request((*receipt)["request"]));
      PTAH_TRY(recalled.files, diffusion_files((*receipt)["request"].value("files", Json::object())));
      if (receipt->contains("sources")) recalled.missed.emplace_back("the pictures it started from (--from, --mask, --control FILE:STRENGTH:PICTURE)");
      return said(recalled);
    }
    if (text_at(*receipt, "kind").starts_with("picture")) return create_command((*receipt)["request"]) + "\n";
    return fail(ErrorCode::unsupported, "{}: a work of the kind '{}'", file.string(), text_at(*receipt, "kind"));
  }
  if (receipt.error().code != ErrorCode::not_found && receipt.error().code != ErrorCode::unsupported) return tl::unexpected(receipt.error());
  PTAH_TRY(const Bytes bytes, read_file(file));
  for (const bool webui : {true, false}) {
    const auto text = is_png(bytes) ? png_text(bytes, webui ? "parameters" : "prompt") : exif_settings(bytes, webui);
    if (!text) {
      if (text.error().code == ErrorCode::not_found) continue;
      return fail(text.error().code, "{}: {}", file.string(), text.error().message);
    }
    const auto found = guard([&] { return webui ? recall_webui(*text) : recall_comfy(*text); });
    if (!found) return fail(found.error().code, "{}: {}", file.string(), found.error().message);
    return said(*found);
  }
  return fail(ErrorCode::not_found, "{}: neither a receipt nor settings of the WebUI or ComfyUI in it", file.string());
}

}  // namespace ptah
