#include "create/recall.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "base/text.h"
#include "create/painting.h"
#include "create/recall_parts.h"
#include "create/text_work.h"
#include "create/recall_works.h"
#include "create/work.h"
#include "media/exif.h"
#include "media/png_chunks.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// " --option value"
std::string option_with(const std::string& option, std::string_view value, bool is_file = false) {
  return fmt::format(" {}{}{}", option, !is_file && value.starts_with('-') ? "=" : " ", shell_quoted(value, is_file));
}

std::string paint_command(const Recalled& recalled) {
  const PaintRequest& r = recalled.request;
  const PaintRequest usual;
  std::string out = "ptah paint";
  const auto add = [&](const std::string& option, const std::string& value) { out += option_with(option, value); };
  const auto add_file = [&](const std::string& option, const std::string& value) { out += option_with(option, value, true); };
  add_file("--model", recalled.files.model.empty() ? "MODEL.safetensors" : recalled.files.model.string());
  if (!recalled.files.unet.empty()) add_file("--unet", recalled.files.unet.string());
  if (!recalled.files.autoencoder.empty()) add_file("--vae", recalled.files.autoencoder.string());
  if (!recalled.files.refiner.empty()) add_file("--refiner", recalled.files.refiner.string());
  if (!recalled.files.t5.empty()) add_file("--t5", recalled.files.t5.string());
  if (!recalled.files.t5_words.empty()) add_file("--t5-words", recalled.files.t5_words.string());
  for (const StrongFile& item : recalled.files.loras) add_file("--lora", fmt::format("{}:{}", item.file.string(), item.strength));
  for (const fs::path& file : recalled.files.embeddings) add_file("--embedding", file.string());
  for (const StrongFile& item : recalled.files.controls) add_file("--control", fmt::format("{}:{}", item.file.string(), item.strength));
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
  if (!r.prediction.empty() && r.prediction != "noise") add("--prediction", r.prediction);
  if (r.as_diffusers) out += " --as-diffusers";
  if (r.noise != usual.noise) add("--noise", r.noise);
  if (r.strength != usual.strength) add("--strength", fmt::format("{}", r.strength));
  if (r.enlarge != usual.enlarge) {
    add("--enlarge", fmt::format("{}", r.enlarge));
    add("--enlarge-strength", fmt::format("{}", r.enlarge_strength));
  }
  if (r.tile) add("--tile", std::to_string(r.tile));
  out += " --";
  out.append(" ").append(shell_quoted(r.prompt));
  return out;
}

/// The nearest edge that paint takes.
int64_t paintable(int64_t edge, int64_t step) { return std::clamp<int64_t>((edge + step / 2) / step * step, 64, kMostPaintedEdge); }

bool has_controls(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t' && c != '\r') || c == 0x7F; });
}

}  // namespace

