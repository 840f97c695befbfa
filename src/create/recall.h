// What a picture says about how it was made, as the command that makes it again: Ptah's receipts, and what the WebUI and ComfyUI write into PNGs.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "create/diffusion_model.h"

namespace ptah {

/// A request and files as the WebUI writes them into a PNG ("parameters"): prompts, then one line of settings. `model_hash`: SHA-256 of the checkpoint, hex.
std::string webui_parameters(const PaintRequest& request, const DiffusionFiles& files, const Picture& picture, const std::string& model_hash);

/// A painting's request and the names of its files, as far as they are told; other programs name files without their folders.
struct Recalled {
  PaintRequest request;
  DiffusionFiles files;
  std::string by;                   ///< Ptah, WebUI or ComfyUI
  std::vector<std::string> missed;  ///< what was there and is not understood, or cannot be said in a command
};
/// From the text that the WebUI writes. Errors: corrupt.
Result<Recalled> recall_webui(const std::string& parameters);
/// From the graph that ComfyUI writes ("prompt"): its first sampler and what leads there. Errors: corrupt, unsupported (no sampler in it).
Result<Recalled> recall_comfy(const std::string& graph);

/// The command line of a picture (receipts and settings in PNG; settings in the Exif part of JPEG and WebP), with what was missed as comments (# …) above it.
/// Errors: not_found (the picture says nothing), corrupt, unsupported.
Result<std::string> recall(const std::filesystem::path& file);

}  // namespace ptah
