// Files that a prompt asks for by name: <lora:name:0.8>.
#pragma once

#include <filesystem>

#include "pipelines/diffusion_model.h"

namespace ptah {

/// Takes <lora:name>, <lora:name:strength> and <lora:name:text:picture> (equal strengths only; also lyco and locon) out of request.prompt and adds the files to
/// files.loras. A name is a file without its ending (.safetensors, .pt, .ckpt, .bin) in `folder`; without one (empty) beside the model, or in a folder Lora or
/// loras there or one higher. Errors: invalid_argument (another kind of tag, a strength that is no number, a name that leaves the folder), not_found, naming
/// the tag and where it was looked for.
Result<void> take_prompt_files(PaintRequest& request, DiffusionFiles& files, const std::filesystem::path& folder = {});

}  // namespace ptah
