#include "train/language/saved_model.h"

#include "base/file.h"
#include "tensor/ops.h"
#include "text/lm/language_families.h"
#include "weights/safetensors.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

Result<void> save_as_gguf(const fs::path& file, const fs::path& source, const std::map<std::string, Tensor>& weights, DType type) {
  PTAH_TRY(const GgufFile before, read_gguf(source));
  GgufMaker maker(type == DType::bf16 ? BlockType::bf16 : type == DType::f16 ? BlockType::f16 : BlockType::f32);
  for (const auto& [name, tensor] : before.tensors) {
    const auto now = weights.find(name);
    PTAH_TRY_VOID(maker.add(name, tensor.shape, now == weights.end() ? tensor.matrix : now->second.detach().block_matrix()));
  }
  PTAH_TRY_VOID(maker.write(file, before.metadata));
  return {};
}

Result<void> save_as_folder(const fs::path& file, const std::string& family, const std::map<std::string, Tensor>& weights, DType type) {
  const NoGrad off;
  TensorFile out;
  for (const auto& [name, tensor] : weights) {
    const std::string theirs = hugging_face_name(name, family);
    if (theirs.empty()) return fail(ErrorCode::internal, "'{}' has no name in Hugging Face's layout", name);
    Tensor held = tensor.detach();
    if (is_transposed(name, family) && held.rank() == 2) held = permute(held, {1, 0});
    if (family_by_name(family)->norms_less_one && name.find("norm.weight") != std::string::npos) held = affine(cast(held, DType::f32), 1, -1);
    out.tensors.emplace(theirs, cast(held, type));
  }
  out.metadata["format"] = "pt";  // without it transformers does not read the file
  return write_safetensors(file, out);
}

}  // namespace

Result<void> save_language_model(const fs::path& folder, const LanguageStart& start, const std::map<std::string, Tensor>& weights, DType type) {
  PTAH_TRY_VOID(make_folders(folder));
  std::error_code problem;
  if (!start.file.empty() && !fs::is_directory(start.file, problem)) return save_as_gguf(folder / "model.gguf", start.file, weights, type);
  if (start.file.empty()) {
    PTAH_TRY_VOID(write_file(folder / "config.json", start.config.dump(2) + "\n"));
    PTAH_TRY_VOID(write_file(folder / "tokenizer.json", start.tokenizer.dump(1) + "\n"));
  } else {
    for (const char* name : {"config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json"}) {
      if (!fs::exists(start.file / name, problem)) continue;
      PTAH_TRY(const Bytes bytes, read_file(start.file / name));
      PTAH_TRY_VOID(write_file(folder / name, std::span<const uint8_t>(bytes)));
    }
  }
  return save_as_folder(folder / "model.safetensors", start.shape.family, weights, type);
}

}  // namespace ptah
