// What a picture says about how it was made, as the command that makes it again: Ptah's receipts, and what other programs write into their files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pipelines/painting.h"

namespace ptah {

/// A request and files as the WebUI writes them into a PNG ("parameters"): prompts, then one line of settings. `model_hash`: SHA-256 of the checkpoint, hex.
std::string webui_parameters(const PaintRequest& request, const DiffusionFiles& files, const Image& picture, const std::string& model_hash);

/// What was asked for, as far as it is told; other programs name files without their folders.
struct Recalled : PaintTask {
  std::string by;                   ///< the program, e.g. WebUI or ComfyUI
  std::vector<std::string> missed;  ///< what was there and is not understood, or cannot be said in a command
};
/// From the text that the WebUI (and its relatives: Forge, SD.Next, Civitai) writes. Errors: corrupt.
Result<Recalled> recall_webui(const std::string& parameters);
/// From the graph that ComfyUI writes ("prompt"): what leads to the node that saves the picture. With several samplers the first one's settings count; one that
/// enlarges its picture becomes enlarge, one with another checkpoint the refiner; what differs is in `missed`. Errors: corrupt, unsupported (no sampler in it).
Result<Recalled> recall_comfy(const std::string& graph);
/// From the JSON texts of Fooocus ("parameters"), InvokeAI ("invokeai_metadata", "sd-metadata"), SwarmUI ("parameters") and NovelAI ("Comment").
/// Errors: corrupt.
Result<Recalled> recall_fooocus(const std::string& text);
Result<Recalled> recall_invokeai(const std::string& text);
Result<Recalled> recall_swarmui(const std::string& text);
Result<Recalled> recall_novelai(const std::string& text);
/// By what the text looks like. Errors: not_found if it is none of these, corrupt.
Result<Recalled> recall_text(const std::string& text);

/// The request as `ptah paint` takes it: sizes rounded, numbers brought into their ranges, syntax of other programs taken out; `missed` says so.
Recalled acceptable(Recalled recalled);

/// The command line of a picture (receipts; settings in texts of PNG, in Exif and XMP of PNG, JPEG and WebP), with what was missed as comments (# …) above it.
/// Errors: not_found (the picture says nothing), corrupt, unsupported.
Result<std::string> recall(const std::filesystem::path& file);

}  // namespace ptah
