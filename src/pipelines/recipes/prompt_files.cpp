#include "pipelines/recipes/prompt_files.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "text/prompt/prompt_syntax.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

std::vector<fs::path> folders_of(const DiffusionFiles& files, const fs::path& folder) {
  if (!folder.empty()) return {folder};
  std::error_code ignored;
  const fs::path model = files.model.has_filename() ? files.model : files.model.parent_path();
  fs::path beside = model.parent_path();
  if (beside.empty()) beside = ".";
  std::vector<fs::path> out;
  if (fs::is_directory(model, ignored)) out = {model, model / "Lora", model / "loras"};
  for (const fs::path& place : {beside, beside / "Lora", beside / "loras", beside / ".." / "Lora", beside / ".." / "loras"}) out.push_back(place);
  return out;
}

Result<fs::path> lora_file(const std::string& tag, const std::string& name, const std::vector<fs::path>& folders) {
  const fs::path relative = name;
  bool leaves = name.empty() || relative.is_absolute();
  for (const fs::path& part : relative) leaves = leaves || part == "..";
  if (leaves) return fail(ErrorCode::invalid_argument, "'{}': the name of a file in the folder of LoRAs is expected", printable(tag, 120));
  std::error_code ignored;
  for (const fs::path& folder : folders)
    for (const char* ending : {".safetensors", ".pt", ".ckpt", ".bin", ""}) {
      const fs::path file = folder / (name + ending);
      const std::string last = lower_case(file.extension().string());
      const bool weights = last == ".safetensors" || last == ".pt" || last == ".ckpt" || last == ".bin";
      if (weights && fs::is_regular_file(file, ignored)) return file.lexically_normal();
    }
  std::string places;
  for (const fs::path& folder : folders)
    if (fs::is_directory(folder, ignored)) places += (places.empty() ? "" : ", ") + folder.lexically_normal().string();
  return fail(ErrorCode::not_found, "'{}': no {}.safetensors in {}; say where LoRAs lie (`lora_folder`), or give the file as one of `loras`",
              printable(tag, 120), printable(name, 120), places.empty() ? folders.front().string() : places);
}

/// The one strength of a tag.
Result<float> strength_of(const PromptTag& tag) {
  std::vector<float> found;
  for (size_t i = 1; i < tag.arguments.size(); ++i) {
    std::string_view text = trimmed(tag.arguments[i]);
    for (const std::string_view name : {"te=", "unet="})
      if (text.starts_with(name)) text.remove_prefix(name.size());
    float value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || end != text.data() + text.size() || text.empty() || !(value >= -100 && value <= 100))
      return fail(ErrorCode::invalid_argument, "'{}': '{}' is no strength; write e.g. <lora:name:0.8>", printable(tag.text, 120),
                  printable(tag.arguments[i], 60));
    found.push_back(value);
  }
  if (std::any_of(found.begin(), found.end(), [&](float one) { return one != found[0]; }))
    return fail(ErrorCode::invalid_argument, "'{}': one strength for text encoder and U-Net is possible; they differ", printable(tag.text, 120));
  return found.empty() ? 1.0F : found[0];
}

}  // namespace

Result<void> take_prompt_files(PaintRequest& request, DiffusionFiles& files, const fs::path& folder) {
  std::string prompt = request.prompt;
  std::vector<StrongFile> loras;
  for (const PromptTag& tag : take_tags(prompt)) {
    const std::string kind = lower_case(tag.kind);
    if (kind != "lora" && kind != "lyco" && kind != "locon")
      return fail(ErrorCode::invalid_argument, "the prompt: '{}' asks for something that is not computed here; known: <lora:name:strength>",
                  printable(tag.text, 120));
    PTAH_TRY(const float strength, strength_of(tag));
    PTAH_TRY(fs::path file, lora_file(tag.text, std::string(trimmed(tag.arguments[0])), folders_of(files, folder)));
    loras.push_back({std::move(file), strength});
  }
  request.prompt = std::move(prompt);
  files.loras.insert(files.loras.end(), loras.begin(), loras.end());
  return {};
}

}  // namespace ptah
