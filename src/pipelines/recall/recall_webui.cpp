// What the WebUI and its relatives write: prompts, then one line of settings.
#include <algorithm>
#include <cctype>
#include <optional>

#include "base/text.h"
#include "pipelines/recall/recall_parts.h"
#include "pipelines/create.h"

namespace ptah {

namespace {

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

constexpr int kMaxBrackets = 50;                             ///< of brackets in brackets
constexpr size_t kMaxBracket = 2000, kMaxBytes = 128 << 10;  ///< that are read

/// Where the bracket that begins at `at` ends, and where the signs | and : stand directly inside it; npos if it is never closed.
struct Bracket {
  size_t end = std::string_view::npos;
  std::vector<size_t> bars, colons;
};
Bracket bracket_at(std::string_view text, size_t at) {
  Bracket out;
  int depth = 0;
  for (size_t i = at; i < std::min(text.size(), at + kMaxBracket); ++i) {
    const char c = text[i];
    if (c == '\\') {
      ++i;
    } else if (c == '[' || c == '(') {
      ++depth;
    } else if (c == ']' || c == ')') {
      if (--depth > 0) continue;
      if (c == ']') out.end = i;
      return out;
    } else if (depth == 1 && c == '|') {
      out.bars.push_back(i);
    } else if (depth == 1 && c == ':') {
      out.colons.push_back(i);
    }
  }
  return out;
}

/// Prompt editing [from:to:when] and alternation [one|other] are not computed here: what stands at the end, or first, is taken.
std::string without_editing(std::string_view text, std::vector<std::string>& missed, int depth = 0) {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) {
      out.append(text.substr(at++, 2));
      continue;
    }
    const Bracket group = text[at] == '[' && depth < kMaxBrackets ? bracket_at(text, at) : Bracket{};
    if (group.end == std::string_view::npos) {
      out += text[at];
      continue;
    }
    const auto between = [&](size_t from, size_t to) { return text.substr(from + 1, to - from - 1); };
    float when = 0;
    std::string_view taken = between(at, group.end);
    const bool edits = !group.colons.empty() && read_number(trimmed(between(group.colons.back(), group.end)), when);
    if (!group.bars.empty()) {
      taken = between(at, group.bars.front());
    } else if (edits && group.colons.size() == 1) {
      taken = between(at, group.colons[0]);
    } else if (edits) {
      const size_t last = group.colons.back(), before = group.colons[group.colons.size() - 2];
      taken = between(before, last);
      if (trimmed(taken).empty()) taken = between(at, before);
    }
    const bool changed = !group.bars.empty() || edits;
    if (changed)
      missed.push_back(fmt::format("{}: {} is not computed here; '{}' is taken", text.substr(at, group.end - at + 1),
                                   edits && group.bars.empty() ? "editing the prompt on the way" : "taking turns", trimmed(taken)));
    const std::string inner = without_editing(taken, missed, depth + 1);
    out += changed ? inner : "[" + inner + "]";
    at = group.end;
  }
  return out;
}

/// "one AND other :0.8": several prompts, whose noise would be added up.
std::string without_composition(const std::string& text, std::vector<std::string>& missed) {
  const auto is_word = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  std::string out;
  size_t from = 0;
  bool any = false;
  for (size_t at = text.find("AND"); at != std::string::npos; at = text.find("AND", at + 1)) {
    if ((at > 0 && is_word(static_cast<unsigned char>(text[at - 1]))) || (at + 3 < text.size() && is_word(static_cast<unsigned char>(text[at + 3])))) continue;
    out.append(trimmed(std::string_view(text).substr(from, at - from))).append(", ");
    from = at + 3;
    any = true;
  }
  if (!any) return text;
  missed.emplace_back("AND (several prompts at once) is not computed here; the parts are put behind one another");
  std::string last(trimmed(std::string_view(text).substr(from)));
  return out + last;
}

