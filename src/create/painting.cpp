#include "create/painting.h"

#include "base/sha256.h"
#include "weights/pull.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {
constexpr const char* kKind = "painting";
}

Result<fs::path> clip_words() {
  PTAH_TRY(const fs::path folder, pulled_models_folder());
  const fs::path file = folder / "clip-words" / "bpe_simple_vocab_16e6.txt.gz";
  if (std::error_code problem; !fs::exists(file, problem))
    return fail(ErrorCode::not_found, "CLIP's words are not here yet; fetch them with: ptah pull clip-words");
  return file;
}

Result<Json> checkpoint_digests(const fs::path& path) {
  std::vector<fs::path> files;
  std::error_code problem;
  if (fs::is_directory(path, problem)) {
    for (const auto& item : fs::recursive_directory_iterator(path, problem))
      if (item.is_regular_file(problem) && item.path().extension() == ".safetensors") files.push_back(item.path());
  } else {
    files.push_back(path);
  }
  if (files.empty()) return fail(ErrorCode::not_found, "{}: no checkpoint there", path.string());
  Json out = Json::object();
  for (const fs::path& file : files) {
    PTAH_TRY(const auto mapped, MappedFile::open(file));
    const std::string name = file == path ? file.filename().string() : fs::relative(file, path, problem).generic_string();
    out[name] = "sha256:" + sha256_hex(mapped->bytes());
  }
  return out;
}

Result<Work> painting(const PaintRequest& request, const fs::path& path, const Json& digests, const Picture& picture) {
  Json asked = to_json(request);
  asked["model"] = path.string();
  Json core = begun_receipt(kKind, std::move(asked));
  core["models"] = digests;
  Work work;
  PTAH_TRY(work.files["picture.png"], receipted_png(picture, core, false));
  PTAH_TRY_VOID(seal(work, core));
  return work;
}

bool is_painting_receipt(const Json& receipt) { return receipt.value("kind", Json()) == Json(kKind); }

Result<Work> replay_painting(const Json& receipt, const ProgressCallback& progress, const CancelToken* cancel) {
  return guard([&]() -> Result<Work> {
    PTAH_TRY(const PaintRequest request, paint_request(receipt.at("request")));
    const fs::path path = receipt.at("request").at("model").get<std::string>();
    PTAH_TRY(const Json digests, checkpoint_digests(path));
    if (digests != receipt.value("models", Json())) return fail(ErrorCode::mismatch, "{}: not the checkpoint that the picture was painted with", path.string());
    PTAH_TRY(const fs::path words, clip_words());
    PTAH_TRY(const auto model, DiffusionModel::load(path, words));
    PTAH_TRY(const Picture picture, model->paint(request, progress, cancel));
    return painting(request, path, digests, picture);
  });
}

}  // namespace ptah
