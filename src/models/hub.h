// Models from Hugging Face's hub or any web address, and what is kept of them.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/progress.h"

namespace ptah {

struct HubOptions {
  std::string endpoint = "https://huggingface.co";  ///< $HF_ENDPOINT in the command
  std::string token = {};                           ///< for models that ask who fetches them; $HF_TOKEN in the command
  std::string sha256 = {};                          ///< of the file, if one file is fetched
  std::function<void(const std::string& file, int64_t done, int64_t total)> progress = {};
  const CancelToken* cancel = nullptr;
  double wait_seconds = 1, stall_seconds = 30;  ///< as in DownloadOptions
};

/// Fetches a model into a folder of its own below `folder`, which appears whole or not at all; what was fetched before a cut is kept and gone on from.
/// `source` is "hf:OWNER/REPO" (the only GGUF file there, or config.json, the tokenizer's files and model.safetensors with its parts),
/// "hf:OWNER/REPO/FILE" (a GGUF file, split ones with all parts) or the http or https URL of a GGUF file. Names that the server gives are never taken for
/// paths. Returns the model's folder: OWNER--REPO, OWNER--REPO--FILE or the file's name, without what makes it a file name.
/// Errors: invalid_argument (no such source; several GGUF files, naming them; another model of this name is there; somebody else is fetching it), unsupported
/// (nothing there that could be loaded), and those of download().
Result<std::filesystem::path> pull_from_web(const std::string& source, const std::filesystem::path& folder, const HubOptions& options);

/// A model that was pulled, from wherever.
struct PulledModel {
  std::string name, licence, source;
  int64_t bytes = 0;
  std::vector<std::pair<std::string, std::string>> files;  ///< name, SHA-256 (of the pinned ones: as published)
};
/// What lies below `folder`, by name.
Result<std::vector<PulledModel>> pulled_models(const std::filesystem::path& folder);
/// Removes a pulled model, or what is left of a pull that was cut. Errors: not_found, naming the nearest.
Result<void> remove_pulled(const std::string& name, const std::filesystem::path& folder);

}  // namespace ptah