/// Takes "<lora:name:0.8>" and its like out of a prompt.
void take_networks(Recalled& out, std::string& prompt, bool negative) {
  for (size_t at = prompt.find('<'); at != std::string::npos; at = prompt.find('<', at)) {
    const size_t end = prompt.find('>', at), colon = prompt.find(':', at);
    if (end == std::string::npos) break;
    const std::string kind = prompt.substr(at + 1, colon < end ? colon - at - 1 : 0), whole = prompt.substr(at, end - at + 1);
    if (kind.empty() || !std::all_of(kind.begin(), kind.end(), [](unsigned char c) { return std::isalnum(c) != 0; })) {
      ++at;
      continue;
    }
    prompt.erase(at, end - at + 1);
    if (negative) {
      out.missed.push_back(whole + " in the negative prompt: the WebUI loads nothing from there; left out");
      continue;
    }
    if (kind != "lora" && kind != "lyco") {
      out.missed.push_back(whole + ": networks of this kind are not read here; left out");
      continue;
    }
    // name, then strengths by position (text encoder, U-Net) or by name
    std::vector<std::string> parts;
    for (size_t from = kind.size() + 2; from < whole.size();) {
      const size_t to = std::min(whole.find(':', from), whole.size() - 1);
      parts.push_back(whole.substr(from, to - from));
      from = to + 1;
    }
    std::optional<float> text, unet;
    for (size_t i = 1; i < parts.size(); ++i) {
      const size_t equals = parts[i].find('=');
      const std::string name = equals == std::string::npos ? (i == 1 ? "te" : i == 2 ? "unet" : "dyn") : parts[i].substr(0, equals);
      float value = 0;
      const bool good = read_number(trimmed(std::string_view(parts[i]).substr(equals == std::string::npos ? 0 : equals + 1)), value);
      if (good && name == "te")
        text = value;
      else if (good && name == "unet")
        unet = value;
      else
        out.missed.push_back(fmt::format("'{}' in {}", parts[i], whole));
    }
    const float strength = unet ? *unet : text.value_or(1);
    if (unet && text && *unet != *text) out.missed.push_back(fmt::format("{}: one strength is kept, {} (that of the U-Net)", whole, strength));
    if (!parts.empty()) out.files.loras.push_back({model_file(parts[0]), strength});
  }
  prompt = std::string(trimmed(prompt));
}

}  // namespace

std::string webui_parameters(const PaintRequest& r, const DiffusionFiles& files, const Image& picture, const std::string& model_hash) {
  std::string out = r.prompt;
  for (const StrongFile& item : files.loras) out.append(fmt::format(" <lora:{}:{}>", item.file.stem().string(), item.strength));
  if (!r.negative.empty()) out.append("\nNegative prompt: ").append(r.negative);
  std::string model = files.model.stem().string();
  std::erase_if(model, [](char c) { return c == ',' || c == ':'; });
  out += fmt::format("\nSteps: {}, Sampler: {}, Schedule type: {}, CFG scale: {}, Seed: {}, Size: {}x{}", r.steps, sampler_in_webui(r.sampler),
                     schedule_in_webui(r.schedule), r.guidance, r.seed, picture.width, picture.height);
  if (!model_hash.empty()) out += fmt::format(", Model hash: {}", model_hash.substr(0, 10));
  out += fmt::format(", Model: {}", model);
  if (r.clip_skip > 0) out += fmt::format(", Clip skip: {}", r.clip_skip + 1);
  if (r.strength != 1) out += fmt::format(", Denoising strength: {}", r.strength);
  if (r.enlarge != 1) out += fmt::format(", Denoising strength: {}, Hires upscale: {}, Hires upscaler: Lanczos", r.enlarge_strength, r.enlarge);
  if (r.noise == "torch") out += ", RNG: CPU";
  return out.append(", Version: Ptah ").append(kEngineVersion);
}

