#include "models/registry.h"

#include <algorithm>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "models/hub.h"
#include "models/pull.h"

namespace ptah {

namespace fs = std::filesystem;

Result<fs::path> models_folder() {
  const auto candidates = shipped_folders("PTAH_MODELS", "models", "share/ptah/models");
  for (const fs::path& candidate : candidates)
    if (fs::exists(candidate / "index.json")) return candidate;
  return fail(ErrorCode::not_found, "no models found (looked for index.json in {}); set PTAH_MODELS to the folder", candidates.front().string());
}

Result<fs::path> pulled_models_folder() {
  if (const fs::path cache = user_cache_folder(); !cache.empty()) return cache / "models";
  return fail(ErrorCode::not_found, "no home folder to keep models in; set PTAH_CACHE to a folder");
}

Result<std::vector<Model>> shipped_models(const fs::path& folder) {
  PTAH_TRY(const std::string text, read_text(folder / "index.json", 1 << 20));
  PTAH_TRY(const Json index, parse_json(text));
  std::vector<Model> out;
  try {
    for (const Json& item : index.at("models")) {
      Model model{.kind = Model::Kind::shipped, .name = item.at("name").get<std::string>(), .purpose = item.at("summary").get<std::string>()};
      model.licence = item.at("licence").get<std::string>();
      model.bytes = item.at("bytes").get<int64_t>();
      if (item.contains("files")) {  // a folder
        model.place = folder / item.at("folder").get<std::string>();
        for (const auto& [file, digest] : item.at("files").items()) model.files.emplace_back(file, digest.get<std::string>());
      } else {
        const auto file = item.at("file").get<std::string>();
        model.place = folder / file;
        model.files.emplace_back(file, item.at("sha256").get<std::string>());
      }
      out.push_back(std::move(model));
    }
  } catch (const Json::exception& problem) {
    return fail(ErrorCode::corrupt, "{}: {}", (folder / "index.json").string(), problem.what());
  }
  return out;
}

Result<Model> shipped_model(const fs::path& folder, const std::string& name) {
  PTAH_TRY(auto models, shipped_models(folder));
  for (Model& model : models)
    if (model.name == name) return std::move(model);
  return fail(ErrorCode::not_found, "{} lists no model '{}'", (folder / "index.json").string(), name);
}

namespace {

const PullableModel* pullable(const std::string& name) {
  for (const PullableModel& model : pullable_models())
    if (model.name == name_today(name)) return &model;
  return nullptr;
}

}  // namespace

Result<std::vector<Model>> known_models(const fs::path& shipped, const fs::path& pulled) {
  std::vector<Model> out;
  if (!shipped.empty()) {
    PTAH_TRY(out, shipped_models(shipped));
  }
  std::vector<std::string> here;
  if (!pulled.empty()) {
    PTAH_TRY(auto models, pulled_models(pulled));
    for (PulledModel& found : models) {
      const PullableModel* named = pullable(found.name);
      here.push_back(found.name);
      out.push_back({.kind = Model::Kind::pulled,
                     .name = found.name,
                     .purpose = named ? named->summary : "",
                     .licence = std::move(found.licence),
                     .source = std::move(found.source),
                     .terms = named ? named->terms : "",
                     .place = pulled / found.name,
                     .bytes = found.bytes,
                     .files = std::move(found.files)});
    }
  }
  for (const PullableModel& model : pullable_models()) {
    const bool comes_along = std::any_of(out.begin(), out.end(), [&](const Model& m) { return m.kind == Model::Kind::shipped && m.name == model.name; });
    if (comes_along || std::find(here.begin(), here.end(), model.name) != here.end()) continue;
    Model online{.kind = Model::Kind::online, .name = model.name, .purpose = model.summary, .licence = model.licence};
    online.source = fmt::format("{}", fmt::join(model.packages, " "));
    online.terms = model.terms;
    for (const PulledFile& file : model.files) online.files.emplace_back(file.path, file.sha256);
    out.push_back(std::move(online));
  }
  return out;
}

namespace {

bool holds_model(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_regular_file(path, ignored)) return lower_case(path.extension().string()) == ".gguf";
  for (const char* name : {"config.json", "voices.bin", "classifier.json", "shapes.gz", "face_landmark_68_model.bin"})
    if (fs::exists(path / name, ignored)) return true;
  for (const auto& item : fs::directory_iterator(path, ignored))
    if (lower_case(item.path().extension().string()) == ".gguf") return true;
  return false;
}

}  // namespace

Result<fs::path> find_model(const std::string& name_or_path) {
  if (name_or_path == kAnyChatModelName) {
    for (const char* name : kChatModelNames)
      if (auto found = find_model(name)) return found;
    return fail(ErrorCode::not_found, "no chat model is here yet; fetch one with: ptah pull {} (491 MB), or the small English one: ptah pull smollm2 (98 MB)",
                kAnyChatModelName);
  }
  if (holds_model(name_or_path)) return fs::path(name_or_path);
  const auto pulled = pulled_models_folder();
  const fs::path folder = pulled ? *pulled : fs::path();
  if (pulled && !name_or_path.empty() && name_or_path.find('/') == std::string::npos && holds_model(folder / name_or_path)) return folder / name_or_path;
  if (const auto shipped = models_folder())
    if (const auto model = shipped_model(*shipped, name_or_path); model && holds_model(model->place)) return model->place;
  if (pullable(name_or_path)) return fail(ErrorCode::not_found, "the model '{}' is not here yet; fetch it with: ptah pull {}", name_or_path, name_or_path);
  std::vector<std::string> names;
  for (const PullableModel& model : pullable_models()) names.push_back(model.name);
  const std::string meant = did_you_mean(name_or_path, names);
  return fail(ErrorCode::not_found, "no model in '{}' (looked for config.json or a GGUF file there{}){}", name_or_path,
              pulled ? " and below " + folder.string() : "", meant.empty() ? "" : fmt::format("; did you mean {}?", meant));
}

}  // namespace ptah