Recalled acceptable(Recalled recalled) {
  PaintRequest& r = recalled.request;
  const PaintRequest usual;
  const auto say = [&](std::string text) { recalled.missed.push_back(std::move(text)); };
  const std::string model = lower_case(recalled.files.model.filename().string() + recalled.files.unet.filename().string());
  const bool flows = r.schedule == "flow" || model.find("sd3") != std::string::npos || model.find("stable-diffusion-3") != std::string::npos;
  if (flows && !r.schedule.empty() && r.schedule != "flow") {
    say("schedule " + r.schedule + ": Stable Diffusion 3 has its own, flow");
    r.schedule = "flow";
  }
  if (flows && !r.sampler.empty() && r.sampler != "euler" && r.sampler != "heun" && r.sampler != "dpm2" && r.sampler != "ddim") {
    say("sampler " + r.sampler + ": Stable Diffusion 3 is painted with euler here");
    r.sampler = "euler";
  }
  const int64_t step = flows ? kFlowEdgeStep : kPaintedEdgeStep;
  if (const int64_t w = r.width, h = r.height; w != 0 || h != 0) {
    r.width = w > 0 ? paintable(w, step) : 0;
    r.height = h > 0 ? paintable(h, step) : 0;
    if (w != r.width || h != r.height) say(fmt::format("size {}x{}: {}x{} is the nearest that paint takes (multiples of {})", w, h, r.width, r.height, step));
  }
  const auto within = [&](const char* name, auto& value, auto low, auto high, auto otherwise) {
    using T = std::remove_reference_t<decltype(value)>;
    const T was = value;
    if (!(value >= static_cast<T>(low) && value <= static_cast<T>(high)))
      value = value > static_cast<T>(high) ? static_cast<T>(high) : value < static_cast<T>(low) ? static_cast<T>(otherwise) : static_cast<T>(low);
    if (was != value || std::isnan(static_cast<double>(was))) say(fmt::format("{} {}: {} is the nearest that paint takes", name, was, value));
  };
  within("steps", r.steps, 1, 1000, 1);
  within("guidance", r.guidance, 0, 100, 0);
  within("rescale", r.rescale, 0, 1, 0);
  within("clip skip", r.clip_skip, 0, 12, 0);
  within("refiner from", r.refine_from, 0, 1, 0);
  within("enlarge", r.enlarge, 1, 4, 1);
  within("strength", r.strength, 0.001, 1, 1);
  within("strength of the second pass", r.enlarge_strength, 0.001, 1, 0.001);
  constexpr size_t kMaxPromptBytes = 50000;
  for (std::string* text : {&r.prompt, &r.negative}) {
    const char* const name = text == &r.prompt ? "the prompt" : "the negative prompt";
    if (has_controls(*text)) say(std::string("control characters in ") + name + "; left out");
    if (text->size() > kMaxPromptBytes) {
      say(fmt::format("{} of {} bytes: its first {} are kept", name, text->size(), kMaxPromptBytes));
      *text = beginning(*text, kMaxPromptBytes);
    }
  }
  if (r.prompt.find_first_not_of(" \n\t\r") == std::string::npos) say("the prompt is empty");
  if (const auto good = check(r); !good) say(good.error().message);
  return recalled;
}

Result<Recalled> recall_text(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \n\t\r");
  if (begin == std::string::npos) return fail(ErrorCode::not_found, "no settings in an empty text");
  if (text[begin] != '{') {
    if (("\n" + text).find("\nSteps: ") != std::string::npos) return recall_webui(text);
    if (text[begin] == '"' && text.find("\" -") != std::string::npos) return recall_invokeai(text);
    return fail(ErrorCode::not_found, "no settings in this text");
  }
  PTAH_TRY(const Json json, strangers_json(text));
  const auto has = [&](const char* key) { return json.contains(key); };
  if (has("sui_image_params")) return recall_swarmui(text);
  if (has("metadata_scheme") || (has("base_model") && has("guidance_scale"))) return recall_fooocus(text);
  if (has("positive_prompt") || has("generation_mode") || (has("model_weights") && has("image"))) return recall_invokeai(text);
  if (has("uc") || has("v4_prompt") || has("request_type")) return recall_novelai(text);
  const bool graph = std::any_of(json.begin(), json.end(), [](const Json& node) { return node.is_object() && node.contains("class_type"); });
  if (graph) return recall_comfy(text);
  if (has("prompt") && json["prompt"].is_object()) return recall_comfy(json["prompt"].dump());
  if (has("nodes") && has("links")) return fail(ErrorCode::unsupported, "ComfyUI's workflow as it is drawn, without the graph that was run ('prompt')");
  return fail(ErrorCode::not_found, "no settings in this text");
}

