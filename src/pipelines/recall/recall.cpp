#include "pipelines/recall/recall.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "base/text.h"
#include "pipelines/painting.h"
#include "pipelines/recall/recall_parts.h"
#include "pipelines/text_work.h"
#include "pipelines/recall/recall_works.h"
#include "pipelines/create.h"
#include "media/exif.h"
#include "media/png_chunks.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

std::string paint_command(const Recalled& recalled) {
  PaintTask task = recalled;
  if (task.files.model.empty()) task.files.model = "MODEL.safetensors";
  if (task.finish.cut.empty() && !task.finish.formats.any_object()) task.finish.cut_by = PaintTask{}.finish.cut_by;  // nothing was cut
  return paint_schema().command_of(task);
}

/// The nearest edge that paint takes.
int64_t paintable(int64_t edge, int64_t step) { return std::clamp<int64_t>((edge + step / 2) / step * step, 64, kMaxPaintedEdge); }

/// A prompt whose syntax paint refuses, with nothing in it that is syntax.
std::string as_words(std::string text) {
  for (const auto& [from, to] : {std::pair{"\\", ""},
                                 {"<", ""},
                                 {">", ""},
                                 {"{", ""},
                                 {"}", ""},
                                 {"|", ","},
                                 {"embedding:", "embedding "},
                                 {"ADDCOL", "addcol"},
                                 {"ADDROW", "addrow"},
                                 {"ADDCOMM", "addcomm"},
                                 {"ADDBASE", "addbase"},
                                 {"(", "\\("},
                                 {")", "\\)"},
                                 {"[", "\\["},
                                 {"]", "\\]"}})
    replace_all(text, from, to);
  while (text.find("__") != std::string::npos) replace_all(text, "__", "_");
  return text;
}

bool is_control(char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t' && c != '\r') || c == 0x7F; }
bool has_controls(const std::string& text) { return std::any_of(text.begin(), text.end(), is_control); }

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
    if (has_controls(*text)) {
      say(std::string("control characters in ") + name + "; left out");
      std::erase_if(*text, is_control);
    }
    if (text->size() > kMaxPromptBytes) {
      say(fmt::format("{} of {} bytes: its first {} are kept", name, text->size(), kMaxPromptBytes));
      *text = beginning(*text, kMaxPromptBytes);
    }
  }
  for (std::string* text : {&r.prompt, &r.negative}) {
    PaintRequest alone;
    (text == &r.prompt ? alone.prompt : alone.negative) = *text;
    const auto good = check(alone);
    if (good) continue;
    say(good.error().message + "; it is kept as words");
    *text = as_words(*text);
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

/// The texts of a file in which settings are looked for, most likely first; what cannot be read of one is an error in its place.
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
    out.append("# not told: ").append(printable(paint_schema().in_options(note), 400)).append("\n");
    last = note;
  }
  return out.append(paint_command(recalled)).append("\n");
}

void note_missing_sources(const PaintTask& task, std::vector<std::string>& notes) {
  std::error_code problem;
  std::vector<fs::path> files = task.control_pictures;
  for (const fs::path& file : {task.from, task.mask})
    if (!file.empty()) files.push_back(file);
  for (const fs::path& file : files)
    if (!fs::exists(file, problem)) notes.push_back(fmt::format("{}, a picture it started from, which is not here", file.filename().string()));
}

Result<std::string> recall_receipt(const Json& receipt, const fs::path& file) {
  if (is_painting_receipt(receipt)) {
    Recalled recalled;
    recalled.by = "Ptah";
    PTAH_TRY(static_cast<PaintTask&>(recalled), painting_task(receipt, folder_of_work(file)));
    if (recalled.mask.empty()) recalled.request.mask_rule = PaintRequest().mask_rule;  // there is nothing that it could rule
    note_missing_sources(recalled, recalled.missed);
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