namespace {

/// One of the settings; false if it is not understood.
bool take_setting(Recalled& out, const std::string& key, const std::string& value, std::string& schedule, float& denoising, bool& hires) {
  PaintRequest& r = out.request;
  if (key == "Steps") return read_number(value, r.steps);
  if (key == "Sampler") {
    std::string name = value;
    if (!sampler_called(NamedBy::webui, name))  // older ones name the schedule too
      for (const char* ending : {"Karras", "Exponential", "SGM Uniform", "Simple", "Normal", "Beta", "Align Your Steps"})
        if (name.ends_with(std::string(" ") + ending))
          schedule = schedule_called(NamedBy::webui, ending), name.resize(name.size() - std::string_view(ending).size() - 1);
    const char* found = sampler_called(NamedBy::webui, name);
    if (found) r.sampler = found;
    if (schedule.empty()) schedule = "normal";
    return found != nullptr;
  }
  if (key == "Schedule type") {
    const char* found = schedule_called(NamedBy::webui, value);
    if (found) schedule = found;
    return found || value == "Automatic";
  }
  if (key == "CFG scale") return read_number(value, r.guidance);
  if (key == "Seed") {
    take_seed(out, value);
    return true;
  }
  if (key == "Size") {
    const size_t x = value.find('x');
    return x != std::string::npos && read_number(std::string_view(value).substr(0, x), r.width) && read_number(std::string_view(value).substr(x + 1), r.height);
  }
  if (key == "Clip skip") {
    const bool good = read_number(value, r.clip_skip);
    r.clip_skip = std::max<int64_t>(r.clip_skip - 1, 0);
    return good;
  }
  if (key == "Denoising strength") return read_number(value, denoising);
  if (key == "Hires upscale") return hires = read_number(value, r.enlarge);
  if (key == "CFG Rescale phi" || key == "CFG rescale") return read_number(value, r.rescale);
  if (key == "Model") {
    out.files.model = model_file(value);
    return true;
  }
  if (key == "VAE") {
    if (value != "Automatic" && value != "None") out.files.autoencoder = value;
    return true;
  }
  if (key == "Tiling") return out.files.wraps = value == "True";
  if (key == "RNG") {
    if (value != "CPU") out.missed.push_back("noise of " + value + ": only the processor's can be made again here");
    return true;
  }
  return key == "Model hash" || key == "Version" || key == "Lora hashes" || key == "TI hashes" || key == "VAE hash" || key == "Hashes";
}

}  // namespace

Result<Recalled> recall_webui(const std::string& parameters) {
  if (parameters.size() > kMaxBytes)
    return fail(ErrorCode::unsupported, "the WebUI's parameters have {} bytes; up to {} are read", parameters.size(), kMaxBytes);
  Recalled out;
  out.by = "WebUI";
  PaintRequest& r = out.request;
  r.noise = "torch";
  std::string text = "\n" + as_utf8(parameters);
  std::erase(text, '\r');
  const size_t line = text.rfind("\nSteps: ");
  if (line == std::string::npos) return fail(ErrorCode::corrupt, "the WebUI's parameters have no line of settings");
  constexpr std::string_view kNegative = "\nNegative prompt:";
  const size_t negative = text.find(kNegative);
  r.prompt = trimmed(std::string_view(text).substr(0, std::min(negative, line)));
  if (negative < line) r.negative = trimmed(std::string_view(text).substr(negative + kNegative.size(), line - negative - kNegative.size()));
  float denoising = 0;
  bool hires = false;
  std::string schedule;
  const std::string_view settings = std::string_view(text).substr(line + 1);
  for (const auto& [key, value] : settings_of(settings.substr(0, settings.find('\n'))))
    if (!take_setting(out, key, value, schedule, denoising, hires)) out.missed.push_back(key + ": " + value);
  if (settings.find("RNG: ") == std::string_view::npos) out.missed.emplace_back("noise: the WebUI makes it on the graphics card unless told otherwise");
  if (!schedule.empty()) r.schedule = schedule;
  if (denoising > 0) (hires ? r.enlarge_strength : r.strength) = denoising;
  if (denoising > 0 && !hires) out.missed.emplace_back("the picture it started from (`from`)");
  take_networks(out, r.prompt, false);
  take_networks(out, r.negative, true);
  for (std::string* prompt : {&r.prompt, &r.negative}) *prompt = without_composition(without_editing(*prompt, out.missed), out.missed);
  return out;
}

}  // namespace ptah