namespace {

/// The texts of a file in which settings are looked for, likeliest first; what cannot be read of one is an error in its place.
std::vector<Result<std::string>> texts_of(std::span<const uint8_t> file) {
  std::vector<Result<std::string>> out;
  if (is_png(file))
    for (const char* keyword : {"parameters", "prompt", "invokeai_metadata", "sd-metadata", "Dream", "Comment", "comment", "UserComment", "Description",
                                "workflow", "generation_data"}) {
      auto text = png_text(file, keyword);
      if (text || text.error().code != ErrorCode::not_found) out.push_back(std::move(text));
    }
  if (auto exif = exif_texts(file)) {
    if (!exif->comment.empty()) out.emplace_back(std::move(exif->comment));
    for (std::string& text : exif->others) {
      for (const char* before : {"prompt:", "Prompt:", "parameters:"})  // ComfyUI names what it writes
        if (text.starts_with(before)) text.erase(0, std::string_view(before).size());
      out.emplace_back(std::move(text));
    }
  } else if (exif.error().code != ErrorCode::not_found) {
    out.push_back(tl::unexpected(exif.error()));
  }
  // XMP: whatever stands between tags or in attributes.
  std::string xmp = xmp_packet(file);
  for (const auto& [from, to] : {std::pair{"&#xA;", "\n"}, {"&#10;", "\n"}, {"&quot;", "\""}, {"&apos;", "'"}})
    if (!xmp.empty()) replace_all(xmp, from, to);
  size_t parts = 0;
  for (size_t at = xmp.find('>'); at != std::string::npos && parts < 1000; at = xmp.find('>', at + 1)) {
    const size_t end = std::min(xmp.find('<', at), xmp.size());
    std::string part(trimmed(std::string_view(xmp).substr(at + 1, end - at - 1)));
    for (const auto& [from, to] : {std::pair{"&lt;", "<"}, {"&gt;", ">"}, {"&amp;", "&"}}) replace_all(part, from, to);
    if (part.size() > 20) out.emplace_back(std::move(part));
    ++parts;
  }
  return out;
}

std::string said(const Recalled& recalled) {
  std::string out = fmt::format("# painted by {}\n", recalled.by);
  std::string last;
  for (const std::string& note : recalled.missed) {
    if (note == last) continue;
    out.append("# not told: ").append(printable(note, 400)).append("\n");
    last = note;
  }
  return out.append(paint_command(recalled)).append("\n");
}

Result<std::string> recall_receipt(const Json& receipt, const fs::path& file) {
  const Json request = receipt.value("request", Json::object());
  if (is_painting_receipt(receipt)) {
    Recalled recalled;
    recalled.by = "Ptah";
    PTAH_TRY(recalled.request, paint_request(request));
    PTAH_TRY(recalled.files, diffusion_files(request.value("files", Json::object())));
    if (receipt.contains("sources")) recalled.missed.emplace_back("the pictures it started from (--from, --mask, --control FILE:STRENGTH:PICTURE)");
    return said(recalled);
  }
  return work_command(receipt, file);
}

}  // namespace

Result<std::string> recall(const fs::path& file) {
  const auto receipt = read_receipt(file);
  if (receipt) return guard([&] { return recall_receipt(*receipt, file); });
  std::error_code problem;
  if (fs::is_directory(file, problem) || receipt.error().code == ErrorCode::permission || receipt.error().code == ErrorCode::io)
    return tl::unexpected(receipt.error());
  PTAH_TRY(const Bytes bytes, read_file(file));
  std::optional<Error> first;
  if (receipt.error().code != ErrorCode::not_found && receipt.error().code != ErrorCode::unsupported) first = receipt.error();
  for (const auto& text : texts_of(bytes)) {
    const auto found = guard([&]() -> Result<Recalled> {
      if (!text) return tl::unexpected(text.error());
      return recall_text(*text);
    });
    if (found) return said(acceptable(*found));
    if (found.error().code != ErrorCode::not_found && !first) first = Error{found.error().code, file.string() + ": " + found.error().message};
  }
  if (first) return tl::unexpected(*first);
  return fail(ErrorCode::not_found, "{}: neither a receipt of Ptah nor settings of the WebUI, ComfyUI, Fooocus, InvokeAI, SwarmUI or NovelAI in it",
              file.string());
}

}  // namespace ptah
