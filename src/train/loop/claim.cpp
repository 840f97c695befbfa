#include "train/loop/claim.h"

#include "base/file.h"

namespace ptah {

Result<void> claim_training_folder(const std::filesystem::path& folder, Json made_of) {
  for (const char* key : {"stop_at", "checkpoint_seconds", "sample_seconds", "log_every", "eval_every", "eval_tokens", "out"}) made_of.erase(key);
  const auto file = folder / "training.json";
  std::error_code problem;
  if (std::filesystem::exists(folder / "checkpoint.safetensors", problem)) {
    Json before;
    if (std::filesystem::exists(file, problem)) {
      PTAH_TRY(const std::string text, read_text(file, 1 << 20));
      PTAH_TRY(before, parse_json(text));
    }
    if (before != made_of) {
      const Json difference = before.is_object() ? Json::diff(before, made_of) : Json();
      const std::string key = difference.empty() ? "config" : difference[0]["path"].get<std::string>().substr(1);
      return fail(ErrorCode::invalid_argument, "config: {} holds a training with another '{}'; it is not written over. Choose another 'out'", folder.string(),
                  key);
    }
  }
  PTAH_TRY_VOID(make_folders(folder));
  return write_file(file, made_of.dump(2) + "\n");
}

}  // namespace ptah
